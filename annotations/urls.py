"""URLs of the pages."""

from __future__ import annotations

from django.urls import URLPattern, path, register_converter
from django.urls.converters import StringConverter

from annotations.views import datasets, health, home, notices
from annotations.views.account import pages as account_pages
from annotations.views.account import sign_in, tokens
from annotations.views.agreement import (
    certainty,
    classes,
    downloads,
    exams,
    precision,
    profile,
    readers,
    report,
    suggestion_effect,
)
from annotations.views.audit import pages as audit_pages
from annotations.views.batches import committees, releases
from annotations.views.batches import pages as batches_pages
from annotations.views.desk import leases, own_results, qualification
from annotations.views.desk import pages as desk_pages
from annotations.views.people import pages as people_pages
from annotations.views.scoring import pages as scoring
from annotations.views.studies import (
    archives,
    data_releases,
    dispute_assignment,
    disputes,
    explorer,
    gold,
    lifecycle,
    plans,
    progress,
    roster,
    setup,
)
from annotations.views.studies import pages as studies_pages


class Base36Converter(StringConverter):
    """A user ID in base 36, as in allauth's links. It ends at the hyphen before the key."""

    regex = "[0-9A-Za-z]+"


class TextConverter(StringConverter):
    """A path segment without NUL, which PostgreSQL rejects in text."""

    regex = "[^/\\x00]+"


register_converter(Base36Converter, "base36")
register_converter(TextConverter, "text")


def _agreement(place: str, name: str) -> list[URLPattern]:
    """Return the URLs of the agreement pages, which are the same for batches and studies."""
    return [
        path(place, classes.classes, name=name),
        path(f"{place}computing/", classes.compute, name=f"{name}-computing"),
        path(f"{place}run/", classes.progress, name=f"{name}-run"),
        path(f"{place}cancelling/", classes.cancel, name=f"{name}-cancelling"),
        path(f"{place}readers/", readers.readers, name=f"{name}-readers"),
        path(f"{place}readers/<int:place>/", profile.reader, name=f"{name}-reader"),
        path(f"{place}pair/", readers.pair, name=f"{name}-pair"),
        path(f"{place}exams/", exams.exams, name=f"{name}-exams"),
        path(f"{place}exams/<text:code>/", exams.exam, name=f"{name}-exam"),
        path(f"{place}file/", downloads.file, name=f"{name}-file"),
        path(f"{place}suggestions/", suggestion_effect.suggestions, name=f"{name}-suggestions"),
        path(f"{place}certainty/", certainty.certainty, name=f"{name}-certainty"),
        path(f"{place}precision/", precision.precision, name=f"{name}-precision"),
        path(f"{place}report/", report.report, name=f"{name}-report"),
    ]


