"""Violations of the constraints on taxonomies, groups, classes and relations."""

from __future__ import annotations

from annotations.models import ClassRelation, TaxonomyChange
from annotations.services.taxonomy import versions
from ecgreview import taxonomy
from tests.app.constraints.acts import insert_copy, update_row


def _artifact(fixture):
    return fixture("taxonomy").classes.get(code="artifact")


def _group(fixture):
    return fixture("taxonomy").groups.get(code="technical")


def _relation(fixture):
    return ClassRelation.objects.filter(source__taxonomy=fixture("taxonomy"))[0]


def taxonomy_version_once(fixture):
    insert_copy(fixture("taxonomy"))


def group_code_once(fixture):
    insert_copy(_group(fixture), position=99)


def group_position_once(fixture):
    insert_copy(_group(fixture), code="another")


def class_code_once(fixture):
    insert_copy(_artifact(fixture), abbreviation="ANOTHER", position=99)


def class_abbreviation_once(fixture):
    insert_copy(_artifact(fixture), code="another", position=99)


def class_position_once(fixture):
    insert_copy(_artifact(fixture), code="another", abbreviation="ANOTHER")


def class_evidence_is_known(fixture):
    update_row(_artifact(fixture), evidence="D")


def relation_once(fixture):
    insert_copy(_relation(fixture))


def relation_joins_two_classes(fixture):
    update_row(_relation(fixture), target=_relation(fixture).source)


def relation_kind_is_known(fixture):
    update_row(_relation(fixture), kind="resembles")


def _change(fixture):
    newer = versions.install(now=fixture("now"), taxonomy=_newer(taxonomy.load()))
    return TaxonomyChange.objects.create(
        old=fixture("taxonomy"), new=newer, kind="retire", sources=["artifact"], position=1
    )


def _newer(original):
    fields = {field: getattr(original, field) for field in original.__dataclass_fields__}
    return taxonomy.Taxonomy(**{**fields, "version": "99"})


def taxonomy_change_once(fixture):
    insert_copy(_change(fixture))


def taxonomy_change_is_known(fixture):
    update_row(_change(fixture), kind="forget")


def taxonomy_change_between_two(fixture):
    update_row(_change(fixture), new=fixture("taxonomy"))
