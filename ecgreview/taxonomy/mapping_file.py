"""A mapping between two versions as a YAML or CSV file, checked against both versions."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal, get_args

from ecgreview.strict_files import Path, Problem, Tree, Unreadable, closest, read_table, read_tree

from .mapping import Kind, Step, TaxonomyMapping, connect
from .model import Taxonomy
from .source import label

KINDS: tuple[Kind, ...] = get_args(Kind)
COLUMNS = ("kind", "sources", "targets")
MAX_CHANGES = 2000
# Maximum number of unknown codes to list, because finding close matches takes time.
MAX_UNKNOWN_CODES = 100

# Allowed numbers of sources and targets of a change.
SIZES: dict[Kind, tuple[range, range]] = {
    "keep": (range(1, 2), range(1, 2)),
    "rename": (range(1, 2), range(1, 2)),
    "merge": (range(2, MAX_CHANGES), range(1, 2)),
    "split": (range(1, 2), range(2, MAX_CHANGES)),
    "retire": (range(1, MAX_CHANGES), range(1)),
    "add": (range(1), range(1, MAX_CHANGES)),
}


class BadMapping(ValueError):
    """The mapping is invalid; ``problems`` lists what is wrong with it."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


@dataclass(frozen=True, slots=True)
class Written:
    """A change in the file, or an implied one without a position."""

    step: Step
    line: int | None = None
    column: int | None = None

    def problem(self, reason: str, hint: str) -> Problem:
        return Problem(str(self.step), reason, hint, self.line, self.column)

    @property
    def place(self) -> str:
        """The position as text for messages; empty for an implied change."""
        return "" if self.line is None else f" in line {self.line}"


def load_mapping(
    source: bytes | str,
    old: Taxonomy,
    new: Taxonomy,
    *,
    form: Literal["yaml", "csv"] = "yaml",
) -> TaxonomyMapping:
    """Return the mapping in ``source``, from ``old`` to ``new``.

    A class whose code is in both versions and that no change names is kept. All other classes
    must be named: each old one as a source exactly once, each new one as a target.

    Args:
        source: the file. YAML has ``old`` and ``new`` (optional, and compared with the versions if
            present) and ``changes``, a list of ``kind``, ``sources`` and ``targets``; CSV has these
            three as columns, with spaces between codes.
        old: the source version.
        new: the target version.
        form: format of the file.

    Raises:
        BadMapping: lists the problems with their lines.
    """
    try:
        parsed = _from_yaml(source, old, new) if form == "yaml" else _from_csv(source)
    except Unreadable as error:
        raise BadMapping(error.problems) from error
    return _checked(*parsed, old, new)


def map_steps(steps: tuple[Step, ...], old: Taxonomy, new: Taxonomy) -> TaxonomyMapping:
    """Return the mapping that ``steps`` describe from ``old`` to ``new``.

    Raises:
        BadMapping: lists the problems.
    """
    return _checked([Written(step) for step in steps], [], old, new)


def _checked(
    changes: list[Written], problems: list[Problem], old: Taxonomy, new: Taxonomy
) -> TaxonomyMapping:
    before = {row.code: row.is_exclusive for row in old.classes}
    after = {row.code: row.is_exclusive for row in new.classes}
    issues = [*problems, *_each_makes_sense(changes)]
    issues += islice(_codes_exist(changes, before, after), MAX_UNKNOWN_CODES)
    issues += _sources_once(changes)
    if not issues:  # after an error above, many classes would wrongly seem to be missing
        named = {code for change in changes for code in change.step.sources}
        unchanged = [code for code in before if code in after and code not in named]
        changes = [*changes, *(Written(Step("keep", (code,), (code,))) for code in unchanged)]
        issues += _targets_fit(changes)
        issues += _all_classes_named(changes, before, after)
        issues += _exclusive_targets(changes, before, after)
    if issues:
        raise BadMapping(tuple(sorted(issues, key=lambda problem: problem.line or 0)))
    steps = tuple(change.step for change in changes)
    return connect(old=label(old), new=label(new), old_codes=before, steps=steps)


def _each_makes_sense(changes: list[Written]) -> Iterator[Problem]:
    for change in changes:
        step = change.step
        sources, targets = SIZES[step.kind]
        if len(step.sources) not in sources or len(step.targets) not in targets:
            reason = f"has {len(step.sources)} sources and {len(step.targets)} targets"
            yield change.problem(reason, _size_hint(step.kind))
        elif step.kind == "keep" and step.sources != step.targets:
            yield change.problem("keeps a class under another code", "Use rename.")
        elif step.kind == "rename" and step.sources == step.targets:
            yield change.problem("renames nothing", "Use keep, or leave it out.")
        for codes in (step.sources, step.targets):
            if len(set(codes)) < len(codes):
                yield change.problem("lists a class twice", "List each class once.")


def _size_hint(kind: Kind) -> str:
    limits = {
        "keep": "one source and the same target",
        "rename": "one source and one target",
        "merge": "two or more sources and one target",
        "split": "one source and two or more targets",
        "retire": "sources and no target",
        "add": "targets and no source",
    }
    return f"A change of kind {kind} has {limits[kind]}."


def _codes_exist(
    changes: list[Written], before: Collection[str], after: Collection[str]
) -> Iterator[Problem]:
    for change in changes:
        for code in change.step.sources:
            if code not in before:
                reason = f"{code!r} is not a class of the old version"
                yield change.problem(reason, closest(code, before))
        for code in change.step.targets:
            if code not in after:
                reason = f"{code!r} is not a class of the new version"
                yield change.problem(reason, closest(code, after))


