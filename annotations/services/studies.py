"""Studies: the protocol under which exams are read."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from annotations.models import ClinicalInformation, Study, SuggestionPolicy, Taxonomy, User
from ecgreview import consensus
from ecgreview.taxonomy import FREQUENT

RESERVED_SLUGS = frozenset({"new"})
"""Parts of addresses below /studies/."""


class UnknownRule(ValueError):
    """There is no consensus rule of this name."""


class UnknownClass(ValueError):
    """The taxonomy has no class of this code."""


class NameTaken(ValueError):
    """Another study has this name, or one that gives the same address."""


@transaction.atomic
def create(
    *,
    name: str,
    taxonomy: Taxonomy,
    created_by: User,
    now: datetime,
    suggestion_policy: str = SuggestionPolicy.AFTER_COMMIT,
    clinical_information: str = ClinicalInformation.AGE_AND_SEX,
    consensus_rule: str = "agreement_then_majority",
    frequent_classes: Sequence[str] | None = None,
    is_demo: bool = False,
) -> Study:
    """Return a new study; ``frequent_classes`` are the codes on the number keys.

    Raises:
        UnknownRule: there is no such consensus rule.
        UnknownClass: a frequent class is none of ``taxonomy``.
        NameTaken: there is a study of that name.
    """
    if consensus_rule not in consensus.RULES:
        raise UnknownRule(consensus_rule)
    study = Study(
        name=name,
        slug=slug_for(name),
        taxonomy=taxonomy,
        consensus_rule=consensus_rule,
        suggestion_policy=suggestion_policy,
        clinical_information=clinical_information,
        frequent_classes=_frequent(taxonomy, frequent_classes),
        is_demo=is_demo,
        created_by=created_by,
        created_at=now,
    )
    if Study.objects.filter(slug=study.slug).exists():
        raise NameTaken(name)
    try:
        with transaction.atomic():
            study.save(force_insert=True)
    except IntegrityError as error:
        # Somebody else created it since we looked.
        if Study.objects.filter(slug=study.slug).exists():
            raise NameTaken(name) from error
        raise
    return study


def slug_for(name: str) -> str:
    """Return the part of the address that stands for a study called ``name``."""
    slug = slugify(name)[:60].strip("-")
    if not slug:
        return f"study-{hashlib.sha256(name.encode()).hexdigest()[:8]}" if name else ""
    return f"study-{slug}" if slug in RESERVED_SLUGS else slug


def _frequent(taxonomy: Taxonomy, wanted: Sequence[str] | None) -> list[str]:
    """Return ``wanted`` after a look into ``taxonomy``; by default what is frequent in CODE-II."""
    known = set(taxonomy.classes.values_list("code", flat=True))
    if wanted is None:
        return [code for code in FREQUENT if code in known]
    if unknown := set(wanted) - known:
        raise UnknownClass(", ".join(sorted(unknown)))
    return list(wanted)
