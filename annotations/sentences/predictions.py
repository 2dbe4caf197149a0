"""Sentences about problems in files of predictions."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ecgreview.strict_files import Problem

# By code. Problems without a code concern the encoding; their own English text is used.
SENTENCES: Mapping[str, Promise] = {
    "damaged": _("The file is damaged: gzip cannot unpack it. Compress it again."),
    "incomplete": _("The end of the file is missing. Send it again."),
    "not_csv": _("This is not valid CSV. Check the quotes."),
    "empty": _("The file is empty. Fill the template of the release."),
    "first_column": _("The first column must be named exam."),
    "no_class": _("No class is predicted. Add a column for each class."),
    "unknown_class": _("%(name)s is not a class of the release. Use the codes of the template."),
    "twice": _("The column %(name)s appears twice. Remove one."),
    "cells": _("The row has %(n)s cells, but the first row has %(expected)s."),
    "no_probability": _(
        "“%(cell)s” is not a number from 0 to 1. Write it with a decimal point, such as 0.25."
    ),
    "unknown_exam": _("“%(exam)s” is not an exam whose labels are embargoed in this release."),
    "exam_twice": _("%(exam)s is already in line %(first)s. Remove one of the rows."),
    "exams_missing": _(
        "%(n)s of %(total)s exams are missing: %(exams)s. Predict every exam of the template."
    ),
}


def sentence(problem: Problem) -> str:
    """Return what is wrong and where."""
    if problem.code not in SENTENCES:
        return str(problem)
    text = str(SENTENCES[problem.code]) % problem.details
    if problem.line is None:
        return text
    if problem.column is None:
        return gettext("Line %(line)s: %(text)s") % {"line": problem.line, "text": text}
    return gettext("Line %(line)s, column %(column)s: %(text)s") % {
        "line": problem.line,
        "column": problem.column,
        "text": text,
    }
