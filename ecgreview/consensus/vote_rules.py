"""The rules that decide a class by the numbers of votes for and against it."""

from __future__ import annotations

from collections.abc import Sequence

from .decision import Ballot, Basis, Cell, Decision
from .per_class import Tally, cell_of, decide_classes
from .relations import Relations


def majority_per_class(ballots: Sequence[Ballot], relations: Relations, n_wanted: int) -> Decision:
    """Decide each class by more than half of its votes.

    A class is

    - *present* if it has at least two votes and more than half are for it;
    - *absent* if it has at least two votes and fewer than half are for it;
    - *undecided* (in dispute) if exactly half of its votes are for it (1 of 2, 2 of 4), or if its
      only vote is for it, so that no other reader confirms or denies it;
    - *incomplete* while missing readings could still change it;
    - *not assessed* if it has fewer than two votes and none is for it.

    The vote of an adjudicator is added to those of the readers.
    """
    return decide_classes(ballots, relations, n_wanted, majority, adjudicators_decide=False)


def majority(tally: Tally, split: Basis = Basis.TIE) -> Cell:
    """Return the cell of a class by the majority of its votes; ``split`` is the basis of a tie."""
    # In the worst case for a decision, all missing readings vote against it.
    return cell_of(
        tally,
        is_present=2 * tally.n_marked > tally.n_votes + tally.n_missing,
        is_absent=2 * (tally.n_marked + tally.n_missing) < tally.n_votes + tally.n_missing,
        present=Basis.MAJORITY, absent=Basis.MAJORITY, split=split,
    )  # fmt: skip


def unanimous(ballots: Sequence[Ballot], relations: Relations, n_wanted: int) -> Decision:
    """Decide only the classes on which all readers agree; the others stay undecided for good.

    Adjudications have no vote: they cannot make readers unanimous.
    """
    readers = [ballot for ballot in ballots if not ballot.is_adjudication]
    return decide_classes(readers, relations, n_wanted, _agreement)


def union_then_adjudicate(
    ballots: Sequence[Ballot], relations: Relations, n_wanted: int
) -> Decision:
    """Decide the classes on which all readers agree, and let adjudicators decide the others.

    A class that any reader marked is therefore absent only if an adjudicator says so. The majority
    of the adjudicators decides; if they are tied, the class stays undecided.
    """
    return decide_classes(ballots, relations, n_wanted, _agreement)


def two_plus_adjudicator(
    ballots: Sequence[Ballot], relations: Relations, n_wanted: int
) -> Decision:
    """Decide as CODE-test did: two readers, and a third where they differ.

    Only the first two readings count, in the order of ``ballots``; adjudicators decide the classes
    on which they differ.

    Source:
        Ribeiro et al. 2020, Nature Communications 11:1760, annotation of the test set.
    """
    readers = [ballot for ballot in ballots if not ballot.is_adjudication][:2]
    adjudicators = [ballot for ballot in ballots if ballot.is_adjudication]
    return decide_classes([*readers, *adjudicators], relations, min(n_wanted, 2), _agreement)


def _agreement(tally: Tally) -> Cell:
    is_complete = not tally.n_missing
    is_split = 0 < tally.n_marked < tally.n_votes
    if is_split and tally.n_missing:
        # No missing reading can make these votes unanimous.
        tally = Tally(tally.code, tally.n_marked, tally.n_votes)
    return cell_of(
        tally,
        is_present=is_complete and tally.n_marked == tally.n_votes,
        is_absent=is_complete and tally.n_marked == 0,
        present=Basis.UNANIMOUS, absent=Basis.UNANIMOUS, split=Basis.DISAGREEMENT,
    )  # fmt: skip


def k_of_n(ballots: Sequence[Ballot], relations: Relations, n_wanted: int, *, k: int) -> Decision:
    """Decide that a class is present if at least ``k`` readers marked it, and else absent.

    With ``k`` = 1 this is the union of the readings, with ``k`` = ``n_wanted`` their intersection.
    Classes are undecided only if their only vote is for them, or if they contradict each other.
    """

    def criterion(tally: Tally) -> Cell:
        return cell_of(
            tally,
            is_present=tally.n_marked >= k,
            is_absent=tally.n_marked + tally.n_missing < k,
            present=Basis.ENOUGH_VOTES, absent=Basis.TOO_FEW_VOTES, split=Basis.SINGLE_VOTE,
        )  # fmt: skip

    return decide_classes(ballots, relations, n_wanted, criterion)
