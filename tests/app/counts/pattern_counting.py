"""Helpers shared by the tests of live pattern counts."""

from __future__ import annotations

from dataclasses import replace

from annotations.models import (
    PatternCount,
    ReaderSetCount,
    Scope,
    Study,
    Taxonomy,
    UncountedExam,
    in_scope,
)
from annotations.services.counts import live, recount
from annotations.services.studies import lifecycle, protocols
from annotations.services.taxonomy import mappings, versions
from ecgreview import taxonomy as published
from tests.app.taxonomy.test_versions import STEPS, next_version


def drain(now):
    """Count every queued exam."""
    while live.count_next(now=now):
        pass


def differences(study, now):
    """Recount ``study``; return reports with differences or waiting exams.

    The queue must be empty.
    """
    assert not UncountedExam.objects.exists()
    reports = [recount.recount(scope, repairs=False, now=now) for scope in recount.scopes(study)]
    return [report for report in reports if not report.is_correct or report.n_waiting]


def of_batch(batch):
    return Scope(batch.study_id, batch.pk)


def sets(scope):
    """Return the number of exams by set of readers."""
    rows = ReaderSetCount.objects.filter(in_scope(scope)).values_list("readers", "n_exams")
    return {tuple(readers): n for readers, n in rows}


def patterns(scope):
    """Return the number of exams by class, set of readers and pattern."""
    rows = PatternCount.objects.filter(in_scope(scope)).values_list(
        "diagnostic_class__code", "readers", "pattern", "n_exams"
    )
    return {(code, tuple(readers), digits): n for code, readers, digits, n in rows}


def amend_to_next_version(study, davi, now):
    """Amend the study to a taxonomy version that splits, renames and retires one class each."""
    old, source = Taxonomy.objects.get(), next_version()
    row = versions.install(taxonomy=source, now=now)
    mapping = published.map_steps(STEPS, mappings.as_published(old), source)
    mappings.install(old=old, new=row, mapping=mapping, actor=davi, now=now)
    amended = replace(
        protocols.protocol_of(Study.objects.get(pk=study.pk)),
        taxonomy=str(row), frequent_classes=("atrial_fibrillation",),
    )  # fmt: skip
    lifecycle.amend(study_id=study.pk, protocol=amended, reason="new list", actor=davi, now=now)
    study.refresh_from_db()
