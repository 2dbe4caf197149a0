"""Sentences about the errors of two readers: cautions, and why there is no comparison or test."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ecgreview.agreement.accuracy.paired_errors import Caution, Missing, Undefined

CAUTIONS: Mapping[Caution, Promise] = {
    Caution.OWN_VOTE_OF_FIRST: _(
        "%(first)s voted in this consensus, so their errors are underestimated."
    ),
    Caution.OWN_VOTE_OF_SECOND: _(
        "%(second)s voted in this consensus, so their errors are underestimated."
    ),
    Caution.PATIENTS_WITH_SEVERAL_EXAMS: _(
        "Some patients have several of these exams. Their exams are not independent, so the p"
        " values are too small."
    ),
}
WHY_NONE: Mapping[Missing, Promise] = {
    Missing.NOT_STORED: _("This version has no comparison of errors. Newer versions have it."),
    Missing.NOT_OPEN: _(
        "Individual readings are not visible to you yet, so errors cannot be compared."
    ),
    Missing.TOO_MANY: _(
        "There are too many readings or readers to compare at once. Open a single batch instead."
    ),
    Missing.NO_MAPPING: _("Some readings use classes that are not mapped to the current ones."),
    Missing.NO_REFERENCE: _(
        "There is no reference yet: the study has no reference reader, and no exam has a consensus."
    ),
    Missing.IS_REFERENCE: _("One of the two is the reference itself."),
    Missing.NO_COMMON_EXAM: _("No exam read by both has a reference."),
}
WHY_NO_TEST: Mapping[Undefined, Promise] = {
    Undefined.NOTHING_COMPARED: _("There is no exam in which all three could assess the class."),
    Undefined.NEVER_DIFFERED: _("Both were right and wrong on the same exams."),
}


def caution(code: Caution, *, first: str, second: str) -> str:
    """Return the sentence for a caution.

    Args:
        code: the caution.
        first: the name of the first reader.
        second: the name of the second reader.
    """
    return str(CAUTIONS[code] % {"first": first, "second": second})


def why_none(code: Missing) -> str:
    """Return why there are no comparisons."""
    return str(WHY_NONE[code])


def why_no_test(code: Undefined) -> str:
    return str(WHY_NO_TEST[code])


def sentences_of(why: Missing | None, lines: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the sentences for ``why`` and for all codes in ``lines``, by code.

    They call the readers "the first reader" and "the second reader".
    """
    sentences = {str(why): why_none(why)} if why else {}
    names = {"first": gettext("The first reader"), "second": gettext("The second reader")}
    for line in lines:
        sentences |= {code: caution(Caution(code), **names) for code in line["cautions"]}
        if line["undefined"]:
            sentences[line["undefined"]] = why_no_test(Undefined(line["undefined"]))
    return sentences
