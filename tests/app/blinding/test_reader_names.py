"""Pseudonyms of readers in exports."""

from __future__ import annotations

from annotations.models import Study
from annotations.services.blinding.reader_names import pseudonym


def test_a_reader_has_another_pseudonym_in_every_study():
    first, second = Study(seed="a" * 64), Study(seed="b" * 64)
    assert pseudonym(first, 7) != pseudonym(second, 7)


def test_a_pseudonym_is_the_hmac_of_the_account_under_the_secret_of_the_study():
    """Computed with `printf reader:7 | openssl dgst -sha256 -hmac aaaa…`."""
    assert pseudonym(Study(seed="a" * 64), 7) == "reader-4bd9d12d"
