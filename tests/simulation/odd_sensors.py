"""Sensors for the readers of a history: usual ones, and ones that are not what manuals say."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from emulator import R307, R503, Code, Command, Profile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from random import Random

    type _Oddity = Callable[[Random, Profile], Mapping[str, Any]]

#: Slots of an odd sensor: where all are asked for one after the other, few are soon done.
_CAPACITY = 40
_MISSING: tuple[frozenset[Command], ...] = (
    frozenset({Command.READ_INDEX_TABLE}),
    frozenset({Command.READ_NOTEPAD, Command.WRITE_NOTEPAD}),
    frozenset({Command.READ_SYS_PARA}),
    frozenset({Command.TEMPLETE_NUM}),
    frozenset({Command.LOAD_CHAR}),
)
#: How it answers a command that it lacks; None: not at all.
_ANSWERS = (None, Code.PACKET_ERROR, Code.UNSUPPORTED)


def _shifted(rng: Random, _: Profile) -> dict[str, Any]:
    return {"index_shift": rng.choice((-1, 1, 1, rng.randint(2, 8)))}


def _lacking(rng: Random, profile: Profile) -> dict[str, Any]:
    missing = rng.choice(_MISSING)
    return {"commands": profile.commands - missing, "unknown_answer": rng.choice(_ANSWERS)}


def _habit(**habit: Any) -> _Oddity:
    return lambda _rng, _profile: habit


_ODDITIES: tuple[tuple[int, _Oddity], ...] = (
    (4, _shifted),
    (6, _lacking),
    (1, _habit(index_reversed=True)),
    (1, _habit(dead_count=True)),
    (1, _habit(load_char_lies=True)),
    (1, _habit(empty_library=Code.TEMPLATE_EMPTY)),
    (1, _habit(empty_library=Code.LIBRARY_EMPTY)),
    (1, _habit(not_found=Code.LIBRARY_EMPTY)),
    (2, _habit(zero_score=True)),
)


def usual_sensor(rng: Random) -> Profile:
    """Choose a sensor that is what its manual says."""
    return rng.choice((R307, R503))


def odd_sensor(rng: Random) -> Profile:
    """Choose one with an oddity."""
    usual = replace(usual_sensor(rng), capacity=_CAPACITY)
    [oddity] = rng.choices([one for _, one in _ODDITIES], [weight for weight, _ in _ODDITIES])
    odd = oddity(rng, usual)
    return replace(usual, name=f"odd {usual.name}: {odd}", **odd)


def keeps_mark(profile: Profile) -> bool:
    """Return whether a reader can tell a sensor from another one of the same kind."""
    return profile.knows(Command.READ_NOTEPAD)


def is_clear(profile: Profile) -> bool:
    """Return whether the index table shows each template, whoever stored it, and its slot."""
    return profile.index_shift >= 0 and not profile.index_reversed


def loads(profile: Profile) -> bool:
    """Return whether LoadChar tells which slots are occupied."""
    return profile.knows(Command.LOAD_CHAR) and not profile.load_char_lies
