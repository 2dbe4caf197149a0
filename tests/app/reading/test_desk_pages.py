"""What readers meet: the front page, signing in, the worklist, the desk."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from annotations.models import Role, User
from annotations.services.people import roles, sign_in
from annotations.services.reading import drafts

pytestmark = pytest.mark.django_db


def test_a_stranger_is_told_what_this_is(client):
    assert "Blinded reading of 12-lead ECGs" in client.get("/").content.decode()


def test_a_reader_with_something_to_read_is_taken_to_the_worklist(signed_in, ana, assign):
    assign(ana)
    assert signed_in(ana).get("/").url == reverse("worklist")


def test_a_coordinator_is_taken_to_the_studies(signed_in, davi):
    assert signed_in(davi).get("/").url == reverse("studies")


def test_a_coordinator_who_has_exams_to_read_reads_first(signed_in, davi, make_batch, make_exam):
    roles.give(davi, [Role.COORDINATOR, Role.READER])
    make_batch([make_exam()], [davi])
    assert signed_in(davi).get("/").url == reverse("worklist")


def test_a_fresh_link_signs_in(client, ana):
    response = client.post(sign_in.link(ana, ""))
    assert response.url == "/"
    assert client.session["_auth_user_id"] == str(ana.pk)


@pytest.mark.parametrize("method", ["get", "head"])
def test_looking_at_a_link_does_not_use_it_up(client, ana, method):
    link = sign_in.link(ana, "")
    assert getattr(client, method)(link).status_code == 200
    assert "_auth_user_id" not in client.session
    assert client.post(link).status_code == 302


def test_a_fresh_link_says_whose_it_is(client, ana):
    assert "Sign in as Ana" in client.get(sign_in.link(ana, "")).content.decode()


def test_a_link_signs_in_nobody_who_did_not_press_its_button(ana):
    client = Client(enforce_csrf_checks=True)
    assert client.post(sign_in.link(ana, "")).status_code == 403
    assert "_auth_user_id" not in client.session


def test_the_link_of_somebody_who_has_left_is_dead(client, ana):
    link = sign_in.link(ana, "")
    User.objects.filter(pk=ana.pk).update(is_active=False)
    assert (client.get(link).status_code, client.post(link).status_code) == (403, 403)


def test_a_used_link_says_what_to_do(client, ana):
    link = sign_in.link(ana, "")
    client.post(link)
    client.logout()
    response = client.get(link)
    assert response.status_code == 403
    assert "Ask your study coordinator for a new link" in response.content.decode()


def test_a_used_link_lets_whoever_is_signed_in_go_on(client, ana):
    link = sign_in.link(ana, "")
    client.post(link)
    assert "You are already signed in as Ana" in client.get(link).content.decode()


def test_a_wrong_password_is_a_400_with_a_message(client, ana):
    response = client.post("/sign-in/", {"login": "ana", "password": "not hers"})
    assert response.status_code == 400
    assert response.context["form"].non_field_errors()


def test_signing_in_does_not_lead_to_another_site(client, ana):
    ana.set_password("a long enough passphrase")
    ana.save()
    form = {"login": "ana", "password": "a long enough passphrase", "next": "https://evil.test/"}
    assert client.post("/sign-in/", form).url == "/"


def test_signing_out_by_following_a_link_is_impossible(signed_in, ana):
    assert signed_in(ana).get("/sign-out/").status_code == 405


def test_an_empty_worklist_says_why(signed_in, eva):
    assert "Nothing to read yet" in signed_in(eva).get("/worklist/").content.decode()


def test_the_worklist_counts_what_its_reader_submitted(
    signed_in, ana, make_batch, make_exam, submit
):
    batch = make_batch([make_exam(), make_exam()])
    submit(batch.assignments.filter(reader=ana).in_reading_order()[0], "normal_ecg")
    assert "1 of 2" in signed_in(ana).get("/worklist/").content.decode()


def test_the_one_primary_button_leads_to_the_next_unread_exam(
    signed_in, ana, make_batch, make_exam, submit
):
    batch = make_batch([make_exam(), make_exam(), make_exam()])
    first, second, _ = batch.assignments.filter(reader=ana).in_reading_order()
    submit(first, "normal_ecg")
    page = signed_in(ana).get("/worklist/")
    assert page.context["next"].next == second
    assert page.content.decode().count("button is-large") == 1


def test_a_begun_exam_is_shown_as_begun(signed_in, ana, assign, now):
    assignment = assign(ana)
    content = {"findings": [], "quality": "good", "comment": "half"}
    drafts.save(assignment_id=assignment.pk, reader=ana, based_on=0, content=content, now=now)
    assert "chip is-draft" in signed_in(ana).get("/worklist/").content.decode()


def test_a_finished_reader_is_thanked(signed_in, ana, assign, submit):
    submit(assign(ana), "normal_ecg")
    page = signed_in(ana).get("/worklist/").content.decode()
    assert "You have read all your exams. Thank you." in page


def test_a_closed_batch_moves_to_the_closed_ones(signed_in, ana, make_batch, close):
    close(make_batch())
    page = signed_in(ana).get("/worklist/")
    assert not page.context["piles"]
    assert "Closed batches" in page.content.decode()


def test_the_desk_knows_the_exam_by_the_code_of_the_assignment(signed_in, ana, assign):
    assignment = assign(ana)
    page = signed_in(ana).get(f"/read/{assignment.pk}/").content.decode()
    assert (assignment.code in page, assignment.exam.code in page) == (True, False)


def test_the_worklist_knows_exams_by_the_codes_of_the_assignments(signed_in, ana, assign):
    assignment = assign(ana)
    page = signed_in(ana).get("/worklist/").content.decode()
    assert (assignment.code in page, assignment.exam.code in page) == (True, False)


def test_the_desk_does_not_name_the_data_set(signed_in, ana, assign):
    assignment = assign(ana)
    page = signed_in(ana).get(f"/read/{assignment.pk}/").content.decode()
    assert assignment.exam.source_key not in page
    assert "Ward 3" not in page


def test_somebody_elses_exam_is_as_missing_as_no_exam(signed_in, ana, bruno, assign):
    theirs = signed_in(bruno).get(f"/read/{assign(ana).pk}/")
    missing = signed_in(bruno).get("/read/999999/")
    assert theirs.status_code == missing.status_code == 404


def test_portuguese_is_one_form_away(client):
    client.post("/language/", {"language": "pt-br", "next": "/"})
    assert '<html lang="pt-br"' in client.get("/").content.decode()


def test_the_chosen_theme_comes_with_the_page(client):
    client.cookies["theme"] = "dark"
    assert 'data-theme="dark"' in client.get("/").content.decode()


def test_a_theme_that_does_not_exist_is_ignored(client):
    client.cookies["theme"] = '"><script>'
    assert "data-theme" not in client.get("/").content.decode()
