"""How precise the agreement of a report is, and how many readings a narrower interval needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgreview.agreement import Cells
from ecgreview.agreement.reports import design_effects, precision
from ecgreview.agreement.reports.precision import Forecast, Target

# Number of points of each curve.
N_POINTS = 25


@dataclass(frozen=True, slots=True)
class ClassForecast:
    """How many readings one class needs for an interval of the requested width.

    Attributes:
        code: code of the class.
        half_widths: predicted half widths at each of ``ClassForecasts.n_reads``; empty when there
            is no forecast.
    """

    code: str
    forecast: Forecast
    half_widths: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ClassForecasts:
    """The forecasts of several classes.

    Attributes:
        n_reads: total numbers of readings at which half widths are predicted, ascending; empty
            when nothing can be forecast.
        classes: in the requested order.
    """

    n_reads: tuple[int, ...]
    classes: tuple[ClassForecast, ...]


def forecasts(
    results: Mapping[str, Any], codes: Sequence[str], half_width: float, *, target: Target
) -> ClassForecasts | None:
    """Forecast how many readings each class needs for an interval of estimate ± ``half_width``.

    Args:
        results: the results of a report.
        codes: codes of classes in the report.
        half_width: half of the interval's width, above 0 and below 1.
        target: the coefficient that the interval is for.

    Returns:
        None for an old report without the cells or design effects that the forecast needs; the
        next version of the report has them.

    Raises:
        precision.BadWidth: ``half_width`` is not above 0 and below 1.
    """
    lines = {line["class"]: line for line in results["classes"]}
    stored = design_effects.stored([lines[code] for code in codes])
    if "cells" not in results or (stored is None and results["method"]["unit"] == "patient"):
        return None
    effects = stored.agreement if stored and results["method"]["unit"] == "patient" else None
    places = list(lines)
    counts = np.array(results["cells"]["n_exams"], dtype=np.float64)
    table = np.array(results["cells"]["table"], dtype=np.float64).reshape(-1, 2)
    rows = [places.index(code) for code in codes]
    confidence = results["method"]["confidence"]
    cells = Cells(table, counts.reshape(len(places), len(table))[rows])
    predicted = precision.forecast(
        cells, half_width, target=target, confidence=confidence, effects=effects
    )
    n_reads = _points(predicted)
    widths = np.full((len(n_reads), len(codes)), np.nan)
    if n_reads.size:
        widths = precision.half_widths(
            cells, n_reads, target=target, confidence=confidence, effects=effects
        )
    return ClassForecasts(
        tuple(n_reads.tolist()),
        tuple(
            ClassForecast(code, forecast, () if np.isnan(column).any() else tuple(column.tolist()))
            for code, forecast, column in zip(codes, predicted, widths.T, strict=True)
        ),
    )


def _points(predicted: Sequence[Forecast]) -> NDArray[np.int64]:
    """Return the numbers of readings for which to predict half widths, on a logarithmic scale.

    They reach from half the current number to twice it, or to the number needed if that is larger.
    """
    measurable = [
        forecast for forecast in predicted if forecast.reads_needed is not None and forecast.n_reads
    ]
    if not measurable:
        return np.empty(0, dtype=np.int64)
    least = min(forecast.n_reads for forecast in measurable) / 2
    most = max(max(forecast.reads_needed or 0, 2 * forecast.n_reads) for forecast in measurable)
    return np.unique(np.geomspace(max(least, 2), max(most, 4), N_POINTS).astype(np.int64))
