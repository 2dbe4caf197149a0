"""The references of a report, numbered in the order of first citation."""

from __future__ import annotations

from types import MappingProxyType


class Citations:
    """The works cited so far in one report."""

    def __init__(self) -> None:
        self._keys: list[str] = []

    def cite(self, *keys: str) -> str:
        """Cite works and return their numbers in brackets, such as ``[2,5]``.

        Raises:
            KeyError: a key is not in ``WORKS``.
        """
        for key in keys:
            if key not in WORKS:
                raise KeyError(key)
            if key not in self._keys:
                self._keys.append(key)
        return f"[{','.join(str(self._keys.index(key) + 1) for key in keys)}]"

    def listed(self) -> tuple[str, ...]:
        """Return the cited works with their numbers."""
        return tuple(f"{place}. {WORKS[key]}" for place, key in enumerate(self._keys, start=1))


# Full references in Vancouver style.
WORKS = MappingProxyType(
    {
        "grras": (
            "Kottner J, Audigé L, Brorson S, Donner A, Gajewski BJ, Hróbjartsson A, et al. "
            "Guidelines for Reporting Reliability and Agreement Studies (GRRAS) were proposed. "
            "J Clin Epidemiol. 2011;64(1):96-106. doi:10.1016/j.jclinepi.2010.03.002"
        ),
        "specific": (
            "Cicchetti DV, Feinstein AR. High agreement but low kappa: II. Resolving the "
            "paradoxes. J Clin Epidemiol. 1990;43(6):551-558. doi:10.1016/0895-4356(90)90159-M"
        ),
        "specific_many": (
            "de Vet HCW, Dikmans RE, Eekhout I. Specific agreement on dichotomous outcomes can be "
            "calculated for more than two raters. J Clin Epidemiol. 2017;83:85-89."
        ),
        "cohen": (
            "Cohen J. A coefficient of agreement for nominal scales. Educ Psychol Meas. "
            "1960;20(1):37-46. doi:10.1177/001316446002000104"
        ),
        "light": (
            "Light RJ. Measures of response agreement for qualitative data: some generalizations "
            "and alternatives. Psychol Bull. 1971;76(5):365-377. doi:10.1037/h0031643"
        ),
        "fleiss": (
            "Fleiss JL. Measuring nominal scale agreement among many raters. Psychol Bull. "
            "1971;76(5):378-382. doi:10.1037/h0031619"
        ),
        "krippendorff": (
            "Hayes AF, Krippendorff K. Answering the call for a standard reliability measure for "
            "coding data. Commun Methods Meas. 2007;1(1):77-89. doi:10.1080/19312450709336664"
        ),
        "gwet": (
            "Gwet KL. Computing inter-rater reliability and its variance in the presence of high "
            "agreement. Br J Math Stat Psychol. 2008;61(1):29-48. doi:10.1348/000711006X126600"
        ),
        "gwet_handbook": (
            "Gwet KL. Handbook of inter-rater reliability. 4th ed. Gaithersburg: Advanced "
            "Analytics; 2014."
        ),
        "ordinal": (
            "Krippendorff K. Computing Krippendorff's alpha-reliability. Philadelphia: Annenberg "
            "School for Communication, University of Pennsylvania; 2011."
        ),
        "brennan_prediger": (
            "Brennan RL, Prediger DJ. Coefficient kappa: some uses, misuses, and alternatives. "
            "Educ Psychol Meas. 1981;41(3):687-699. doi:10.1177/001316448104100307"
        ),
        "byrt": (
            "Byrt T, Bishop J, Carlin JB. Bias, prevalence and kappa. J Clin Epidemiol. "
            "1993;46(5):423-429. doi:10.1016/0895-4356(93)90018-V"
        ),
        "paradox": (
            "Feinstein AR, Cicchetti DV. High agreement but low kappa: I. The problems of two "
            "paradoxes. J Clin Epidemiol. 1990;43(6):543-549. doi:10.1016/0895-4356(90)90158-L"
        ),
        "jaccard": (
            "Jaccard P. The distribution of the flora in the alpine zone. New Phytol. "
            "1912;11(2):37-50. doi:10.1111/j.1469-8137.1912.tb05611.x"
        ),
        "bootstrap": (
            "Efron B, Tibshirani RJ. An introduction to the bootstrap. New York: Chapman & Hall; "
            "1993."
        ),
        "zapf": (
            "Zapf A, Castell S, Morawietz L, Karch A. Measuring inter-rater reliability for "
            "nominal data - which coefficients and confidence intervals are appropriate? BMC Med "
            "Res Methodol. 2016;16:93. doi:10.1186/s12874-016-0200-9"
        ),
        "clusters": (
            "Field CA, Welsh AH. Bootstrapping clustered data. J R Stat Soc Series B Stat "
            "Methodol. 2007;69(3):369-390. doi:10.1111/j.1467-9868.2007.00593.x"
        ),
        "effect": (
            "Rao JNK, Scott AJ. A simple method for the analysis of clustered binary data. "
            "Biometrics. 1992;48(2):577-585. doi:10.2307/2532311"
        ),
        "jeffreys": (
            "Brown LD, Cai TT, DasGupta A. Interval estimation for a binomial proportion. Stat "
            "Sci. 2001;16(2):101-133. doi:10.1214/ss/1009213286"
        ),
        "mcnemar": (
            "McNemar Q. Note on the sampling error of the difference between correlated "
            "proportions or percentages. Psychometrika. 1947;12(2):153-157. "
            "doi:10.1007/BF02295996"
        ),
    }
)
