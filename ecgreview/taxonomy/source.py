"""Reading a taxonomy file into values that cannot be wrong."""

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

BUILT_IN = Path(__file__).with_name("ecg_review_66.yaml")
"""The list this product comes with: a reconstruction, see its banner."""

BUILT_IN_MAPPINGS = {"0.1-draft": BUILT_IN.with_name("mapping_0.1_to_0.2.yaml")}
"""By an earlier version of that list, what leads from it to the one after."""

MAX_CLASSES = 1000
MAX_CONTRADICTIONS = 100
"""More are not told: nobody reads them, and looking for what was meant takes time."""


def load(path: Path | None = None) -> Taxonomy:
    """Return the checked taxonomy of a YAML file, by default the one this product comes with.

    Raises:
        BadTaxonomy: the file cannot be read, lacks something, or contradicts itself.
    """
    return _built_in() if path is None else _read(path)


@cache
def _built_in() -> Taxonomy:
    """Return the product's own list: it cannot change while the product runs, nor be changed."""
    return _read(BUILT_IN)


def _read(path: Path) -> Taxonomy:
    try:
        return read_yaml(path.read_bytes())
    except OSError as error:
        reason = f"{path}: cannot be read ({error.strerror})"
        raise BadTaxonomy([Problem("", reason)]) from error


def read_yaml(source: bytes | str) -> Taxonomy:
    """Return the checked taxonomy that a YAML text describes.

    Raises:
        BadTaxonomy: with everything that is wrong, by line and column.
    """
    try:
        tree = read_tree(source)
    except Unreadable as error:
        raise BadTaxonomy(error.problems) from error
    return build(tree)


def build(tree: Tree) -> Taxonomy:
    """Return the checked taxonomy in ``tree``, whose values are those of the YAML form.

    Raises:
        BadTaxonomy: with everything that is wrong, in the order of the file.
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
    for found in islice(found_all, MAX_CONTRADICTIONS):
        rows.complain(found.path, found.about, found.reason, found.hint)
    if rows.problems:
        ordered = sorted(rows.problems, key=lambda one: (one.line or 0, one.column or 0))
        raise BadTaxonomy(ordered)
    return taxonomy


def label(taxonomy: Taxonomy) -> str:
    """Return how protocols and mappings name a version: its name, a space, its version."""
    return f"{taxonomy.name} {taxonomy.version}"
