"""Loading a taxonomy file into validated values."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import islice
from pathlib import Path

from ecgreview.strict_files import Problem, Tree, Unreadable, read_tree

from . import consistency
from .consistency import BadTaxonomy
from .model import Taxonomy
from .rows import Rows

# The built-in list, a reconstruction: see its banner.
BUILT_IN = Path(__file__).with_name("ecg_review_66.yaml")

# Mapping to the next version, by earlier version of the built-in list.
BUILT_IN_MAPPINGS = {"0.1-draft": BUILT_IN.with_name("mapping_0.1_to_0.2.yaml")}

MAX_CLASSES = 1000
# Maximum number of contradictions to list, because finding close matches takes time.
MAX_CONTRADICTIONS = 100


def load(path: Path | None = None) -> Taxonomy:
    """Return the validated taxonomy of a YAML file, by default the built-in one.

    Raises:
        BadTaxonomy: the file cannot be read, or is incomplete or inconsistent.
    """
    return _built_in() if path is None else _read(path)


@cache
def _built_in() -> Taxonomy:
    """Return the built-in list, cached, because its file does not change while the program runs."""
    return _read(BUILT_IN)


def _read(path: Path) -> Taxonomy:
    try:
        return read_yaml(path.read_bytes())
    except OSError as error:
        reason = f"{path}: cannot be read ({error.strerror})"
        raise BadTaxonomy([Problem("", reason)]) from error


def read_yaml(source: bytes | str) -> Taxonomy:
    """Return the validated taxonomy in a YAML text.

    Raises:
        BadTaxonomy: lists the problems, by line and column.
    """
    try:
        tree = read_tree(source)
    except Unreadable as error:
        raise BadTaxonomy(error.problems) from error
    return build(tree)


def build(tree: Tree) -> Taxonomy:
    """Return the validated taxonomy in ``tree``, whose values are those of the YAML form.

    Raises:
        BadTaxonomy: lists the problems, in the order of the file.
    """
    if not isinstance(tree.value, Mapping):
        reason = "the taxonomy file is not a mapping of names to values"
        raise BadTaxonomy([*tree.problems, tree.problem((), reason)])
    listed = tree.value.get("classes")
    if isinstance(listed, list) and len(listed) > MAX_CLASSES:
        reason = f"there are {len(listed)} classes, more than {MAX_CLASSES}"
        raise BadTaxonomy([tree.problem(("classes", MAX_CLASSES), reason)])
    rows = Rows(tree)
    taxonomy = rows.taxonomy(tree.value)
    found_all = consistency.contradictions(taxonomy, rows.sources)
    for contradiction in islice(found_all, MAX_CONTRADICTIONS):
        rows.complain(
            contradiction.path, contradiction.about, contradiction.reason, contradiction.hint
        )
    if rows.problems:
        ordered = sorted(
            rows.problems, key=lambda problem: (problem.line or 0, problem.column or 0)
        )
        raise BadTaxonomy(ordered)
    return taxonomy


def label(taxonomy: Taxonomy) -> str:
    """Return how protocols and mappings name a version: name, a space, version."""
    return f"{taxonomy.name} {taxonomy.version}"
