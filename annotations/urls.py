"""The addresses of the pages."""

from __future__ import annotations

from django.urls import URLPattern, path, register_converter
from django.urls.converters import StringConverter

from annotations.views import (
    account,
    account_tokens,
    agreement,
    agreement_arms,
    agreement_certainty,
    agreement_exams,
    agreement_files,
    agreement_precision,
    agreement_profile,
    agreement_readers,
    agreement_report,
    agreement_run,
    archives,
    audit,
    batches,
    dashboard,
    datasets,
    health,
    home,
    leases,
    notices,
    people,
    phases,
    plans,
    qualification,
    reading,
    releases,
    roster,
    session,
    studies,
    wizard,
)


class Base36Converter(StringConverter):
    """A number as allauth writes it into a link: it ends at the first hyphen."""

    regex = "[0-9A-Za-z]+"


class TextConverter(StringConverter):
    """A part of an address without NUL, which PostgreSQL refuses in any text."""

    regex = "[^/\\x00]+"


register_converter(Base36Converter, "base36")
register_converter(TextConverter, "text")


def _agreement(place: str, name: str) -> list[URLPattern]:
    """Return the addresses of the agreement of a batch or of a study, which are alike."""
    return [
        path(place, agreement.classes, name=name),
        path(f"{place}computing/", agreement.compute, name=f"{name}-computing"),
        path(f"{place}run/", agreement_run.run, name=f"{name}-run"),
        path(f"{place}cancelling/", agreement.cancel, name=f"{name}-cancelling"),
        path(f"{place}readers/", agreement_readers.readers, name=f"{name}-readers"),
        path(f"{place}readers/<int:place>/", agreement_profile.reader, name=f"{name}-reader"),
        path(f"{place}pair/", agreement_readers.pair, name=f"{name}-pair"),
        path(f"{place}exams/", agreement_exams.exams, name=f"{name}-exams"),
        path(f"{place}exams/<text:code>/", agreement_exams.exam, name=f"{name}-exam"),
        path(f"{place}file/", agreement_files.file, name=f"{name}-file"),
        path(f"{place}suggestions/", agreement_arms.suggestions, name=f"{name}-suggestions"),
        path(f"{place}certainty/", agreement_certainty.certainty, name=f"{name}-certainty"),
        path(f"{place}precision/", agreement_precision.precision, name=f"{name}-precision"),
        path(f"{place}report/", agreement_report.report, name=f"{name}-report"),
    ]


