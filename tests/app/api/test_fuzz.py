"""No body of a request to save a draft or submit a reading causes a server error."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from tests.sizes import size

ODD_VALUES: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        True,
        0,
        -1,
        10**400,
        2**31,
        2**63,
        1e308,
        "",
        "a\0b",
        "\ud800",
        "x" * 5000,
        [],
        {},
        [[]],
    ]
)
SCALARS = st.one_of(ODD_VALUES, st.integers(), st.text(max_size=20), st.floats(allow_nan=False))
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
FINDING = st.fixed_dictionaries(
    {},
    optional={
        "class": st.one_of(st.just("atrial_fibrillation"), ANYTHING),
        "certainty": st.one_of(st.just("definite"), ANYTHING),
    },
)
CONTENT = {
    "findings": st.one_of(st.lists(FINDING, max_size=3), ANYTHING),
    "quality": st.one_of(st.just("good"), ANYTHING),
    "comment": st.one_of(st.just(""), ANYTHING),
}
DRAFT = st.fixed_dictionaries(
    {
        "based_on": st.one_of(st.just(0), ANYTHING),
        "content": st.one_of(st.fixed_dictionaries(CONTENT), ANYTHING),
    }
)
READING = st.fixed_dictionaries(
    {"based_on": st.one_of(st.just(0), ANYTHING), **CONTENT},
    optional={"active_ms": ANYTHING, "display": ANYTHING, "spare": ANYTHING},
)

FUZZ_SETTINGS = settings(
    max_examples=size(50, 150),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


class RollBack(Exception):
    """Raised to roll back the changes of one example."""


@pytest.fixture
def send(assign, ana):
    """Send a body to a path below Ana's assignment; return the status."""
    client = APIClient()
    client.force_login(ana, backend="django.contrib.auth.backends.ModelBackend")
    base = f"/api/assignments/{assign(ana).pk}/"

    def send(method, path, body):
        data: Any = body if isinstance(body, bytes) else json.dumps(body).encode()
        key = {"Idempotency-Key": str(uuid.UUID(int=5))}
        try:
            with transaction.atomic():
                status = client.generic(
                    method,
                    base + path,
                    data,
                    content_type="application/json",
                    headers=key,
                ).status_code
                raise RollBack
        except RollBack:
            return status

    return send


@FUZZ_SETTINGS
@given(body=st.one_of(DRAFT, ANYTHING))
def test_a_draft_of_any_shape_is_saved_or_refused(send, body):
    assert send("PUT", "draft/", body) in {200, 400, 409}


@FUZZ_SETTINGS
@given(body=st.one_of(READING, ANYTHING))
def test_a_reading_of_any_shape_is_accepted_or_refused(send, body):
    assert send("POST", "reading/", body) in {201, 400, 409}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"based_on": NaN}',
        b'{"based_on": 1e999}',
        b'{"based_on": ' + b"9" * 100_000 + b"}",
        b'{"based_on": 0, "based_on": 0}',
        b'"\\ud800"',
        b"null",
    ],
)
def test_a_body_that_is_not_a_reading_is_refused(send, body):
    assert send("POST", "reading/", body) == 400


def test_an_oversized_body_is_refused(send):
    assert send("POST", "reading/", b" " * 2_600_000) == 413


def test_a_body_of_another_content_type_is_refused(assign, ana):
    client = APIClient()
    client.force_login(ana, backend="django.contrib.auth.backends.ModelBackend")
    address = f"/api/assignments/{assign(ana).pk}/reading/"
    key = {"Idempotency-Key": str(uuid.UUID(int=5))}
    refusal = client.generic("POST", address, "a=1", content_type="text/plain", headers=key)
    assert refusal.status_code == 415
