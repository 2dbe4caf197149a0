"""The levels of ``manage.py agreement``: their data, and the columns of their tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ecgreview import agreement
from ecgreview.agreement.reports.measured import UNITS

NAMES = ("pairs", "errors", "classes", "groups", "certainty", "measurements", "overall", "report")
AVERAGES = ("exact_set", "mean_jaccard", "jaccard_alpha", "masi_alpha")
STATISTICS = ("positive_agreement", "light_kappa", "krippendorff_alpha", "gwet_ac1")
# The statistics for which a table has room, by level.
STATISTICS_OF = {
    "classes": STATISTICS,
    "groups": STATISTICS,
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

Line = Mapping[str, Any]


class NoSuchClass(ValueError):
    """A requested class or group is not in the report."""


def lines(results: Mapping[str, Any], level: str, codes: Sequence[str]) -> list[Line]:
    """Return the data of a level, one mapping per line of output.

    Args:
        results: the results of a report, with the names of the readers.
        level: one of ``NAMES``, except "errors" and "report".
        codes: codes of the classes or groups to include; empty for all.

    Raises:
        NoSuchClass: one of ``codes`` is unknown.
    """
    about = results["groups" if level == "groups" else "classes"]
    available = [row["class"] for row in about]
    if unknown := [code for code in codes if code not in available]:
        kind = "group" if level == "groups" else "class"
        raise NoSuchClass(f"There is no {kind} {unknown[0]!r}. Available: {', '.join(available)}.")
    selected = list(codes) or available
    if level == "pairs":
        return list(agreement.pair_lines(results, classes=selected))
    if level == "overall":
        return _overall(results)
    if level == "measurements":
        return [line for line in _measured(results) if line["class"] in selected]
    of = results["certainty"]["classes"] if level == "certainty" else about
    by_code = {row["class"]: row for row in of}
    return [{"readers": _people(results), **by_code[code]} for code in selected]


def measures(line: Line) -> dict[str, Mapping[str, Any]]:
    """Return the statistics of a line by name; names start with the kind of measurement, if any."""
    kind = f"{line['kind']}_" if "kind" in line else ""
    return {
        f"{kind}{name}": value
        for name, value in line.items()
        if isinstance(value, dict) and "low" in value
    }


def table(lines: Sequence[Line], level: str) -> list[str]:
    """Return the lines as aligned text, each statistic with its interval."""
    cells = list(_of_all(lines) if level == "overall" else _of_lines(lines, level))
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]


def _people(results: Mapping[str, Any]) -> list[str]:
    """Return the names of the readers who are people. Statistics of all readers only use these."""
    kinds = results.get("kinds") or [PERSON] * len(results["readers"])
    return [name for name, kind in zip(results["readers"], kinds, strict=True) if kind == PERSON]


def _named(line: Line) -> str:
    """Return the readers of a line as one cell. Models and references are marked as such."""
    names = line["readers"]
    kinds = line.get("kinds") or [PERSON] * len(names)
    both = zip(names, kinds, strict=True)
    return " / ".join(name if kind == PERSON else f"{name} ({kind})" for name, kind in both)


PERSON = "person"


def _overall(results: Mapping[str, Any]) -> list[Line]:
    overall = results["overall"]
    averages = {key: overall[key] for key in AVERAGES}
    return [
        {"readers": _people(results), "average": "exams", **averages},
        *({"readers": _people(results), "average": kind, **overall[kind]}
          for kind in ("macro", "micro")),
    ]  # fmt: skip


def _measured(results: Mapping[str, Any]) -> Iterator[Line]:
    """Yield a line for all readers together and one for each pair, for each measurement."""
    names = results["readers"]
    for measurement in results["measured"]:
        icc, kind = measurement["icc"], measurement["kind"]
        head = {"class": measurement["class"], "kind": kind, "unit": UNITS.get(kind, "")}
        yield {
            **head,
            "readers": [names[place] for place in icc["readers"]],
            "n": icc["agreement"]["n"],
            "icc_agreement": icc["agreement"],
            "icc_consistency": icc["consistency"],
        }
        for pair in measurement["pairs"]:
            readers = [names[place] for place in pair["readers"]]
            yield {**head, **pair, "readers": readers, "deviation": _deviation(pair)}


def _deviation(pair: Mapping[str, Any]) -> dict[str, Any]:
    """Return the standard deviation of the differences as a statistic without an interval."""
    of_bias = pair["bias"]
    return {**of_bias, "estimate": pair["deviation"], "low": None, "high": None, "method": ""}


def _of_lines(lines: Sequence[Line], level: str) -> Iterator[list[str]]:
    names = STATISTICS_OF[level]
    has_readers = level in {"pairs", "measurements"}
    heads = HEADS.get(level, ("exams", "all / some present"))
    about = "group" if level == "groups" else "class"
    yield [*(["readers"] if has_readers else []), about, *heads, *names]
    for line in lines:
        readers = [_named(line)] if has_readers else []
        numbers = (_number(line.get(name)) for name in names)
        yield [*readers, line["class"], *_counts(line, level), *numbers]


HEADS = {
    "certainty": ("exams", "present for two", "possible / probable / definite"),
    "measurements": ("measured", "exams"),
}


def _counts(line: Line, level: str) -> list[str]:
    if level == "certainty":
        levels = " / ".join(
            str(line[f"n_{certainty}"]) for certainty in ("possible", "probable", "definite")
        )
        return [str(line["n_exams"]), str(line["n_both"]), levels]
    if level == "measurements":
        return [f"{line['kind']}, {line['unit']}", str(line["n"])]
    return [str(line[STATISTICS[0]]["n"]), _positive_counts(line)]


def _of_all(lines: Sequence[Line]) -> Iterator[list[str]]:
    yield ["average", "measure", "exams", "value"]
    for line in lines:
        for name, value in measures(line).items():
            yield [line["average"], name, str(value["n"]), _number(value)]


def _positive_counts(line: Line) -> str:
    if "n11" in line:
        return f"{line['n11']} / {line['n11'] + line['n10'] + line['n01']}"
    return f"{line['n_positive_all']} / {line['n_positive_any']}"


def _number(value: Mapping[str, Any] | None) -> str:
    if value is None or value["estimate"] is None:
        return "-"
    if value["low"] is None:
        return f"{value['estimate']:.3f}"
    return f"{value['estimate']:.3f} ({value['low']:.3f}-{value['high']:.3f})"
