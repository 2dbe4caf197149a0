"""The canonical form is unambiguous: different values never have the same form."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgreview.hash_chain import canonical_json, content_digest, digest, netstring

TEXTS = st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"])))


def test_a_netstring_counts_bytes():
    assert netstring("é") == "2:é,"


def test_null_differs_from_empty():
    assert (netstring(None), netstring("")) == ("-,", "0:,")


def test_a_digest_is_the_sha256_of_the_netstrings():
    written = b"18:ecg-review-audit-1,1:a,-,0:,"
    assert digest(["a", None, ""]) == hashlib.sha256(written).hexdigest()


@given(st.lists(TEXTS), st.lists(TEXTS))
def test_different_fields_have_different_digests(first, second):
    assert (digest(first) == digest(second)) == (first == second)


def test_json_does_not_depend_on_the_order_of_keys():
    assert canonical_json({"b": 1, "a": {"d": 2, "c": 3}}) == '{"a":{"c":3,"d":2},"b":1}'


def test_json_keeps_non_ascii_letters():
    assert canonical_json({"name": "Conceição"}) == '{"name":"Conceição"}'


def test_a_time_is_written_in_utc():
    brasilia = timezone(-timedelta(hours=3))
    local_time = datetime(2026, 3, 2, 6, 0, tzinfo=brasilia)
    assert canonical_json({"at": local_time}) == '{"at":"2026-03-02T09:00:00.000000+00:00"}'


def test_a_time_has_the_same_digest_in_every_zone():
    brasilia = datetime(2026, 3, 2, 6, 0, tzinfo=timezone(-timedelta(hours=3)))
    utc = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    assert content_digest({"at": brasilia}) == content_digest({"at": utc})


def test_dates_are_written_as_iso_8601():
    assert canonical_json({"due": date(2026, 3, 2)}) == '{"due":"2026-03-02"}'


def test_uuids_are_written_as_text():
    key = UUID(int=7)
    assert canonical_json({"key": key}) == f'{{"key":"{key}"}}'


def test_a_value_that_is_not_json_is_refused():
    with pytest.raises(TypeError, match="object cannot be written as canonical JSON"):
        canonical_json({"what": object()})


def test_nan_is_refused():
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"what": float("nan")})
