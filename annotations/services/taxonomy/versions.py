"""Install versions of the taxonomy, each of which is stored once and never changes."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction

from annotations.models import (
    ClassRelation,
    DiagnosticClass,
    DiagnosticGroup,
    RelationKind,
    Taxonomy,
)
from annotations.services import audit
from annotations.services.audit import digests
from ecgreview import taxonomy as published


def install(*, now: datetime, taxonomy: published.Taxonomy | None = None) -> Taxonomy:
    """Return the row of ``taxonomy`` (by default the built-in one), creating it if it is new.

    An installed version never changes, because labels refer to it.
    """
    source = taxonomy or published.load()
    version = {"name": source.name, "version": source.version}
    if installed := Taxonomy.objects.filter(**version).first():
        return installed
    try:
        return _write(source, now)
    except IntegrityError:
        # Race: another process installed it after our check; otherwise this raises.
        return Taxonomy.objects.get(**version)


@transaction.atomic
def _write(source: published.Taxonomy, now: datetime) -> Taxonomy:
    row = Taxonomy.objects.create(
        name=source.name,
        version=source.version,
        status=source.status,
        banner=source.banner,
        banner_pt=source.banner_pt,
        installed_at=now,
    )
    groups = DiagnosticGroup.objects.bulk_create(
        DiagnosticGroup(
            taxonomy=row, code=item.code, name=item.name, name_pt=item.name_pt, position=position
        )
        for position, item in enumerate(source.groups, start=1)
    )
    group_of = {group.code: group for group in groups}
    classes = DiagnosticClass.objects.bulk_create(
        _class(row, group_of[item.group], item) for item in source.classes
    )
    class_of = {item.code: item for item in classes}
    ClassRelation.objects.bulk_create(
        ClassRelation(
            source=class_of[relation.from_code],
            target=class_of[relation.to_code],
            kind=RelationKind[relation.kind.upper()],
        )
        for relation in source.relations
    )
    audit.record(
        actor=None,
        action=audit.Action.TAXONOMY_INSTALLED,
        target=row,
        after={
            "name": row.name,
            "version": row.version,
            "n_classes": len(classes),
            "digest": digests.of_taxonomy(row),
        },
        now=now,
    )
    return row


def _class(
    taxonomy: Taxonomy, group: DiagnosticGroup, item: published.DiagnosticClass
) -> DiagnosticClass:
    return DiagnosticClass(
        taxonomy=taxonomy,
        group=group,
        code=item.code,
        abbreviation=item.abbreviation,
        position=item.position,
        name=item.name,
        name_pt=item.name_pt,
        definition=item.definition,
        definition_pt=item.definition_pt,
        is_exclusive=item.is_exclusive,
        codes=item.codes_as_json(),
        evidence=item.evidence,
        sources=list(item.sources),
        note=item.note,
    )