urlpatterns = [
    path("", home.home, name="home"),
    path("language/", session.language, name="language"),
    path("taxonomy/", home.taxonomy, name="taxonomy"),
    path("worklist/", reading.worklist, name="worklist"),
    path("worklist/<int:pk>/next/", leases.take_next, name="take-next"),
    path("read/<int:pk>/", reading.desk, name="desk"),
    path("feedback/<int:pk>/", qualification.feedback_page, name="feedback"),
    path("notices/", notices.notice_list, name="notices"),
    path("studies/", studies.study_list, name="studies"),
    path("studies/new/", studies.study_new, name="study-new"),
    path("studies/new/steps/", wizard.study_start, name="study-start"),
    path("studies/<slug:slug>/", studies.study_detail, name="study"),
    path("studies/<slug:slug>/setup/name/", wizard.setup_name, name="study-setup-name"),
    path("studies/<slug:slug>/setup/reading/", wizard.setup_reading, name="study-setup-reading"),
    path("studies/<slug:slug>/setup/check/", wizard.setup_check, name="study-setup-check"),
    path("studies/<slug:slug>/opening/", wizard.study_open, name="study-open"),
    path("studies/<slug:slug>/locking/", phases.study_lock, name="study-lock"),
    path("studies/<slug:slug>/release/", phases.study_release, name="study-release"),
    path("studies/<slug:slug>/protocol/", phases.study_protocol, name="study-protocol"),
    path(
        "studies/<slug:slug>/protocol.yaml", phases.study_protocol_file, name="study-protocol-file"
    ),
    path("studies/<slug:slug>/amendment/", phases.study_amend, name="study-amend"),
    path("studies/<slug:slug>/break-glass/", phases.study_break_glass, name="study-break-glass"),
    path("studies/<slug:slug>/readers/", roster.study_readers, name="study-readers"),
    path("studies/<slug:slug>/readers/<int:pk>/", roster.study_reader, name="study-reader"),
    path(
        "studies/<slug:slug>/readers/<int:pk>/reassigning/",
        roster.study_reassign,
        name="study-reassign",
    ),
    path("studies/<slug:slug>/exams/", plans.study_exams, name="study-exams"),
    path("studies/<slug:slug>/plan/", plans.study_plan, name="study-plan"),
    path("studies/<slug:slug>/progress/", dashboard.study_progress, name="study-progress"),
    path(
        "studies/<slug:slug>/progress.csv",
        dashboard.study_progress_file,
        name="study-progress-file",
    ),
    path("studies/<slug:slug>/consensus/", studies.study_consensus, name="study-consensus"),
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
    path("studies/<slug:slug>/batches/new/", batches.batch_new, name="batch-new"),
    path("batches/<int:pk>/", batches.batch_detail, name="batch"),
    path("batches/<int:pk>/release/", releases.batch_release, name="batch-release"),
    path("batches/<int:pk>/due/", releases.batch_due, name="batch-due"),
    path("batches/<int:pk>/discarding/", releases.batch_discard, name="batch-discard"),
    path("batches/<int:pk>/closing/", batches.batch_close, name="batch-close"),
    path("batches/<int:pk>/adjudication/", batches.batch_adjudicate, name="batch-adjudicate"),
    *_agreement("batches/<int:pk>/agreement/", "batch-agreement"),
    path("audit/", audit.audit_list, name="audit"),
    path("audit/export/", audit.audit_export, name="audit-export"),
    path("audit/<int:seq>/", audit.audit_event, name="audit-event"),
    path("datasets/", datasets.dataset_list, name="datasets"),
    path("datasets/<int:pk>/", datasets.dataset_detail, name="dataset"),
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    # People and accounts
    path("sign-in/", account.sign_in, name="sign-in"),
    path("sign-in/second-factor/", account.ask_second_factor, name="mfa_authenticate"),
    path("sign-in/passkey/", account.passkey_sign_in, name="mfa_login_webauthn"),
    path("sign-out/", session.SignOut.as_view(), name="sign-out"),
    path("link/", session.link, name="link"),
    path("invitation/", session.invitation, name="invitation"),
    path("password/forgotten/", account.forgotten_password, name="account_reset_password"),
    path(
        "password/forgotten/sent/",
        account.forgotten_password_sent,
        name="account_reset_password_done",
    ),
    path(
        "password/new/done/",
        account.new_password_done,
        name="account_reset_password_from_key_done",
    ),
    path(
        "password/new/<base36:uidb36>-<text:key>/",
        account.new_password,
        name="account_reset_password_from_key",
    ),
    path("account/", account.overview, name="mfa_index"),
    path("account/password/", account.change_password, name="account_change_password"),
    path("account/password/first/", account.set_password, name="account_set_password"),
    path("account/confirm/", account.confirm_by_password, name="account_reauthenticate"),
    path("account/confirm/code/", account.confirm_by_code, name="mfa_reauthenticate"),
    path(
        "account/confirm/passkey/", account.confirm_by_passkey, name="mfa_reauthenticate_webauthn"
    ),
    path("account/app/on/", account.app_on, name="mfa_activate_totp"),
    path("account/app/off/", account.app_off, name="mfa_deactivate_totp"),
    path("account/codes/", account.recovery_codes, name="mfa_view_recovery_codes"),
    path("account/codes/new/", account.new_recovery_codes, name="mfa_generate_recovery_codes"),
    path("account/passkeys/", account.passkeys, name="mfa_list_webauthn"),
    path("account/passkeys/new/", account.passkey_add, name="mfa_add_webauthn"),
    path("account/passkeys/<int:pk>/name/", account.passkey_rename, name="mfa_edit_webauthn"),
    path("account/passkeys/<int:pk>/end/", account.passkey_remove, name="mfa_remove_webauthn"),
    path("account/sessions/", account.own_sessions, name="usersessions_list"),
    path("account/tokens/", account_tokens.own_tokens, name="account-tokens"),
    path("account/tokens/<int:pk>/end/", account_tokens.token_end, name="account-token-end"),
    # allauth asks for these two by names of its own.
    path("sign-in/", account.sign_in, name="account_login"),
    path("sign-out/", session.SignOut.as_view(), name="account_logout"),
    path("people/", people.person_list, name="people"),
    path("people/new/", people.person_invite, name="person-invite"),
    path("people/<int:pk>/", people.person_detail, name="person"),
    path("people/<int:pk>/link/", people.person_link, name="person-link"),
    path("people/<int:pk>/vouch/", people.person_vouch, name="person-vouch"),
    path("people/<int:pk>/end/", people.person_end, name="person-end"),
    path(
        "people/<int:pk>/second-factor/", people.person_second_factor, name="person-second-factor"
    ),
]
