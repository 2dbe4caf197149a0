"""Class names for exam strata, which data sources label with codes of various vocabularies."""

from __future__ import annotations

from collections.abc import Iterable

from annotations.models import Taxonomy

# Vocabularies of the data sources. Codes are compared ignoring case, because the columns of
# CODE-15 vary in case.
VOCABULARIES = ("snomed_ct", "code15", "scp", "cpsc2018")


def stratum_names(taxonomy: Taxonomy, strata: Iterable[str]) -> dict[str, str]:
    """Return class names by stratum. Strata that match no class are left out.

    An exact match between codes takes precedence over an approximate one.
    """
    by_code: dict[str, tuple[bool, str]] = {}
    for diagnostic_class in taxonomy.classes.order_by("position"):
        name = diagnostic_class.local_name
        by_code[diagnostic_class.code.lower()] = (False, name)
        for vocabulary in VOCABULARIES:
            for mapped in diagnostic_class.codes.get(vocabulary, ()):
                candidate = (mapped["match"] != "exact", name)
                code = mapped["code"].lower()
                by_code[code] = min(
                    by_code.get(code, candidate), candidate, key=lambda match: match[0]
                )
    return {
        stratum: by_code[stratum.lower()][1]
        for stratum in set(strata)
        if stratum.lower() in by_code
    }
