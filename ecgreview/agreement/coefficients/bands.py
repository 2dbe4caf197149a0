"""Verbal bands that papers use for the size of a coefficient of agreement.

The words are conventions, not evidence, and differ between authors. A coefficient is reported with
the band that is probable given its standard error, not the band that contains its value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from ecgreview.agreement.values import arrays

_LOWEST, _HIGHEST = -1.0, 1.0  # range of a coefficient

# Required probability that the coefficient lies in the reported band, or above it.
PROBABLE = 0.95


class BadCoefficient(ValueError):
    """The coefficient is above 1, the error is negative, or their shapes differ."""


@dataclass(frozen=True, slots=True)
class Band:
    """A band of a scale; it ends where the next higher one begins.

    Attributes:
        name: the authors' name for it.
        lowest: lower limit.
        has_lowest: whether a coefficient equal to ``lowest`` is in this band; if not, it is in the
            band below.
    """

    name: str
    lowest: float
    has_lowest: bool = True


@dataclass(frozen=True, slots=True)
class Scale:
    """Bands of agreement, the best one first.

    Attributes:
        name: its authors.
        bands: best first; values below the last band count as part of it.
        source: the publication that proposed it.
    """

    name: str
    bands: tuple[Band, ...]
    source: str

    def at(self, estimates: ArrayLike) -> NDArray[np.intp]:
        """Return the index of the band that contains each estimate, ignoring its error.

        Args:
            estimates: any shape, at most 1; NaN where undefined.

        Returns:
            The same shape; -1 where the estimate is NaN.

        Raises:
            BadCoefficient: an estimate above 1.
        """
        values = _checked(estimates)
        reached = [
            values >= band.lowest if band.has_lowest else values > band.lowest
            for band in self.bands[:-1]
        ]
        return _first(np.stack([*reached, np.ones(values.shape, dtype=bool)]), values)

    def cumulative(self, estimates: ArrayLike, errors: ArrayLike) -> NDArray[np.float64]:
        """Return, for each band, the probability that a coefficient lies in it or in a better one.

        The coefficient is assumed to be normally distributed about its estimate, truncated
        to -1 to 1.

        Args:
            estimates: any shape, at most 1; NaN where undefined.
            errors: standard errors, the same shape; with an error of 0 the estimate is exact.

        Returns:
            Shape (..., n_bands), increasing; NaN where the estimate or its error is NaN.

        Raises:
            BadCoefficient: an estimate above 1, a negative error, or incompatible shapes.

        Source:
            Gwet 2014, Handbook of Inter-Rater Reliability, 4th ed., chapter 6.
        """
        values, spread = _checked(estimates), arrays.numbers(errors, BadCoefficient, "errors")
        if values.shape != spread.shape:
            raise BadCoefficient(f"estimates have shape {values.shape}, errors {spread.shape}")
        if (spread < 0).any():
            raise BadCoefficient("a standard error is negative")
        lowest = np.array([band.lowest for band in self.bands])
        scale = np.where(spread > 0, spread, 1.0)[..., None]
        above = _up_to_one(values[..., None], scale, lowest)
        all_of_it = _up_to_one(values[..., None], scale, np.array([_LOWEST]))
        is_spread = (spread > 0)[..., None] & (all_of_it > 0)
        place = self.at(values)[..., None]
        certain = np.where(place <= np.arange(len(self.bands)), 1.0, 0.0)
        probabilities = np.divide(above, all_of_it, out=certain, where=is_spread)
        is_known = ~np.isnan(values + spread)[..., None]
        return np.where(is_known, probabilities, np.nan)

    def probable(self, estimates: ArrayLike, errors: ArrayLike) -> NDArray[np.intp]:
        """Return the index of the best band that a coefficient reaches with probability
        ``PROBABLE``.

        Args:
            estimates: any shape, at most 1; NaN where undefined.
            errors: standard errors, the same shape.

        Returns:
            The same shape; the last band if none is probable, -1 where the estimate or its error is
            NaN.

        Raises:
            BadCoefficient: as in ``cumulative``.
        """
        probabilities = self.cumulative(estimates, errors)
        reached = np.moveaxis(probabilities >= PROBABLE, -1, 0)
        reached[-1] = True
        return _first(reached, probabilities[..., -1])

    def word(self, place: int) -> str:
        """Return the name of the band at index ``place``, empty for -1."""
        return self.bands[place].name if place >= 0 else ""


LANDIS_KOCH = Scale(
    "Landis and Koch",
    (
        Band("Almost Perfect", 0.8, has_lowest=False),
        Band("Substantial", 0.6, has_lowest=False),
        Band("Moderate", 0.4, has_lowest=False),
        Band("Fair", 0.2, has_lowest=False),
        Band("Slight", 0.0),
        Band("Poor", _LOWEST),
    ),
    "Landis & Koch 1977, Biometrics 33:159-174",
)
ALTMAN = Scale(
    "Altman",
    (
        Band("Very Good", 0.8, has_lowest=False),
        Band("Good", 0.6, has_lowest=False),
        Band("Moderate", 0.4, has_lowest=False),
        Band("Fair", 0.2, has_lowest=False),
        Band("Poor", _LOWEST),
    ),
    "Altman 1991, Practical Statistics for Medical Research, Chapman and Hall",
)
FLEISS = Scale(
    "Fleiss",
    (
        Band("Excellent", 0.75, has_lowest=False),
        Band("Intermediate to Good", 0.4),
        Band("Poor", _LOWEST),
    ),
    "Fleiss 1981, Statistical Methods for Rates and Proportions, 2nd ed., Wiley",
)
CICCHETTI_SPARROW = Scale(
    "Cicchetti and Sparrow",
    (Band("Excellent", 0.75), Band("Good", 0.6), Band("Fair", 0.4), Band("Poor", 0.0)),
    "Cicchetti & Sparrow 1981, Am J Ment Defic 86:127-137",
)
REGIER = Scale(
    "Regier et al.",
    (
        Band("Excellent", 0.8),
        Band("Very Good", 0.6),
        Band("Good", 0.4),
        Band("Questionable", 0.2),
        Band("Unacceptable", 0.0),
    ),
    "Regier et al. 2013, Am J Psychiatry 170:59-70",
)

# Scales by their name in reports.
SCALES: Mapping[str, Scale] = MappingProxyType(
    {
        "landis_koch": LANDIS_KOCH,
        "altman": ALTMAN,
        "fleiss": FLEISS,
        "cicchetti_sparrow": CICCHETTI_SPARROW,
        "regier": REGIER,
    }
)


def _checked(estimates: ArrayLike) -> NDArray[np.float64]:
    values = arrays.numbers(estimates, BadCoefficient, "coefficients")
    if (values > _HIGHEST + 1e-12).any():
        raise BadCoefficient("coefficients must be at most 1")
    return values


def _up_to_one(
    values: NDArray[np.float64], scale: NDArray[np.float64], lowest: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the probability that a normal variable with mean ``values`` is between ``lowest`` and
    1.
    """
    return np.asarray(ndtr((_HIGHEST - values) / scale) - ndtr((lowest - values) / scale))


def _first(reached: NDArray[np.bool_], is_known: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the first true index along axis 0, and -1 where ``is_known`` is NaN."""
    return np.where(np.isnan(is_known), -1, reached.argmax(axis=0))
