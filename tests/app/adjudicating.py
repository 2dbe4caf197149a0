"""Deciding the classes in dispute as an adjudicator."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from annotations.models import AdjudicationCase, Answer, Assignment
from annotations.services.adjudication import decisions, stages
from annotations.services.adjudication.decisions import AnswerIn, Given, Submission


def decide(
    assignment: Assignment,
    *present: str,
    now: datetime,
    undecidable: Collection[str] = (),
    overruling: Mapping[str, str] | None = None,
    **more: Any,
) -> Submission:
    """Decide every class in dispute: present, not decidable, or else absent.

    Args:
        assignment: of the adjudicator.
        present: codes of the classes that are present.
        now: time of the decision.
        undecidable: codes of the classes that are not decidable.
        overruling: reasons by code of the classes whose agreement is overruled; a class among
            ``present`` is made present, any other absent.
        more: fields of ``Given``.
    """
    case = AdjudicationCase.objects.get(batch=assignment.batch, exam=assignment.exam)
    reasons = overruling or {}
    answers: Iterable[AnswerIn] = (
        AnswerIn(code, _answer(code, present, undecidable), reasons.get(code, ""))
        for code in [*case.asked, *reasons]
    )
    if more.get("is_unreadable"):
        answers = ()
    given = {
        "stage": stages.progress(assignment).due,
        "key": uuid.uuid4(),
        "answers": list(answers),
        **more,
    }
    return decisions.submit(
        assignment_id=assignment.pk, adjudicator=assignment.reader, given=Given(**given), now=now
    )


def _answer(code: str, present: Collection[str], undecidable: Collection[str]) -> str:
    if code in undecidable:
        return Answer.NOT_DECIDABLE
    return Answer.PRESENT if code in present else Answer.ABSENT
