"""The texts of notices: pages use the language of the request, e-mails use both languages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotations.models import Notice, NoticeKind

# We know a person's language only from their browser, so e-mails contain both languages.
MAIL_LANGUAGES = ("en", "pt-br")


@dataclass(frozen=True, slots=True)
class Words:
    title: str
    text: str


def of(notice: Notice) -> Words:
    """Return the text of ``notice`` in the active language."""
    kind = NoticeKind(notice.kind)
    return Words(str(kind.label), TEXTS[kind](_Filled(notice.data)))


def of_mail(kind: NoticeKind, address: str) -> Words:
    """Return subject and text of the e-mail about a notice of ``kind``.

    It names no study, batch, exam or person, because e-mail passes through many servers.

    Args:
        kind: the kind of notice.
        address: URL of the site, or empty.
    """
    titles, texts = [], []
    for language in MAIL_LANGUAGES:
        with translation.override(language):
            titles.append(str(kind.label))
            body = _("%(title)s. Sign in to ECG Review for details.") % {"title": kind.label}
            texts.append(body)
    lines = [*texts, *([address] if address else [])]
    return Words(f"ECG Review: {' / '.join(titles)}", "\n\n".join(lines) + "\n")


class _Filled(Mapping[str, Any]):
    """The data of a notice. Keys that older notices lack give a dash."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = data

    def __getitem__(self, key: str) -> Any:
        return self.data.get(key) or "–"

    def __iter__(self) -> Any:
        return iter(self.data)

    def __len__(self) -> int:
        return len(self.data)

    @property
    def n_exams(self) -> int:
        return int(self.data.get("n_exams") or 0)

    @property
    def n_repaired(self) -> int:
        return int(self.data.get("n_repaired") or 0)

    @property
    def place(self) -> str:
        """The study followed by the batch, or by "the whole study"."""
        batch = self.data.get("batch") or _("the whole study")
        return f"{self['study']} · {batch}"

    @property
    def due(self) -> str:
        """The sentence about the due date with a leading space, or an empty string."""
        written = self.data.get("due_on")
        if not written:
            return ""
        day = date_format(date.fromisoformat(written), "DATE_FORMAT")
        return " " + _("Please finish by %(day)s.") % {"day": day}


def _released(data: _Filled) -> str:
    if not data.n_exams:
        return _("%(study)s · %(batch)s: take exams one at a time.") % data + data.due
    text = ngettext(
        "%(study)s · %(batch)s: %(n_exams)s new exam to read.",
        "%(study)s · %(batch)s: %(n_exams)s new exams to read.",
        data.n_exams,
    )
    return text % data + data.due


def _reassigned(data: _Filled) -> str:
    text = ngettext(
        "%(study)s: %(n_exams)s exam was added to the end of your queue.",
        "%(study)s: %(n_exams)s exams were added to the end of your queue.",
        data.n_exams,
    )
    return text % data


def _due(data: _Filled) -> str:
    return _("%(study)s · %(batch)s is not finished yet.") % data + data.due


def _overdue(data: _Filled) -> str:
    text = _("%(study)s · %(batch)s is overdue. If you cannot finish it, tell the coordinator.")
    return text % data


def _paused(data: _Filled) -> str:
    return _("%(study)s: you get no more exams for now. Your readings are kept.") % data


def _resumed(data: _Filled) -> str:
    return _("%(study)s: your exams are on your worklist.") % data


def _withdrawn(data: _Filled) -> str:
    return _("%(study)s: your readings are kept. There is nothing left to do.") % data


def _passed(data: _Filled) -> str:
    return _("%(study)s · %(batch)s: you can now read the exams of the study.") % data


def _failed(data: _Filled) -> str:
    text = _(
        "%(study)s · %(batch)s: compare your answers with the reference. The "
        "coordinator can open another set for you."
    )
    return text % data


def _locked(data: _Filled) -> str:
    return _("%(study)s is closed to new readings. Thank you for your work.") % data


def _broken(_data: _Filled) -> str:
    return _(
        "The nightly check found events that were changed, lost or reordered. "
        "Check the audit trail now."
    )


def _repaired(data: _Filled) -> str:
    text = ngettext(
        "%(place)s: a recount corrected %(n)s wrong entry in the counts. Use the next "
        "version of the agreement instead of earlier ones, and tell the server "
        "administrator.",
        "%(place)s: a recount corrected %(n)s wrong entries in the counts. Use the "
        "next version of the agreement instead of earlier ones, and tell the server "
        "administrator.",
        data.n_repaired,
    )
    return text % {"place": data.place, "n": data.n_repaired}


def _uncounted(data: _Filled) -> str:
    text = _(
        "%(place)s: last night's recount failed, so the counts behind its agreement "
        "were not checked. It runs again every night. Tell the server administrator: "
        "the log has the reason."
    )
    return text % {"place": data.place}


TEXTS: dict[NoticeKind, Callable[[_Filled], str]] = {
    NoticeKind.BATCH_RELEASED: _released,
    NoticeKind.BATCH_DUE: _due,
    NoticeKind.BATCH_OVERDUE: _overdue,
    NoticeKind.EXAMS_REASSIGNED: _reassigned,
    NoticeKind.READER_PAUSED: _paused,
    NoticeKind.READER_RESUMED: _resumed,
    NoticeKind.READER_WITHDRAWN: _withdrawn,
    NoticeKind.QUALIFICATION_PASSED: _passed,
    NoticeKind.QUALIFICATION_FAILED: _failed,
    NoticeKind.STUDY_LOCKED: _locked,
    NoticeKind.AUDIT_BROKEN: _broken,
    NoticeKind.COUNTS_REPAIRED: _repaired,
    NoticeKind.RECOUNT_FAILED: _uncounted,
}
