"""What readers are, by what is said of them or by the names they were published under."""

from __future__ import annotations

import pytest

from ecgreview.published_readings import Kind, TwoKinds, UnknownReader, kinds_of

READERS = ("cardiologist1", "dnn", "gold_standard")


def test_the_published_names_tell_the_model_from_the_reference():
    assert kinds_of(READERS) == {
        "cardiologist1": Kind.PERSON,
        "dnn": Kind.MODEL,
        "gold_standard": Kind.REFERENCE,
    }


def test_what_is_stated_comes_before_the_name():
    told = kinds_of(READERS, {Kind.PERSON: ["dnn"], Kind.MODEL: ["cardiologist1"]})
    assert told["dnn"] == Kind.PERSON
    assert told["cardiologist1"] == Kind.MODEL


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(UnknownReader) as refusal:
        kinds_of(READERS, {Kind.REFERENCE: ["gold", "dnn"]})
    assert (refusal.value.names, refusal.value.readers) == (("gold",), READERS)


def test_nobody_is_two_kinds():
    with pytest.raises(TwoKinds, match="dnn"):
        kinds_of(READERS, {Kind.REFERENCE: ["dnn"], Kind.MODEL: ["dnn"]})
