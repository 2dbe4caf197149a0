"""The kind of a reader: person, model or reference."""

from __future__ import annotations

import pytest

from ecgreview.published_readings import Kind, TwoKinds, UnknownReader, kinds_of

READERS = ("cardiologist1", "dnn", "gold_standard")


def test_published_names_identify_model_and_reference():
    assert kinds_of(READERS) == {
        "cardiologist1": Kind.PERSON,
        "dnn": Kind.MODEL,
        "gold_standard": Kind.REFERENCE,
    }


def test_a_stated_kind_takes_precedence_over_the_name():
    kinds = kinds_of(READERS, {Kind.PERSON: ["dnn"], Kind.MODEL: ["cardiologist1"]})
    assert kinds["dnn"] == Kind.PERSON
    assert kinds["cardiologist1"] == Kind.MODEL


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(UnknownReader) as refusal:
        kinds_of(READERS, {Kind.REFERENCE: ["gold", "dnn"]})
    assert (refusal.value.names, refusal.value.readers) == (("gold",), READERS)


def test_a_reader_cannot_have_two_kinds():
    with pytest.raises(TwoKinds, match="dnn"):
        kinds_of(READERS, {Kind.REFERENCE: ["dnn"], Kind.MODEL: ["dnn"]})
