"""Taxonomies, groups, classes, relations."""

from __future__ import annotations

from annotations.models import ClassRelation, TaxonomyChange
from annotations.services.taxonomy import versions
from ecgreview import taxonomy
from tests.app.constraints.acts import again, change


def _artifact(the):
    return the("taxonomy").classes.get(code="artifact")


def _group(the):
    return the("taxonomy").groups.get(code="technical")


def _relation(the):
    return ClassRelation.objects.filter(source__taxonomy=the("taxonomy"))[0]


def taxonomy_version_once(the):
    again(the("taxonomy"))


def group_code_once(the):
    again(_group(the), position=99)


def group_position_once(the):
    again(_group(the), code="another")


def class_code_once(the):
    again(_artifact(the), abbreviation="ANOTHER", position=99)


def class_abbreviation_once(the):
    again(_artifact(the), code="another", position=99)


def class_position_once(the):
    again(_artifact(the), code="another", abbreviation="ANOTHER")


def class_evidence_is_known(the):
    change(_artifact(the), evidence="D")


def relation_once(the):
    again(_relation(the))


def relation_joins_two_classes(the):
    change(_relation(the), target=_relation(the).source)


def relation_kind_is_known(the):
    change(_relation(the), kind="resembles")


def _change(the):
    newer = versions.install(now=the("now"), taxonomy=_newer(taxonomy.load()))
    return TaxonomyChange.objects.create(
        old=the("taxonomy"), new=newer, kind="retire", sources=["artifact"], position=1
    )


def _newer(original):
    fields = {field: getattr(original, field) for field in original.__dataclass_fields__}
    return taxonomy.Taxonomy(**{**fields, "version": "99"})


def taxonomy_change_once(the):
    again(_change(the))


def taxonomy_change_is_known(the):
    change(_change(the), kind="forget")


def taxonomy_change_between_two(the):
    change(_change(the), new=the("taxonomy"))
