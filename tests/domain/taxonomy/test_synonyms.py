from __future__ import annotations

from ecgreview import taxonomy
from ecgreview.taxonomy.synonyms import synonyms


def test_every_class_has_synonyms():
    assert set(synonyms()) == {line.code for line in taxonomy.load().classes}


def test_no_synonym_is_the_abbreviation_of_another_class():
    abbreviations = {line.abbreviation.casefold(): line.code for line in taxonomy.load().classes}
    conflicts = [
        (code, name)
        for code, names in synonyms().items()
        for name in names
        if abbreviations.get(name.casefold(), code) != code
    ]
    assert conflicts == []


def test_no_class_has_a_duplicate_synonym():
    for names in synonyms().values():
        assert len({name.casefold() for name in names}) == len(names)
