"""Consistency checks across a whole taxonomy, beyond the validity of each entry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from ecgreview.strict_files import Path, Problem, closest

from .model import Relation, RelationKind, Taxonomy


class BadTaxonomy(ValueError):
    """The list of classes is invalid; ``problems`` lists what is wrong with it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(frozen=True, slots=True)
class Contradiction:
    """An inconsistency: where in the file, about which class, and why."""

    path: Path
    about: str
    reason: str
    hint: str = ""


def contradictions(taxonomy: Taxonomy, sources: Collection[str]) -> Iterator[Contradiction]:
    """Yield duplicates, references to something that does not exist, and contradictions.

    Empty texts are skipped, because the file reader has already reported them.
    """
    if not taxonomy.classes:
        yield Contradiction(("classes",), "", "the taxonomy has no class", "List the classes.")
    groups = [group.code for group in taxonomy.groups]
    yield from _listed_once("group code", groups, "groups", "code")
    yield from _listed_once("class code", [row.code for row in taxonomy.classes], "classes", "code")
    abbreviations = [row.abbreviation for row in taxonomy.classes]
    yield from _listed_once("abbreviation", abbreviations, "classes", "abbreviation")
    yield from _positions_count_up(taxonomy)
    yield from _references_exist(taxonomy, sources)
    yield from _inconsistent_relations(taxonomy)


def _listed_once(name_of: str, names: list[str], part: str, key: str) -> Iterator[Contradiction]:
    times, seen = Counter(names), Counter[str]()
    for index, name in enumerate(names):
        seen[name] += 1
        # Report each name once, at the first place where it is repeated.
        if name and seen[name] == 2:
            reason = f"{name_of} {name!r} is listed {times[name]} times"
            yield Contradiction((part, index, key), "", reason, "Use a different one for each.")


def _positions_count_up(taxonomy: Taxonomy) -> Iterator[Contradiction]:
    for expected, row in enumerate(taxonomy.classes, start=1):
        if row.position != expected:
            path = ("classes", expected - 1, "position")
            reason = f"position is {row.position}, expected {expected}"
            yield Contradiction(path, row.code, reason, "Number the classes from 1 on.")


def _references_exist(taxonomy: Taxonomy, sources: Collection[str]) -> Iterator[Contradiction]:
    groups = {group.code for group in taxonomy.groups}
    for index, row in enumerate(taxonomy.classes):
        if row.group and row.group not in groups:
            path: Path = ("classes", index, "group")
            reason = f"group {row.group!r} does not exist"
            yield Contradiction(path, row.code, reason, closest(row.group, groups))
        for source in row.sources:
            if source not in sources:
                path = ("classes", index, "sources")
                reason = f"source {source!r} does not exist"
                yield Contradiction(path, row.code, reason, closest(source, sources))


def _inconsistent_relations(taxonomy: Taxonomy) -> Iterator[Contradiction]:
    index_of: dict[str, int] = {}
    for index, row in enumerate(taxonomy.classes):
        index_of.setdefault(row.code, index)
    known = {
        (relation.from_code, relation.kind, relation.to_code) for relation in taxonomy.relations
    }
    seen: set[Relation] = set()
    for relation in taxonomy.relations:
        reason, hint = _inconsistency(relation, known, index_of)
        if relation in seen:
            text = f"{relation.from_code} {relation.kind} {relation.to_code}"
            reason, hint = f"relation {text!r} is listed twice", "Remove one."
        seen.add(relation)
        if reason:
            path = ("classes", index_of[relation.from_code], KEYS[relation.kind])
            yield Contradiction(path, relation.from_code, reason, hint)
    related = {
        code for relation in taxonomy.relations for code in (relation.from_code, relation.to_code)
    }
    for index, row in enumerate(taxonomy.classes):
        if row.is_exclusive and row.code in related:
            reason = "is exclusive, so it cannot have relations"
            hint = "Remove its relations here and in other classes."
            yield Contradiction(("classes", index, "is_exclusive"), row.code, reason, hint)


def _inconsistency(
    relation: Relation, known: Collection[tuple[str, str, str]], codes: Collection[str]
) -> tuple[str, str]:
    code, kind, other_code = relation.from_code, relation.kind, relation.to_code
    if other_code not in codes:
        return f"{kind} {other_code!r}, which does not exist", closest(other_code, codes)
    if code == other_code:
        return f"{kind} itself", "Remove it."
    if kind != "implies" and (other_code, kind, code) not in known:
        reason = f"{kind} {other_code}, but {other_code} has no such relation to {code}"
        return reason, "Add the relation to both classes."
    if kind != "excludes" and (code, "excludes", other_code) in known:
        return f"{kind} {other_code} and excludes it too", "Keep one of them."
    return "", ""


# The key of a class in the file for each kind of relation.
KEYS: Mapping[RelationKind, str] = {
    "excludes": "excludes",
    "implies": "implies",
    "soft_conflict": "soft_conflicts",
}
