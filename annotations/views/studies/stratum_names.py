"""Names for the kinds of exams: what a source writes as a number, people read as a class."""

from __future__ import annotations

from collections.abc import Iterable

from annotations.models import Taxonomy

VOCABULARIES = ("snomed_ct", "code15", "scp", "cpsc2018")
"""In which the sources label their exams; CODE-15 writes its columns in any case."""


def stratum_names(taxonomy: Taxonomy, strata: Iterable[str]) -> dict[str, str]:
    """Return the name of the class that each of ``strata`` stands for, where one is known."""
    wanted = set(strata)
    known: dict[str, tuple[bool, str]] = {}
    for one in taxonomy.classes.order_by("position"):
        known[one.code.lower()] = (False, one.local_name)
        for vocabulary in VOCABULARIES:
            for foreign in one.codes.get(vocabulary, ()):
                told = (foreign["match"] != "exact", one.local_name)
                code = foreign["code"].lower()
                known[code] = min(known.get(code, told), told, key=lambda found: found[0])
    return {stratum: known[stratum.lower()][1] for stratum in wanted if stratum.lower() in known}
