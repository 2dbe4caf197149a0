"""How each class compares with the codes of other vocabularies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ecgreview.release.content import Content
from ecgreview.taxonomy import Taxonomy

from . import files
from .about import About

ABOUT = About(
    title="Mapping to SNOMED CT, SCP-ECG and other vocabularies",
    files={
        "class_mapping.csv": (
            "class, name, vocabulary (`snomed_ct`, `scp`, `aha`, `code15`, `cpsc2018`), code, "
            "match: `exact`, `broader` (the code covers more than the class), `narrower`, "
            "`related` (equality was not checked) or `none`"
        ),
    },
    readers=("pandas",),
    limits=(
        (
            "codes only: names of SNOMED CT concepts are not included, because SNOMED CT has a "
            "license of its own in each country"
        ),
    ),
)

VOCABULARIES = ("snomed_ct", "scp", "aha", "code15", "cpsc2018")
COLUMNS = ("class", "name", "vocabulary", "code", "match")


class Mapping:
    name = "mapping"
    needs_signals = False
    extra = ""

    def write(self, content: Content, folder: Path) -> None:
        files.write_csv(folder / "class_mapping.csv", COLUMNS, _rows(content.facts.taxonomy))


FORMAT = Mapping()


def _rows(taxonomy: Taxonomy) -> Iterator[Sequence[str]]:
    for item in taxonomy.classes:
        # A study's own taxonomy may use further vocabularies.
        for vocabulary in dict.fromkeys((*VOCABULARIES, *item.codes)):
            codes = item.codes.get(vocabulary, ())
            for code in codes:
                yield item.code, item.name, vocabulary, code.code, code.match
            if not codes:
                yield item.code, item.name, vocabulary, "", "none"