urlpatterns = [
    path("", home.home, name="home"),
    path("language/", sign_in.language, name="language"),
    path("taxonomy/", home.taxonomy, name="taxonomy"),
    path("worklist/", desk_pages.worklist, name="worklist"),
    path("worklist/<int:pk>/next/", leases.take_next, name="take-next"),
    path("read/<int:pk>/", desk_pages.desk, name="desk"),
    path("feedback/<int:pk>/", qualification.feedback_page, name="feedback"),
    path("notices/", notices.notice_list, name="notices"),
    path("studies/", studies_pages.study_list, name="studies"),
    path("studies/new/", studies_pages.study_new, name="study-new"),
    path("studies/new/steps/", setup.study_start, name="study-start"),
    path("studies/<slug:slug>/", studies_pages.study_detail, name="study"),
    path("studies/<slug:slug>/setup/name/", setup.setup_name, name="study-setup-name"),
    path("studies/<slug:slug>/setup/reading/", setup.setup_reading, name="study-setup-reading"),
    path("studies/<slug:slug>/setup/check/", setup.setup_check, name="study-setup-check"),
    path("studies/<slug:slug>/opening/", setup.study_open, name="study-open"),
    path("studies/<slug:slug>/locking/", lifecycle.study_lock, name="study-lock"),
    path("studies/<slug:slug>/release/", lifecycle.study_release, name="study-release"),
    path("studies/<slug:slug>/protocol/", lifecycle.study_protocol, name="study-protocol"),
    path(
        "studies/<slug:slug>/protocol.yaml",
        lifecycle.study_protocol_file,
        name="study-protocol-file",
    ),
    path("studies/<slug:slug>/amendment/", lifecycle.study_amend, name="study-amend"),
    path("studies/<slug:slug>/break-glass/", lifecycle.study_break_glass, name="study-break-glass"),
    path("studies/<slug:slug>/readers/", roster.study_readers, name="study-readers"),
    path("studies/<slug:slug>/readers/<int:pk>/", roster.study_reader, name="study-reader"),
    path(
        "studies/<slug:slug>/readers/<int:pk>/reassigning/",
        roster.study_reassign,
        name="study-reassign",
    ),
    path("studies/<slug:slug>/exams/", plans.study_exams, name="study-exams"),
    path("studies/<slug:slug>/gold/", gold.study_gold, name="study-gold"),
    path("studies/<slug:slug>/plan/", plans.study_plan, name="study-plan"),
    path("studies/<slug:slug>/progress/", progress.study_progress, name="study-progress"),
    path(
        "studies/<slug:slug>/progress.csv",
        progress.study_progress_file,
        name="study-progress-file",
    ),
    path("studies/<slug:slug>/consensus/", studies_pages.study_consensus, name="study-consensus"),
    path("studies/<slug:slug>/disputes/", disputes.study_disputes, name="study-disputes"),
    path(
        "studies/<slug:slug>/disputes.csv", disputes.study_disputes_file, name="study-disputes-file"
    ),
    path(
        "studies/<slug:slug>/disputes/assignment/",
        dispute_assignment.study_disputes_assign,
        name="study-disputes-assign",
    ),
    path(
        "studies/<slug:slug>/consensus/explorer/",
        explorer.consensus_explorer,
        name="study-explorer",
    ),
    path(
        "studies/<slug:slug>/consensus/explorer/progress/",
        explorer.explorer_progress,
        name="study-explorer-progress",
    ),
    path(
        "studies/<slug:slug>/consensus/explorer.csv",
        explorer.explorer_file,
        name="study-explorer-file",
    ),
    path("studies/<slug:slug>/my-results/", own_results.own_results, name="own-results"),
    path(
        "studies/<slug:slug>/my-results.csv",
        own_results.own_results_file,
        name="own-results-file",
    ),
    *_agreement("studies/<slug:slug>/agreement/", "study-agreement"),
    path("studies/<slug:slug>/export/", archives.study_export, name="study-export"),
    path(
        "studies/<slug:slug>/export/<uuid:key>/progress/",
        archives.study_export_progress,
        name="study-export-progress",
    ),
    path(
        "studies/<slug:slug>/export/<uuid:key>/",
        archives.study_export_file,
        name="study-export-file",
    ),
    path("studies/<slug:slug>/releases/", data_releases.study_releases, name="study-releases"),
    path(
        "studies/<slug:slug>/releases/<uuid:key>/",
        data_releases.study_release_file,
        name="study-release-file",
    ),
    path(
        "studies/<slug:slug>/releases/<uuid:key>/progress/",
        data_releases.study_release_progress,
        name="study-release-progress",
    ),
    path(
        "studies/<slug:slug>/releases/<uuid:key>/cancellation/",
        data_releases.study_release_cancel,
        name="study-release-cancel",
    ),
    path(
        "studies/<slug:slug>/releases/<uuid:key>/changes/",
        data_releases.study_release_difference,
        name="study-release-difference",
    ),
    path("studies/<slug:slug>/scoring/", scoring.study_scoring, name="study-scoring"),
    path("studies/<slug:slug>/scoring/<uuid:key>/", scoring.scoring_team, name="scoring-team"),
    path(
        "studies/<slug:slug>/scoring/<uuid:key>/token/",
        scoring.scoring_team_token,
        name="scoring-team-token",
    ),
    path(
        "studies/<slug:slug>/scoring/<uuid:key>/closing/",
        scoring.scoring_team_close,
        name="scoring-team-close",
    ),
    path(
        "studies/<slug:slug>/scoring/<uuid:key>/attempts/<uuid:attempt>/",
        scoring.scoring_scores,
        name="scoring-scores",
    ),
    path(
        "studies/<slug:slug>/scoring/<uuid:key>/attempts/<uuid:attempt>.csv",
        scoring.scoring_scores_file,
        name="scoring-scores-file",
    ),
    path("studies/<slug:slug>/batches/new/", batches_pages.batch_new, name="batch-new"),
    path("batches/<int:pk>/", batches_pages.batch_detail, name="batch"),
    path("batches/<int:pk>/release/", releases.batch_release, name="batch-release"),
    path("batches/<int:pk>/due/", releases.batch_due, name="batch-due"),
    path("batches/<int:pk>/discarding/", releases.batch_discard, name="batch-discard"),
    path("batches/<int:pk>/closing/", batches_pages.batch_close, name="batch-close"),
    path("batches/<int:pk>/adjudication/", batches_pages.batch_adjudicate, name="batch-adjudicate"),
    path("batches/<int:pk>/extra-readings/", batches_pages.batch_extra, name="batch-extra"),
    path("batches/<int:pk>/session/", committees.session_begin, name="session-begin"),
    path("batches/<int:pk>/session/ending/", committees.session_end, name="session-end"),
    *_agreement("batches/<int:pk>/agreement/", "batch-agreement"),
    path("audit/", audit_pages.audit_list, name="audit"),
    path("audit/export/", audit_pages.audit_export, name="audit-export"),
    path("audit/<int:seq>/", audit_pages.audit_event, name="audit-event"),
    path("datasets/", datasets.dataset_list, name="datasets"),
    path("datasets/<int:pk>/", datasets.dataset_detail, name="dataset"),
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    # People and accounts
    path("sign-in/", account_pages.sign_in, name="sign-in"),
    path("sign-in/second-factor/", account_pages.ask_second_factor, name="mfa_authenticate"),
    path("sign-in/passkey/", account_pages.passkey_sign_in, name="mfa_login_webauthn"),
    path("sign-out/", sign_in.SignOut.as_view(), name="sign-out"),
    path("link/", sign_in.link, name="link"),
    path("invitation/", sign_in.invitation, name="invitation"),
    path("password/forgotten/", account_pages.forgotten_password, name="account_reset_password"),
    path(
        "password/forgotten/sent/",
        account_pages.forgotten_password_sent,
        name="account_reset_password_done",
    ),
    path(
        "password/new/done/",
        account_pages.new_password_done,
        name="account_reset_password_from_key_done",
    ),
    path(
        "password/new/<base36:uidb36>-<text:key>/",
        account_pages.new_password,
        name="account_reset_password_from_key",
    ),
    path("account/", account_pages.overview, name="mfa_index"),
    path("account/password/", account_pages.change_password, name="account_change_password"),
    path("account/password/first/", account_pages.set_password, name="account_set_password"),
    path("account/confirm/", account_pages.confirm_by_password, name="account_reauthenticate"),
    path("account/confirm/code/", account_pages.confirm_by_code, name="mfa_reauthenticate"),
    path(
        "account/confirm/passkey/",
        account_pages.confirm_by_passkey,
        name="mfa_reauthenticate_webauthn",
    ),
    path("account/app/on/", account_pages.app_on, name="mfa_activate_totp"),
    path("account/app/off/", account_pages.app_off, name="mfa_deactivate_totp"),
    path("account/codes/", account_pages.recovery_codes, name="mfa_view_recovery_codes"),
    path(
        "account/codes/new/", account_pages.new_recovery_codes, name="mfa_generate_recovery_codes"
    ),
    path("account/passkeys/", account_pages.passkeys, name="mfa_list_webauthn"),
    path("account/passkeys/new/", account_pages.passkey_add, name="mfa_add_webauthn"),
    path("account/passkeys/<int:pk>/name/", account_pages.passkey_rename, name="mfa_edit_webauthn"),
    path(
        "account/passkeys/<int:pk>/end/", account_pages.passkey_remove, name="mfa_remove_webauthn"
    ),
    path("account/sessions/", account_pages.own_sessions, name="usersessions_list"),
    path("account/tokens/", tokens.own_tokens, name="account-tokens"),
    path("account/tokens/<int:pk>/end/", tokens.token_end, name="account-token-end"),
    # allauth reverses these two URLs by its own names.
    path("sign-in/", account_pages.sign_in, name="account_login"),
    path("sign-out/", sign_in.SignOut.as_view(), name="account_logout"),
    path("people/", people_pages.person_list, name="people"),
    path("people/new/", people_pages.person_invite, name="person-invite"),
    path("people/<int:pk>/", people_pages.person_detail, name="person"),
    path("people/<int:pk>/link/", people_pages.person_link, name="person-link"),
    path("people/<int:pk>/vouch/", people_pages.person_vouch, name="person-vouch"),
    path("people/<int:pk>/end/", people_pages.person_end, name="person-end"),
    path(
        "people/<int:pk>/second-factor/",
        people_pages.person_second_factor,
        name="person-second-factor",
    ),
]
