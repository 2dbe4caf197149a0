"""Strict readers of hand-written YAML and CSV that report every problem with its position."""

from __future__ import annotations

from .problem import Problem, Unreadable, closest
from .table import Row, Table, read_table
from .text import has_hidden
from .tree import Path, Tree, in_words, read_tree

__all__ = [
    "Path",
    "Problem",
    "Row",
    "Table",
    "Tree",
    "Unreadable",
    "closest",
    "has_hidden",
    "in_words",
    "read_table",
    "read_tree",
]
