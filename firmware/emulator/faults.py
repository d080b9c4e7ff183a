"""What goes wrong between a sensor and its reader, planned command by command."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from .wire import START, Code

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Noise before an answer. Ends in half a start code, the hardest to skip.
GARBAGE: Final = b"\x00\xff\x13" + START[:1]
# Cuts inside the start code, the address, the length and the payload.
_SPLIT_AT = (1, 3, 8, 10)


class Fault(StrEnum):
    """One way in which one command goes wrong."""

    #: The command never reaches the sensor: no effect, no answer.
    REQUEST_LOST = "request_lost"
    #: The command takes effect, its answer is lost.
    ANSWER_LOST = "answer_lost"
    #: The sum of the answer's last packet is wrong.
    BAD_CHECKSUM = "bad_checksum"
    #: Noise before the answer.
    GARBAGE = "garbage"
    #: Only the first half of the answer's bytes comes.
    TRUNCATED = "truncated"
    #: The answer comes in pieces.
    SPLIT = "split"
    #: The sensor restarts instead of doing it: RAM lost, no answer.
    POWER_LOSS_BEFORE = "power_loss_before"
    #: The sensor restarts after having done it: flash kept, RAM lost, no answer.
    POWER_LOSS_AFTER = "power_loss_after"
    #: No effect; the answer is a confirmation code and nothing else (`FaultPlan.add`).
    CODE = "code"


class Strike(NamedTuple):
    """What strikes one command."""

    fault: Fault
    #: The confirmation code of Fault.CODE; means nothing to the others.
    code: int


@dataclass(slots=True)
class _Plan:
    strike: Strike
    times: int | None
    after: int
    command: int | None


class FaultPlan:
    """The faults that are still to come, in the order in which they were planned."""

    def __init__(self) -> None:
        self._plans: list[_Plan] = []

    def add(
        self,
        fault: Fault,
        times: int | None = 1,
        *,
        after: int = 0,
        command: int | None = None,
        code: int = Code.RESIDUAL_FINGER,
    ) -> None:
        """Let `times` commands go wrong once `after` of them have gone well.

        `times` None: until `clear`. `command` limits all of it to one instruction
        code. A command uses up the first plan that fits it; the plans behind that
        one wait, and do not count it. `code` is what Fault.CODE answers, ValueError
        if that is no byte; the other faults have no use for it.
        """
        if code not in range(256):
            message = f"{code} is no confirmation code"
            raise ValueError(message)
        self._plans.append(_Plan(Strike(fault, code), times, after, command))

    def clear(self) -> None:
        """Let everything go well from here on."""
        self._plans.clear()

    @property
    def left(self) -> int:
        """Count the commands that are still to go wrong; one that always do counts as one."""
        return sum(plan.times or 1 for plan in self._plans)

    def take(self, command: int | None) -> Strike | None:
        """Return what strikes a command that has just come, None if it is spared.

        `command` is None for a packet that was damaged on its way.
        """
        for plan in self._plans:
            if plan.command is not None and plan.command != command:
                continue
            if plan.after:
                plan.after -= 1
                return None
            if plan.times is not None:
                plan.times -= 1
                if not plan.times:
                    self._plans.remove(plan)
            return plan.strike
        return None


def distort(fault: Fault | None, answer: bytes) -> tuple[bytes, ...]:
    """Return the pieces in which an answer leaves the sensor."""
    match fault:
        case Fault.ANSWER_LOST:
            return ()
        case Fault.BAD_CHECKSUM:
            return (answer[:-1] + bytes([answer[-1] ^ 0xFF]),)
        case Fault.GARBAGE:
            return (GARBAGE + answer,)
        case Fault.TRUNCATED:
            return (answer[: len(answer) // 2],)
        case Fault.SPLIT:
            return tuple(_split(answer))
    return (answer,)


def _split(answer: bytes) -> Iterator[bytes]:
    for start, end in zip((0, *_SPLIT_AT), (*_SPLIT_AT, None), strict=True):
        yield answer[start:end]
