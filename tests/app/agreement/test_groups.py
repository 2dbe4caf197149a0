"""Agreement about groups of the taxonomy."""

from __future__ import annotations

import pytest

from annotations.models import AgreementReport, DiagnosticClass
from annotations.services import agreement, agreement_groups
from tests.app.agreement.pages import AF, LBBB, PVC

pytestmark = pytest.mark.django_db


def group_of(code):
    return DiagnosticClass.objects.get(code=code).group.code


def group_line(report, code):
    return next(one for one in report.results["groups"] if one["class"] == group_of(code))


def test_every_class_is_in_its_group(taxonomy):
    found = agreement_groups.members(taxonomy.pk)
    assert list(found) == list(taxonomy.groups.order_by("position").values_list("code", flat=True))
    codes = [code for members in found.values() for code in members]
    assert sorted(codes) == sorted(taxonomy.classes.values_list("code", flat=True))
    assert AF in found[group_of(AF)]


def test_the_report_tells_of_groups_what_it_tells_of_classes(batch):
    for report in AgreementReport.objects.filter(study=batch.study):
        results = report.results
        (of_class,) = (one for one in results["classes"] if one["class"] == LBBB)
        of_group = group_line(report, LBBB)
        assert of_group.keys() - {"members"} == of_class.keys()
        assert LBBB in of_group["members"]
        # In the last two exams a reader gives AF or a PVC in the place of the block.
        assert (of_group["n_positive_any"], of_group["n_positive_all"]) == (2, 0)


def test_readers_who_name_two_classes_of_a_group_agree_about_it(
    make_batch, submit, close, taxonomy, ana, bruno, now
):
    group = DiagnosticClass.objects.get(code=PVC).group
    first, second = group.classes.order_by("position")[:2]
    made = make_batch()
    submit(made.assignments.get(reader=ana), first.code)
    submit(made.assignments.get(reader=bruno), second.code)
    close(made)
    report = agreement.refresh(batch=made, now=now)
    line = next(one for one in report.results["groups"] if one["class"] == group.code)
    assert line["n_positive_all"] == 1
    assert line["positive_agreement"]["estimate"] == 1