def _sources_once(changes: list[Written]) -> Iterator[Problem]:
    first: dict[str, Written] = {}
    for change in changes:
        for code in dict.fromkeys(change.step.sources):
            if earlier := first.get(code):
                reason = f"{code!r} is already mapped{earlier.place}"
                yield change.problem(reason, "List each old class only once.")
            first.setdefault(code, change)


def _targets_fit(changes: list[Written]) -> Iterator[Problem]:
    """Yield a problem for each new class whose origins conflict.

    A class may have one certain origin besides splits; an added class has no other origin.
    """
    of: dict[str, list[Written]] = {}
    for change in changes:
        for code in change.step.targets:
            of.setdefault(code, []).append(change)
    for code, origins in of.items():
        certain = [origin for origin in origins if origin.step.kind != "split"]
        has_added = any(origin.step.kind == "add" for origin in origins)
        if len(certain) > 1 or (has_added and len(origins) > 1):
            *_, other, latest = sorted(origins, key=lambda origin: origin.line or 0)
            reason = f"{code!r} comes from {other.step} as well{other.place}"
            hint = "List all its sources in one merge, or retire the old class."
            yield latest.problem(reason, hint)


def _all_classes_named(
    changes: list[Written], before: Collection[str], after: Collection[str]
) -> Iterator[Problem]:
    named = {code for change in changes for code in change.step.sources}
    reached = {code for change in changes for code in change.step.targets}
    for code in before:
        if code not in named:
            reason = "the new version has no such class, and no change removes it"
            yield Problem(code, reason, "Rename, merge, split or retire it.")
    for code in after:
        if code not in reached:
            reason = "the old version has no such class, and no change adds it"
            yield Problem(code, reason, "Add it, or name it as the target of another change.")


def _exclusive_targets(
    changes: list[Written], before: Mapping[str, bool], after: Mapping[str, bool]
) -> Iterator[Problem]:
    """Yield a problem for each change that maps a class that is not exclusive to one that is.

    A reading that combined such a class with another would be contradictory after translation.
    """
    for change in changes:
        exclusive = [code for code in change.step.targets if after[code]]
        free = [code for code in change.step.sources if not before[code]]
        if exclusive and free:
            reason = f"{exclusive[0]!r} is exclusive, but {free[0]!r} was not"
            hint = "Retire the old class and add the new one."
            yield change.problem(reason, hint)


# Below: the two file formats.


def _from_csv(source: bytes | str) -> tuple[list[Written], list[Problem]]:
    table = read_table(source, known=COLUMNS, required=COLUMNS, max_rows=MAX_CHANGES)
    changes, problems = [], list(table.problems)
    for row in table.rows:
        kind, sources, targets = (row.cells.get(column, "") for column in COLUMNS)
        if change_kind := _kind(kind):
            step = Step(change_kind, tuple(sources.split()), tuple(targets.split()))
            changes.append(Written(step, row.line, 1))
        else:
            problems.append(table.problem(row, "kind", f"is {kind!r}", closest(kind, KINDS)))
    return changes, problems


def _from_yaml(
    source: bytes | str, old: Taxonomy, new: Taxonomy
) -> tuple[list[Written], list[Problem]]:
    tree = read_tree(source)
    data = tree.value
    if not isinstance(data, dict) or not isinstance(data.get("changes"), list):
        reason = "the file has no list of changes"
        raise Unreadable(tree.problem((), reason, "Write changes: and the changes below it."))
    problems = [*tree.problems, *_versions_fit(tree, data, old, new)]
    changes = []
    if len(data["changes"]) > MAX_CHANGES:
        reason = f"there are more than {MAX_CHANGES} changes"
        raise Unreadable(tree.problem(("changes", MAX_CHANGES), reason))
    for index, row in enumerate(data["changes"]):
        path = ("changes", index)
        wrong = list(_malformed(tree, row, path))
        problems += wrong
        if not wrong:
            step = Step(row["kind"].strip(), _codes(row, "sources"), _codes(row, "targets"))
            changes.append(Written(step, *tree.places[path]))
    return changes, problems


def _versions_fit(
    tree: Tree, data: dict[str, Any], old: Taxonomy, new: Taxonomy
) -> Iterator[Problem]:
    for key in data.keys() - {"old", "new", "changes"}:
        yield tree.problem(
            (key,), "is not a key of a mapping", closest(key, ("old", "new", "changes"))
        )
    for key, taxonomy in (("old", old), ("new", new)):
        if key in data and data[key] != label(taxonomy):
            reason = f"is {data[key]!r}, but the installed version is {label(taxonomy)!r}"
            yield tree.problem((key,), reason, "Choose the right versions, or correct the file.")


def _malformed(tree: Tree, row: object, path: Path) -> Iterator[Problem]:
    if not isinstance(row, dict):
        yield tree.problem(path, "is not a change", "Write kind, sources and targets.")
        return
    for key in sorted(row.keys() - set(COLUMNS)):
        yield tree.problem((*path, key), "is not a key of a change", closest(key, COLUMNS))
    kind = row.get("kind")
    if not isinstance(kind, str) or not _kind(kind):
        yield tree.problem((*path, "kind"), f"is {kind!r}", closest(str(kind), KINDS))
    for key in ("sources", "targets"):
        codes = row.get(key)
        listed = codes if isinstance(codes, list) else [codes]
        if codes is not None and not all(isinstance(code, str) for code in listed):
            yield tree.problem((*path, key), "is not a list of codes", "Write [code, code].")


def _codes(row: dict[str, Any], key: str) -> tuple[str, ...]:
    """Return the codes of a list; a single code needs no brackets."""
    codes = row.get(key)
    return tuple(codes) if isinstance(codes, list) else (codes,) if codes else ()


def _kind(text: str) -> Kind | None:
    return next((kind for kind in KINDS if kind == text.strip()), None)
