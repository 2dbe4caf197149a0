"""The consensus says how each class was decided: on the page, in the API and in exports."""

from __future__ import annotations

import pytest

from annotations.models import ClassRelation, Consensus, RelationKind
from annotations.services.consensus import adjudications
from annotations.services.export import tables

AF, FLUTTER = "atrial_fibrillation", "atrial_flutter"
AVB, LVH = "first_degree_av_block", "left_ventricular_hypertrophy"


@pytest.fixture
def decided(read, outcome, amend, ana, bruno):
    """Amend the rule of the study, let both readers read an exam, and return its consensus."""

    def make(of_ana, of_bruno, **rule):
        if rule:
            amend(**rule)
        read({ana: of_ana, bruno: of_bruno})
        return outcome()

    return make


def test_each_class_has_its_basis(decided):
    row = decided([AVB, LVH], [LVH])
    assert (row.bases, row.rest_basis) == ({AVB: "disagreement", LVH: "unanimous"}, "unanimous")
    assert [row.basis(code) for code in (AVB, AF)] == ["disagreement", "unanimous"]


def test_the_rule_is_stored_with_its_parameters(decided):
    row = decided([AVB], [LVH], consensus_rule="k_of_n", consensus_k=1)
    assert row.rule == "k_of_n(k=1) 1"
    assert {label.diagnostic_class.code for label in row.labels.filter(is_present=True)} == {
        AVB, LVH,
    }  # fmt: skip


def test_two_readers_do_not_support_a_posterior(decided):
    row = decided([AVB, LVH], [LVH], consensus_rule="dawid_skene", consensus_threshold=0.9)
    assert (row.bases[AVB], row.posteriors) == ("not_identified", {})
    assert row.rule == "dawid_skene(threshold=0.9) 1"


def test_classes_that_exclude_each_other_are_in_dispute(decided, taxonomy):
    af, flutter = (taxonomy.classes.get(code=code) for code in (AF, FLUTTER))
    ClassRelation.objects.get_or_create(source=af, target=flutter, kind=RelationKind.EXCLUDES)
    row = decided([AF, FLUTTER], [AF, FLUTTER])
    assert (row.outcome, row.reason) == ("disputed", "exclusive_classes")
    assert row.bases == {AF: "excluded", FLUTTER: "excluded"}


def test_the_page_gives_the_basis_as_a_tooltip(decided, davi, signed_in, study):
    decided([AVB], [AVB])
    page = signed_in(davi).get(f"/studies/{study.slug}/consensus/").content.decode()
    assert "· All votes agree" in page


def test_the_export_lists_bases_and_posteriors(decided, study):
    decided([AVB, LVH], [LVH])
    header, row = tables.consensus(study)
    cells = dict(zip(header, row, strict=True))
    assert (cells["bases"], cells["posteriors"]) == (f"{AVB}:disagreement;{LVH}:unanimous", "")


def test_a_posterior_is_shown_with_the_votes(decided, davi, signed_in, study):
    row = decided([AVB], [AVB])
    Consensus.objects.filter(pk=row.pk).update(posteriors={AVB: 0.87})
    page = signed_in(davi).get(f"/studies/{study.slug}/consensus/").content.decode()
    assert ">0.87<" in page


def test_adjudication_is_refused_where_the_rule_ignores_it(
    decided, study, clara, davi, now, signed_in
):
    decided([AVB], [LVH], consensus_rule="unanimous")
    batch = study.batches.get()
    with pytest.raises(adjudications.RuleIgnoresAdjudication):
        adjudications.send_disputed(batch_id=batch.pk, readers=[clara], created_by=davi, now=now)
    page = signed_in(davi).get(f"/batches/{batch.pk}/").content.decode()
    assert "uses no adjudication" in page
    assert "Send to adjudication" not in page
