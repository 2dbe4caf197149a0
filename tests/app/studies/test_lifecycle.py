"""Creating studies, taxonomies, people and sign-in links."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from sesame.utils import get_user

from annotations.models import ClassRelation, Role, Study, Taxonomy
from annotations.services.people import members, roles, sign_in
from annotations.services.refusals import NameTaken
from annotations.services.studies import lifecycle
from annotations.services.taxonomy import versions
from ecgreview import protocol
from ecgreview import taxonomy as published
from ecgreview.protocol import Protocol


def create(taxonomy, davi, now, **changes):
    settings = Protocol(**{"name": "Evening list", "taxonomy": str(taxonomy), **changes})
    return lifecycle.create(protocol=settings, created_by=davi, now=now)


def test_the_slug_comes_from_the_name(taxonomy, davi, now):
    assert (
        create(taxonomy, davi, now, name="Evening list: São João").slug == "evening-list-sao-joao"
    )


def test_a_name_without_latin_letters_gets_a_slug_too(taxonomy, davi, now):
    assert create(taxonomy, davi, now, name="心電図").slug.startswith("study-")


def test_a_slug_cannot_be_that_of_a_page(taxonomy, davi, now):
    assert create(taxonomy, davi, now, name="New").slug == "study-new"


def test_two_studies_cannot_share_a_slug(taxonomy, davi, now):
    create(taxonomy, davi, now)
    with pytest.raises(NameTaken):
        create(taxonomy, davi, now, name="Evening  LIST")


def test_an_unknown_rule_is_refused(taxonomy, davi, now):
    with pytest.raises(protocol.InvalidProtocol, match="'loudest_voice' is not a consensus rule"):
        create(taxonomy, davi, now, consensus_rule="loudest_voice")


def test_an_unknown_frequent_class_is_refused(taxonomy, davi, now):
    with pytest.raises(protocol.InvalidProtocol, match="'no_such_class' is not a class of"):
        create(taxonomy, davi, now, frequent_classes=("artifact", "no_such_class"))


def test_the_default_number_keys_are_the_frequent_classes_of_code_ii(taxonomy, davi, now):
    assert create(taxonomy, davi, now).frequent_classes == list(published.FREQUENT)


def test_a_refused_study_is_not_stored(taxonomy, davi, now):
    with pytest.raises(protocol.InvalidProtocol):
        create(taxonomy, davi, now, consensus_rule="loudest_voice")
    assert not Study.objects.exists()


def test_the_taxonomy_is_installed_with_its_66_classes(taxonomy):
    assert taxonomy.classes.count() == 66


def test_the_taxonomy_is_installed_with_its_relations(taxonomy):
    stored = ClassRelation.objects.filter(source__taxonomy=taxonomy).count()
    assert stored == len(published.load().relations)


@pytest.mark.django_db
def test_installing_again_changes_nothing(taxonomy, now):
    assert versions.install(now=now) == taxonomy
    assert Taxonomy.objects.count() == 1


@pytest.mark.django_db
def test_a_new_person_has_no_password():
    user = members.create(username="ana", roles=[Role.READER])
    assert not user.has_usable_password()


def test_a_user_name_is_unique(ana):
    with pytest.raises(members.UserNameTaken):
        members.create(username="ana", roles=[])


def test_a_coordinator_has_the_export_permission(davi):
    assert davi.has_perm("annotations.export_study")


def test_a_reader_has_no_permissions(ana):
    assert ana.get_all_permissions() == set()


def test_giving_roles_replaces_the_others(davi):
    roles.give(davi, [Role.READER])
    assert list(davi.groups.values_list("name", flat=True)) == ["reader"]


def test_a_link_signs_in_once(ana):
    address = urlsplit(sign_in.link(ana, "https://ecg.example/"))
    (token,) = parse_qs(address.query)["sesame"]
    assert (address.netloc, address.path) == ("ecg.example", "/link/")
    assert [get_user(token), get_user(token)] == [ana, None]
