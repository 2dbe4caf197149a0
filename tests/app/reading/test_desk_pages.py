"""Pages for readers: the front page, signing in, the worklist and the desk."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from annotations.models import Role, User
from annotations.services.people import roles, sign_in
from annotations.services.reading import drafts

pytestmark = pytest.mark.django_db


def test_the_front_page_describes_the_site(client):
    assert "Blinded reading of 12-lead ECGs" in client.get("/").content.decode()


def test_a_reader_is_redirected_to_the_worklist(signed_in, ana, assign):
    assign(ana)
    assert signed_in(ana).get("/").url == reverse("worklist")


def test_a_coordinator_is_redirected_to_the_studies(signed_in, davi):
    assert signed_in(davi).get("/").url == reverse("studies")


def test_a_coordinator_with_exams_to_read_is_redirected_to_the_worklist(
    signed_in, davi, make_batch, make_exam
):
    roles.give(davi, [Role.COORDINATOR, Role.READER])
    make_batch([make_exam()], [davi])
    assert signed_in(davi).get("/").url == reverse("worklist")


def test_an_unused_link_signs_in(client, ana):
    response = client.post(sign_in.link(ana, ""))
    assert response.url == "/"
    assert client.session["_auth_user_id"] == str(ana.pk)


@pytest.mark.parametrize("method", ["get", "head"])
def test_opening_a_link_does_not_use_it_up(client, ana, method):
    link = sign_in.link(ana, "")
    assert getattr(client, method)(link).status_code == 200
    assert "_auth_user_id" not in client.session
    assert client.post(link).status_code == 302


def test_an_unused_link_names_its_person(client, ana):
    assert "Sign in as Ana" in client.get(sign_in.link(ana, "")).content.decode()


def test_a_link_needs_the_button_of_its_page(ana):
    client = Client(enforce_csrf_checks=True)
    assert client.post(sign_in.link(ana, "")).status_code == 403
    assert "_auth_user_id" not in client.session


def test_the_link_of_a_deactivated_person_is_void(client, ana):
    link = sign_in.link(ana, "")
    User.objects.filter(pk=ana.pk).update(is_active=False)
    assert (client.get(link).status_code, client.post(link).status_code) == (403, 403)


def test_a_used_link_says_what_to_do(client, ana):
    link = sign_in.link(ana, "")
    client.post(link)
    client.logout()
    response = client.get(link)
    assert response.status_code == 403
    assert "the server administrator for a new link" in response.content.decode()


def test_a_used_link_names_the_person_who_is_signed_in(client, ana):
    link = sign_in.link(ana, "")
    client.post(link)
    assert "You are already signed in as Ana" in client.get(link).content.decode()


def test_a_wrong_password_is_answered_with_400_and_a_message(client, ana):
    response = client.post("/sign-in/", {"login": "ana", "password": "not hers"})
    assert response.status_code == 400
    assert response.context["form"].non_field_errors()


def test_signing_in_does_not_lead_to_another_site(client, ana):
    ana.set_password("a long enough passphrase")
    ana.save()
    form = {"login": "ana", "password": "a long enough passphrase", "next": "https://evil.test/"}
    assert client.post("/sign-in/", form).url == "/"


def test_signing_out_needs_a_post_request(signed_in, ana):
    assert signed_in(ana).get("/sign-out/").status_code == 405


def test_an_empty_worklist_shows_a_message(signed_in, eva):
    assert "Nothing to read yet" in signed_in(eva).get("/worklist/").content.decode()


def test_the_worklist_counts_submitted_exams(signed_in, ana, make_batch, make_exam, submit):
    batch = make_batch([make_exam(), make_exam()])
    submit(batch.assignments.filter(reader=ana).in_reading_order()[0], "normal_ecg")
    assert "1 of 2" in signed_in(ana).get("/worklist/").content.decode()


def test_the_only_primary_button_opens_the_next_unread_exam(
    signed_in, ana, make_batch, make_exam, submit
):
    batch = make_batch([make_exam(), make_exam(), make_exam()])
    first, second, _ = batch.assignments.filter(reader=ana).in_reading_order()
    submit(first, "normal_ecg")
    page = signed_in(ana).get("/worklist/")
    assert page.context["next"].next == second
    assert page.content.decode().count("button is-large") == 1


def test_an_exam_with_a_draft_is_marked(signed_in, ana, assign, now):
    assignment = assign(ana)
    content = {"findings": [], "quality": "good", "comment": "half"}
    drafts.save(assignment_id=assignment.pk, reader=ana, based_on=0, content=content, now=now)
    assert "chip is-draft" in signed_in(ana).get("/worklist/").content.decode()


def test_a_finished_worklist_says_thank_you(signed_in, ana, assign, submit):
    submit(assign(ana), "normal_ecg")
    page = signed_in(ana).get("/worklist/").content.decode()
    assert "You have read all your exams. Thank you." in page


def test_a_closed_batch_moves_to_the_closed_batches(signed_in, ana, make_batch, close):
    close(make_batch())
    page = signed_in(ana).get("/worklist/")
    assert not page.context["entries"]
    assert "Closed batches" in page.content.decode()


def test_the_desk_shows_the_code_of_the_assignment_only(signed_in, ana, assign):
    assignment = assign(ana)
    page = signed_in(ana).get(f"/read/{assignment.pk}/").content.decode()
    assert (assignment.code in page, assignment.exam.code in page) == (True, False)


def test_the_worklist_shows_codes_of_assignments_only(signed_in, ana, assign):
    assignment = assign(ana)
    page = signed_in(ana).get("/worklist/").content.decode()
    assert (assignment.code in page, assignment.exam.code in page) == (True, False)


def test_the_desk_does_not_name_the_data_set(signed_in, ana, assign):
    assignment = assign(ana)
    page = signed_in(ana).get(f"/read/{assignment.pk}/").content.decode()
    assert assignment.exam.source_key not in page
    assert "Ward 3" not in page


def test_an_exam_of_somebody_else_is_404_like_a_missing_one(signed_in, ana, bruno, assign):
    others = signed_in(bruno).get(f"/read/{assign(ana).pk}/")
    missing = signed_in(bruno).get("/read/999999/")
    assert others.status_code == missing.status_code == 404


def test_the_language_form_switches_to_portuguese(client):
    client.post("/language/", {"language": "pt-br", "next": "/"})
    assert '<html lang="pt-br"' in client.get("/").content.decode()


def test_the_page_has_the_chosen_theme(client):
    client.cookies["theme"] = "dark"
    assert 'data-theme="dark"' in client.get("/").content.decode()


def test_an_unknown_theme_is_ignored(client):
    client.cookies["theme"] = '"><script>'
    assert "data-theme" not in client.get("/").content.decode()
