"""Which classes may be present together, by the relations of a taxonomy."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from ecgreview.taxonomy import Relation

from .decision import READINGS_MISSING, Basis, Cell, State

_POSSIBLE = frozenset({State.PRESENT, State.UNDECIDED})


@dataclass(frozen=True, slots=True)
class Relations:
    """The relations that hold in every consensus.

    Attributes:
        exclusive: codes of the classes that exclude all others, such as normal.
        excludes: pairs of classes that exclude each other.
        implies: pairs of a class and a class that is present whenever the first one is.
    """

    exclusive: frozenset[str] = frozenset()
    excludes: tuple[tuple[str, str], ...] = ()
    implies: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, exclusive: Iterable[str], relations: Iterable[Relation]) -> Relations:
        """Return the relations of a taxonomy; unusual combinations are not among them."""
        pairs: dict[str, set[tuple[str, str]]] = {"excludes": set(), "implies": set()}
        for relation in relations:
            pair = relation.from_code, relation.to_code
            if relation.kind == "implies":
                pairs["implies"].add(pair)
            elif relation.kind == "excludes":
                pairs["excludes"].add((min(pair), max(pair)))
        return cls(
            frozenset(exclusive), tuple(sorted(pairs["excludes"])), tuple(sorted(pairs["implies"]))
        )

    def implied_by(self, codes: frozenset[str]) -> frozenset[str]:
        """Return ``codes`` with every class that they imply, directly or through other classes."""
        result = codes
        while more := {b for a, b in self.implies if a in result} - result:
            result |= more
        return result

    def contradictions(self, codes: Collection[str]) -> frozenset[str]:
        """Return the codes among ``codes`` that combine an exclusive class with another class."""
        stands_alone = any(code in self.exclusive for code in codes)
        return frozenset(codes) if len(codes) > 1 and stands_alone else frozenset()

    def excluding(self, marked: frozenset[str]) -> frozenset[str]:
        """Return the classes in ``marked`` that exclude another class in it."""
        return frozenset(code for pair in self.excludes if marked >= set(pair) for code in pair)

    def settled(self, cells: Mapping[str, Cell], rest: Cell) -> dict[str, Cell]:
        """Return ``cells`` with the classes that contradict each other undecided.

        Two present classes that exclude each other become undecided, and so do a present class and
        an absent class that it implies. A present class becomes incomplete if missing readings
        could still make a class present that it excludes. An exclusive class is never present while
        another class is present or undecided: in such a conflict, all of these classes become
        undecided. Classes that already are undecided keep their basis.

        Args:
            cells: by class code.
            rest: the cell of all other classes.
        """
        if not any(cell.state in _POSSIBLE for cell in cells.values()):
            return dict(cells)
        result = self._with_settled_pairs(cells, rest)
        possible = {code for code, cell in result.items() if cell.state in _POSSIBLE}
        is_alone = any(
            code in self.exclusive and result[code].state == State.PRESENT for code in possible
        )
        if is_alone and len(possible) > 1:
            _dispute(result, possible, rest, Basis.EXCLUDED)
        return result

    def _with_settled_pairs(self, cells: Mapping[str, Cell], rest: Cell) -> dict[str, Cell]:
        result = dict(cells)
        present = {code for code, cell in cells.items() if cell.state is State.PRESENT}
        if not present:  # classes outside ``cells`` are never present
            return result
        for pair in self.excludes:
            _settle_excluding(result, pair, present, cells, rest)
        for code, implied in self.implies:
            if code in present and cells.get(implied, rest).state == State.ABSENT:
                _dispute(result, (code, implied), rest, Basis.IMPLIED)
        return result


def _settle_excluding(
    result: dict[str, Cell],
    pair: tuple[str, str],
    present: Collection[str],
    cells: Mapping[str, Cell],
    rest: Cell,
) -> None:
    n_present = sum(code in present for code in pair)
    if n_present == len(pair):
        _dispute(result, pair, rest, Basis.EXCLUDED)
    elif n_present and State.INCOMPLETE in {cells.get(code, rest).state for code in pair}:
        result.update(dict.fromkeys(pair, READINGS_MISSING))


def _dispute(cells: dict[str, Cell], codes: Iterable[str], rest: Cell, basis: Basis) -> None:
    for code in codes:
        cell = cells.get(code, rest)
        if cell.state != State.UNDECIDED:
            cells[code] = replace(cell, state=State.UNDECIDED, basis=basis)
