"""Store mappings between versions of the taxonomy, and compose them."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from itertools import pairwise

from django.db import transaction

from annotations.models import ClassRelation, Taxonomy, TaxonomyChange, User
from annotations.services import audit
from annotations.services.refusals import Refusal
from annotations.services.taxonomy import versions as taxonomy_versions
from ecgreview import taxonomy as published
from ecgreview.taxonomy import Step, TaxonomyMapping


class MappingExists(Refusal):
    code = "mapping-exists"


class NoMapping(Refusal):
    code = "no-mapping"


@transaction.atomic
def install(
    *,
    old: Taxonomy,
    new: Taxonomy,
    mapping: TaxonomyMapping,
    actor: User | None,
    now: datetime,
) -> None:
    """Store ``mapping`` from ``old`` to ``new``. It can never be changed.

    Raises:
        MappingExists: there is already a mapping from ``old`` to ``new``.
    """
    Taxonomy.objects.select_for_update().get(pk=new.pk)
    if TaxonomyChange.objects.filter(old=old, new=new).exists():
        raise MappingExists(old=old, new=new)
    TaxonomyChange.objects.bulk_create(
        TaxonomyChange(
            old=old,
            new=new,
            kind=step.kind,
            sources=list(step.sources),
            targets=list(step.targets),
            position=position,
        )
        for position, step in enumerate(mapping.steps, start=1)
    )
    audit.record(
        actor=actor, action=audit.Action.TAXONOMY_MAPPED, target=new,
        after=mapping.as_document(), now=now,
    )  # fmt: skip


def install_built_in(*, now: datetime) -> Taxonomy:
    """Install the built-in taxonomy, and the mappings to it from versions that are installed.

    Returns:
        The version that new studies use.
    """
    newest = taxonomy_versions.install(now=now)
    for version, file in published.BUILT_IN_MAPPINGS.items():
        old = Taxonomy.objects.filter(name=newest.name, version=version).first()
        if old and not TaxonomyChange.objects.filter(old=old, new=newest).exists():
            mapping = published.load_mapping(
                file.read_bytes(), as_published(old), as_published(newest), form="yaml"
            )
            # Race: another process may have stored it after our check.
            with suppress(MappingExists):
                install(old=old, new=newest, mapping=mapping, actor=None, now=now)
    return newest


def between(old: Taxonomy, new: Taxonomy) -> TaxonomyMapping:
    """Return the mapping from ``old`` to ``new``, composed through intermediate versions if needed.

    Raises:
        NoMapping: no chain of mappings connects them.
    """
    versions = _way(old.pk, new.pk)
    if versions is None:
        raise NoMapping(old=old, new=new)
    rows = {row.pk: row for row in Taxonomy.objects.filter(pk__in=versions)}
    steps = [_stored(rows[before], rows[after]) for before, after in pairwise(versions)]
    mapping = steps[0]
    for step in steps[1:]:
        mapping = mapping.then(step)
    return mapping


def as_published(row: Taxonomy) -> published.Taxonomy:
    """Return the content of a stored version."""
    classes = row.classes.select_related("group").order_by("position")
    return published.Taxonomy(
        name=row.name,
        version=row.version,
        status=row.status,
        banner=row.banner,
        banner_pt=row.banner_pt,
        groups=tuple(
            published.ClassGroup(group.code, group.name, group.name_pt)
            for group in row.groups.order_by("position")
        ),
        classes=tuple(
            published.DiagnosticClass(
                position=item.position,
                code=item.code,
                abbreviation=item.abbreviation,
                name=item.name,
                name_pt=item.name_pt,
                group=item.group.code,
                definition=item.definition,
                definition_pt=item.definition_pt,
                is_exclusive=item.is_exclusive,
                codes={
                    vocabulary: tuple(published.ExternalCode(**code) for code in codes)
                    for vocabulary, codes in item.codes.items()
                },
                evidence=EVIDENCE[item.evidence],
                sources=tuple(item.sources),
                note=item.note,
            )
            for item in classes
        ),
        relations=relations(row),
    )


def relations(row: Taxonomy) -> tuple[published.Relation, ...]:
    """Return the relations between the classes of a stored version."""
    stored = ClassRelation.objects.filter(source__taxonomy=row).order_by("pk")
    return tuple(
        published.Relation(source, target, KINDS[kind])
        for source, target, kind in stored.values_list("source__code", "target__code", "kind")
    )


EVIDENCE: dict[str, published.Evidence] = {"A": "A", "B": "B", "C": "C"}
# The domain's names of relation kinds, by stored kind.
KINDS: dict[str, published.RelationKind] = {
    "excludes": "excludes",
    "implies": "implies",
    "soft_conflicts": "soft_conflict",
}


def _stored(old: Taxonomy, new: Taxonomy) -> TaxonomyMapping:
    rows = TaxonomyChange.objects.filter(old=old, new=new).order_by("position")
    steps = tuple(
        Step(kind, tuple(sources), tuple(targets))  # type: ignore[arg-type]
        for kind, sources, targets in rows.values_list("kind", "sources", "targets")
    )
    return published.map_steps(steps, as_published(old), as_published(new))


def _way(old: int, new: int) -> Sequence[int] | None:
    """Return the shortest chain of mapped versions from ``old`` to ``new``, both included."""
    pairs = set(TaxonomyChange.objects.values_list("old", "new").distinct())
    ways: deque[tuple[int, ...]] = deque([(old,)])
    reached = {old}
    while ways:
        way = ways.popleft()
        for before, after in sorted(pairs):
            if before != way[-1] or after in reached:
                continue
            if after == new:
                return (*way, after)
            reached.add(after)
            ways.append((*way, after))
    return None
