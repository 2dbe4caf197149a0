"""What ``manage.py agreement`` prints at each level: its lines, and their columns in a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ecgreview import agreement
from ecgreview.agreement.reports.measured import UNITS

NAMES = ("pairs", "errors", "classes", "groups", "certainty", "measurements", "overall", "report")
WHOLE = ("exact_set", "mean_jaccard", "jaccard_alpha", "masi_alpha")
SHOWN = ("positive_agreement", "light_kappa", "krippendorff_alpha", "gwet_ac1")
SHOWN_OF = {
    "classes": SHOWN,
    "groups": SHOWN,
    "pairs": ("positive_agreement", "cohen_kappa", "krippendorff_alpha", "gwet_ac1"),
    "certainty": ("same_certainty", "ordinal_alpha", "gwet_ac2"),
    "measurements": (
        "icc_agreement",
        "icc_consistency",
        "ccc",
        "bias",
        "deviation",
        "lower",
        "upper",
    ),
}
"""The measures that a table has room for."""

Line = Mapping[str, Any]


class NoSuchClass(ValueError):
    """The lines of that level are about no such class or group."""


def lines(told: Mapping[str, Any], level: str, codes: Sequence[str]) -> list[Line]:
    """Return the lines of a level.

    Args:
        told: the report, with names of readers.
        level: of ``NAMES``, but "report".
        codes: of the classes or groups that are wanted; none: all of them.

    Raises:
        NoSuchClass: one of ``codes`` is unknown.
    """
    about = told["groups" if level == "groups" else "classes"]
    known = [one["class"] for one in about]
    if unknown := [code for code in codes if code not in known]:
        kind = "group" if level == "groups" else "class"
        raise NoSuchClass(f"There is no {kind} {unknown[0]!r}. Available: {', '.join(known)}.")
    wanted = list(codes) or known
    if level == "pairs":
        return list(agreement.pair_lines(told, classes=wanted))
    if level == "overall":
        return _overall(told)
    if level == "measurements":
        return [line for line in _measured(told) if line["class"] in wanted]
    of = told["certainty"]["classes"] if level == "certainty" else about
    by_code = {one["class"]: one for one in of}
    return [{"readers": _people(told), **by_code[code]} for code in wanted]


def measures(line: Line) -> dict[str, Mapping[str, Any]]:
    """Return the measures of a line by name; of a measurement with its kind before it."""
    kind = f"{line['kind']}_" if "kind" in line else ""
    return {
        f"{kind}{name}": value
        for name, value in line.items()
        if isinstance(value, dict) and "low" in value
    }


def table(found: Sequence[Line], level: str) -> list[str]:
    """Return the lines as columns of text, each measure with its interval."""
    rows = list(_of_all(found) if level == "overall" else _of_lines(found, level))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _people(told: Mapping[str, Any]) -> list[str]:
    """Return the names of those who enter what is asked of all readers: models do not."""
    kinds = told.get("kinds") or [PERSON] * len(told["readers"])
    return [name for name, kind in zip(told["readers"], kinds, strict=True) if kind == PERSON]


def _named(line: Line) -> str:
    """Return the names of a line in one cell, each with its kind where it is not a person."""
    names = line["readers"]
    kinds = line.get("kinds") or [PERSON] * len(names)
    both = zip(names, kinds, strict=True)
    return " / ".join(name if kind == PERSON else f"{name} ({kind})" for name, kind in both)


PERSON = "person"


def _overall(told: Mapping[str, Any]) -> list[Line]:
    overall = told["overall"]
    whole = {key: overall[key] for key in WHOLE}
    return [
        {"readers": _people(told), "average": "exams", **whole},
        *({"readers": _people(told), "average": kind, **overall[kind]}
          for kind in ("macro", "micro")),
    ]  # fmt: skip


def _measured(told: Mapping[str, Any]) -> Iterator[Line]:
    """Yield a line for all readers compared at once, and one for each pair."""
    names = told["readers"]
    for one in told["measured"]:
        icc, kind = one["icc"], one["kind"]
        head = {"class": one["class"], "kind": kind, "unit": UNITS.get(kind, "")}
        yield {
            **head,
            "readers": [names[place] for place in icc["readers"]],
            "n": icc["agreement"]["n"],
            "icc_agreement": icc["agreement"],
            "icc_consistency": icc["consistency"],
        }
        for pair in one["pairs"]:
            readers = [names[place] for place in pair["readers"]]
            yield {**head, **pair, "readers": readers, "deviation": _deviation(pair)}


def _deviation(pair: Mapping[str, Any]) -> dict[str, Any]:
    """Return the standard deviation of the differences as a measure, which has no interval."""
    of_bias = pair["bias"]
    return {**of_bias, "estimate": pair["deviation"], "low": None, "high": None, "method": ""}


def _of_lines(found: Sequence[Line], level: str) -> Iterator[list[str]]:
    shown = SHOWN_OF[level]
    has_readers = level in {"pairs", "measurements"}
    told = HEADS.get(level, ("exams", "all / some gave it"))
    about = "group" if level == "groups" else "class"
    yield [*(["readers"] if has_readers else []), about, *told, *shown]
    for line in found:
        readers = [_named(line)] if has_readers else []
        numbers = (_number(line.get(name)) for name in shown)
        yield [*readers, line["class"], *_counts(line, level), *numbers]


HEADS = {
    "certainty": ("exams", "given by two", "possible / probable / definite"),
    "measurements": ("measured", "exams"),
}


def _counts(line: Line, level: str) -> list[str]:
    if level == "certainty":
        levels = " / ".join(str(line[f"n_{one}"]) for one in ("possible", "probable", "definite"))
        return [str(line["n_exams"]), str(line["n_both"]), levels]
    if level == "measurements":
        return [f"{line['kind']}, {line['unit']}", str(line["n"])]
    return [str(line[SHOWN[0]]["n"]), _given(line)]


def _of_all(found: Sequence[Line]) -> Iterator[list[str]]:
    yield ["average", "measure", "exams", "value"]
    for line in found:
        for name, value in measures(line).items():
            yield [line["average"], name, str(value["n"]), _number(value)]


def _given(line: Line) -> str:
    if "n11" in line:
        return f"{line['n11']} / {line['n11'] + line['n10'] + line['n01']}"
    return f"{line['n_positive_all']} / {line['n_positive_any']}"


def _number(value: Mapping[str, Any] | None) -> str:
    if value is None or value["estimate"] is None:
        return "-"
    if value["low"] is None:
        return f"{value['estimate']:.3f}"
    return f"{value['estimate']:.3f} ({value['low']:.3f}-{value['high']:.3f})"
