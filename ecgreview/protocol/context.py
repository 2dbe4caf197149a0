"""Check a protocol against the installed taxonomies and rules, and the readers and exams."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from ecgreview.strict_files import Problem, closest

from .model import Protocol


def check(
    protocol: Protocol,
    *,
    known_rules: Collection[str],
    known_taxonomies: Mapping[str, Collection[str]],
    n_readers: int | None = None,
    n_exams: int | None = None,
    unavailable: Collection[tuple[str, object]] = (),
) -> list[Problem]:
    """Return why ``protocol`` cannot be carried out; empty if it can.

    Args:
        protocol: a protocol that is valid by itself.
        known_rules: names of the available consensus rules.
        known_taxonomies: class codes by ``name version`` of each installed taxonomy.
        n_readers: number of possible readers; None if not yet known.
        n_exams: number of exams; None if not yet known.
        unavailable: unsupported settings as pairs of key and value, such as
            ``("suggestion_policy", "concurrent")``. The key of an arm is ``suggestion_arms``; a
            nested key has dots, as in ``("qualification.required", True)``.
    """
    return [
        *_taxonomy(protocol, known_taxonomies),
        *_rule(protocol, known_rules),
        *_readers(protocol, n_readers),
        *_repeats(protocol),
        *_repeats_fit(protocol, n_readers, n_exams),
        *_unavailable(protocol, unavailable),
    ]


def _taxonomy(protocol: Protocol, known: Mapping[str, Collection[str]]) -> Iterator[Problem]:
    if protocol.taxonomy not in known:
        reason = f"{protocol.taxonomy!r} is not installed"
        yield Problem("taxonomy", reason, closest(protocol.taxonomy, known), code="no_taxonomy")
        return
    codes = known[protocol.taxonomy]
    for index, code in enumerate(protocol.frequent_classes or ()):
        if code not in codes:
            reason = f"{code!r} is not a class of {protocol.taxonomy}"
            key = f"frequent_classes[{index}]"
            yield Problem(key, reason, closest(code, codes), code="no_class")


def _rule(protocol: Protocol, known: Collection[str]) -> Iterator[Problem]:
    rule = protocol.consensus_rule
    if rule not in known:
        reason = f"{rule!r} is not a consensus rule"
        yield Problem("consensus_rule", reason, closest(rule, known), code="no_rule")
    k, n_readers = protocol.consensus_k, protocol.readers_per_exam
    if rule == "k_of_n" and k > n_readers:
        reason = (
            f"is {k}, more than the {n_readers} readers of an exam, so no class would be present"
        )
        hint = f"Write a number from 1 to {n_readers}."
        yield Problem("consensus_k", reason, hint, code="k_too_high", details={"n": n_readers})


def _readers(protocol: Protocol, n_readers: int | None) -> Iterator[Problem]:
    needed = protocol.readers_per_exam
    if n_readers is not None and n_readers < needed:
        reason = f"each exam needs {needed} readers, but there are {n_readers}"
        hint = f"Invite {needed - n_readers} more, or let fewer people read each exam."
        details = {"wanted": needed, "readers": n_readers, "missing": needed - n_readers}
        yield Problem("readers_per_exam", reason, hint, code="too_few_readers", details=details)


def _repeats(protocol: Protocol) -> Iterator[Problem]:
    has_washout = protocol.washout_days or protocol.washout_exams
    if protocol.repeat_fraction and not has_washout:
        reason = "there are hidden repeats, but no washout: one could follow its first reading"
        hint = "Set washout_days or washout_exams (or both) above 0."
        yield Problem("washout_exams", reason, hint, code="no_washout")


def _repeats_fit(
    protocol: Protocol, n_readers: int | None, n_exams: int | None
) -> Iterator[Problem]:
    """Check that repeats and washout fit a reader with the average number of exams.

    The plan later checks each reader's actual number.
    """
    if not (protocol.repeat_fraction and n_readers and n_exams):
        return
    each = n_exams * min(protocol.readers_per_exam, n_readers) // n_readers
    if round(each * protocol.repeat_fraction) == 0:
        reason = f"with {each} exams per reader, this is less than one repeat"
        hint = "Raise it, give each reader more exams, or set it to 0."
        yield Problem("repeat_fraction", reason, hint, code="no_repeats")
    elif protocol.washout_exams >= each:
        reason = f"a reader has {each} exams, too few to put {protocol.washout_exams} in between"
        hint = f"Set it to {max(each - 1, 0)} or less, or give each reader more exams."
        details = {"exams": protocol.washout_exams}
        yield Problem("washout_exams", reason, hint, code="washout_too_long", details=details)


def _unavailable(
    protocol: Protocol, unavailable: Collection[tuple[str, object]]
) -> Iterator[Problem]:
    for key, value in _settings(protocol):
        # Compare types as well, because 1 == True.
        if any((key, value) == pair and type(value) is type(pair[1]) for pair in unavailable):
            reason = f"{value!r} is not supported by this version"
            yield Problem(key, reason, "Choose another value.", code="unavailable")


def _settings(protocol: Protocol) -> Iterator[tuple[str, object]]:
    settings = protocol.settings()
    yield from settings.items()
    yield from (("suggestion_arms", arm["arm"]) for arm in settings["suggestion_arms"])
    yield from ((f"qualification.{key}", value) for key, value in settings["qualification"].items())
