"""What must hold across a whole taxonomy, beyond each of its entries being well formed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from .model import Taxonomy


class BadTaxonomy(ValueError):
    """The taxonomy file cannot be used; the message says where and why."""


def check(taxonomy: Taxonomy, sources: Collection[str]) -> None:
    """Refuse a taxonomy that contradicts itself.

    Raises:
        BadTaxonomy: something is listed twice, refers to nothing, or says two things at once.
    """
    if not taxonomy.classes:
        raise BadTaxonomy("the taxonomy has no class")
    _listed_once("group code", (group.code for group in taxonomy.groups))
    _listed_once("class code", (row.code for row in taxonomy.classes))
    _listed_once("abbreviation", (row.abbreviation for row in taxonomy.classes))
    _listed_once("relation", (f"{r.from_code} {r.kind} {r.to_code}" for r in taxonomy.relations))
    _positions_count_up(taxonomy)
    _references_exist(taxonomy, sources)
    _relations_make_sense(taxonomy)


def _listed_once(what: str, names: Iterable[str]) -> None:
    for name, times in Counter(names).items():
        if times > 1:
            raise BadTaxonomy(f"{what} {name!r} is listed {times} times")


def _positions_count_up(taxonomy: Taxonomy) -> None:
    for expected, row in enumerate(taxonomy.classes, start=1):
        if row.position != expected:
            raise BadTaxonomy(f"{row.code}: position is {row.position}, expected {expected}")


def _references_exist(taxonomy: Taxonomy, sources: Collection[str]) -> None:
    groups = {group.code for group in taxonomy.groups}
    codes = {row.code for row in taxonomy.classes}
    for row in taxonomy.classes:
        if row.group not in groups:
            raise BadTaxonomy(f"{row.code}: group {row.group!r} does not exist")
        for source in row.sources:
            if source not in sources:
                raise BadTaxonomy(f"{row.code}: source {source!r} does not exist")
    for relation in taxonomy.relations:
        if relation.to_code not in codes:
            raise BadTaxonomy(
                f"{relation.from_code}: {relation.kind} {relation.to_code!r}, which does not exist"
            )


def _relations_make_sense(taxonomy: Taxonomy) -> None:
    known = {(r.from_code, r.kind, r.to_code) for r in taxonomy.relations}
    for relation in taxonomy.relations:
        here, kind, there = relation.from_code, relation.kind, relation.to_code
        if here == there:
            raise BadTaxonomy(f"{here}: {kind} itself")
        if kind != "implies" and (there, kind, here) not in known:
            raise BadTaxonomy(f"{here}: {kind} {there}, but {there} does not say so of {here}")
        if kind != "excludes" and (here, "excludes", there) in known:
            raise BadTaxonomy(f"{here}: {kind} {there} and excludes it too")
    related = {code for r in taxonomy.relations for code in (r.from_code, r.to_code)}
    for row in taxonomy.classes:
        if row.is_exclusive and row.code in related:
            raise BadTaxonomy(f"{row.code}: stands alone, so it can have no relation")
