"""URLs below /api/."""

from __future__ import annotations

from django.urls import path

from annotations.api import (
    adjudications,
    agreement,
    archives,
    audit,
    batches,
    docs,
    exams,
    leases,
    notices,
    people,
    plans,
    public,
    reading,
    revisions,
    roster,
    studies,
    tracings,
)

urlpatterns = [
    path("schema/", public.Schema.as_view(), name="api-schema"),
    path("docs/", docs.page, name="api-docs"),
    path("classes/", public.Classes.as_view(), name="api-classes"),
    path("taxonomies/", public.Taxonomies.as_view(), name="api-taxonomies"),
    path("me/", people.Me.as_view(), name="api-me"),
    path("tokens/", people.Tokens.as_view(), name="api-tokens"),
    path("tokens/<int:pk>/", people.TokenDetail.as_view(), name="api-token"),
    path("assignments/", reading.Assignments.as_view(), name="api-assignments"),
    path("assignments/<int:pk>/", reading.AssignmentDetail.as_view(), name="api-assignment"),
    path("assignments/<int:pk>/draft/", reading.DraftDetail.as_view(), name="api-draft"),
    path(
        "assignments/<int:pk>/reading/", reading.ReadingCreate.as_view(), name="api-reading-create"
    ),
    path(
        "assignments/<int:pk>/adjudication/",
        adjudications.AssignmentAdjudication.as_view(),
        name="api-adjudication",
    ),
    path("assignments/<int:pk>/deferral/", reading.DeferralCreate.as_view(), name="api-deferral"),
    path(
        "assignments/<int:pk>/tracings/<int:position>/",
        tracings.AssignmentTracing.as_view(),
        name="api-assignment-tracing",
    ),
    path(
        "assignments/<int:pk>/prior/tracings/<int:position>/",
        tracings.PreviousTracing.as_view(),
        name="api-prior-tracing",
    ),
    path(
        "assignments/<int:pk>/suggestions/",
        revisions.AssignmentSuggestions.as_view(),
        name="api-assignment-suggestions",
    ),
    path("assignments/<int:pk>/viewing/", revisions.ViewingCreate.as_view(), name="api-viewing"),
    path(
        "assignments/<int:pk>/confirmation/",
        revisions.ConfirmationCreate.as_view(),
        name="api-confirmation",
    ),
    path("assignments/<int:pk>/revision/", revisions.RevisionCreate.as_view(), name="api-revision"),
    path("readings/", reading.Readings.as_view(), name="api-readings"),
    path("readings/<uuid:key>/", reading.ReadingDetail.as_view(), name="api-reading"),
    path("notices/", notices.Notices.as_view(), name="api-notices"),
    path("notices/seen/", notices.NoticesSeen.as_view(), name="api-notices-seen"),
    path("datasets/", exams.Datasets.as_view(), name="api-datasets"),
    path("exams/", exams.Exams.as_view(), name="api-exams"),
    path("exams/<slug:code>/", exams.ExamDetail.as_view(), name="api-exam"),
    path(
        "exams/<slug:code>/tracings/<int:position>/",
        tracings.TracingSamples.as_view(),
        name="api-tracing",
    ),
    path("studies/", studies.Studies.as_view(), name="api-studies"),
    path("studies/<slug:slug>/", studies.StudyDetail.as_view(), name="api-study"),
    path("studies/<slug:slug>/opening/", studies.StudyOpening.as_view(), name="api-study-opening"),
    path("studies/<slug:slug>/locking/", studies.StudyLocking.as_view(), name="api-study-locking"),
    path("studies/<slug:slug>/readers/", roster.StudyReaders.as_view(), name="api-study-readers"),
    path("studies/<slug:slug>/plans/", plans.StudyPlans.as_view(), name="api-study-plans"),
    path("studies/<slug:slug>/progress/", plans.StudyProgress.as_view(), name="api-study-progress"),
    path("studies/<slug:slug>/batches/", batches.StudyBatches.as_view(), name="api-study-batches"),
    path(
        "studies/<slug:slug>/consensus/",
        studies.StudyConsensus.as_view(),
        name="api-study-consensus",
    ),
    path(
        "studies/<slug:slug>/agreement/",
        agreement.StudyAgreement.as_view(),
        name="api-study-agreement",
    ),
    path(
        "studies/<slug:slug>/agreement/pairs/",
        agreement.StudyAgreementPairs.as_view(),
        name="api-study-agreement-pairs",
    ),
    path(
        "studies/<slug:slug>/agreement/errors/",
        agreement.StudyErrors.as_view(),
        name="api-study-agreement-errors",
    ),
    path("studies/<slug:slug>/export/", archives.StudyExport.as_view(), name="api-study-export"),
    path(
        "studies/<slug:slug>/archives/",
        archives.StudyArchives.as_view(),
        name="api-study-archives",
    ),
    path(
        "studies/<slug:slug>/archives/<uuid:key>/",
        archives.ArchiveDetail.as_view(),
        name="api-study-archive",
    ),
    path(
        "studies/<slug:slug>/archives/<uuid:key>/file/",
        archives.ArchiveFile.as_view(),
        name="api-study-archive-file",
    ),
    path("batches/<int:pk>/", batches.BatchDetail.as_view(), name="api-batch"),
    path("batches/<int:pk>/lease/", leases.Lease.as_view(), name="api-lease"),
    path("batches/<int:pk>/release/", plans.BatchRelease.as_view(), name="api-batch-release"),
    path("batches/<int:pk>/plan/", plans.BatchPlan.as_view(), name="api-batch-plan"),
    path("batches/<int:pk>/closing/", batches.BatchClosing.as_view(), name="api-batch-closing"),
    path("batches/<int:pk>/progress/", batches.BatchProgress.as_view(), name="api-batch-progress"),
    path(
        "batches/<int:pk>/adjudication/",
        batches.BatchAdjudication.as_view(),
        name="api-batch-adjudication",
    ),
    path(
        "batches/<int:pk>/extra-readings/",
        batches.BatchExtraReadings.as_view(),
        name="api-batch-extra-readings",
    ),
    path(
        "batches/<int:pk>/agreement/",
        agreement.BatchAgreement.as_view(),
        name="api-batch-agreement",
    ),
    path(
        "batches/<int:pk>/agreement/pairs/",
        agreement.BatchAgreementPairs.as_view(),
        name="api-batch-agreement-pairs",
    ),
    path(
        "batches/<int:pk>/agreement/errors/",
        agreement.BatchErrors.as_view(),
        name="api-batch-agreement-errors",
    ),
    path("audit/", audit.AuditEvents.as_view(), name="api-audit"),
    path("audit/export/", audit.AuditExport.as_view(), name="api-audit-export"),
    path("<path:rest>", public.UnknownAddress.as_view(), name="api-nowhere"),
]
