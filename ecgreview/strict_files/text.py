"""Decoding of text, and a check for characters that people cannot see."""

from __future__ import annotations

import codecs
import unicodedata

from .problem import Problem, Unreadable

MAX_BYTES = 1_000_000
OTHER_ENCODINGS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

# Unicode categories of invisible characters and of those that reorder the text around them.
HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def has_hidden(text: str, *, allowed: str = "") -> bool:
    """Return whether ``text`` has control, format or line-breaking characters not in
    ``allowed``.
    """
    return any(
        unicodedata.category(character) in HIDDEN and character not in allowed for character in text
    )


def decoded(source: bytes | str, *, max_bytes: int = MAX_BYTES) -> str:
    """Return ``source`` as text without a byte order mark.

    Raises:
        Unreadable: it is larger than ``max_bytes``, is not UTF-8, or has a zero byte.
    """
    content = source.encode("utf-8", "surrogatepass") if isinstance(source, str) else source
    if len(content) > max_bytes:
        raise Unreadable(
            Problem(
                "",
                f"the file is larger than {max_bytes} bytes",
                "Check that this is the right file.",
            )
        )
    hint = 'Save it as UTF-8; spreadsheets call it "CSV UTF-8".'
    if content.startswith(OTHER_ENCODINGS):
        raise Unreadable(Problem("", "the file is UTF-16, not UTF-8", hint, 1))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - (content.rfind(b"\n", 0, error.start) + 1) + 1
        reason = "is not UTF-8 text (it may be Latin-1 or Windows-1252)"
        raise Unreadable(Problem("", reason, hint, line, column)) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise Unreadable(Problem("", "has a zero byte, so it is not text", hint, line))
    return text
