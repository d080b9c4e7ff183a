"""Which faults struck when: at which stage of the reader, during which request to it.

A table that fills by itself leaves its corners empty. So some histories are *steered*: they wait
for one combination before their fault strikes (steering.py).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: What a reader does.
STAGES = (
    "off", "starting", "idle", "touch", "place_finger", "processing", "lift_finger", "final",
)  # fmt: skip
#: What Home Assistant asks it for.
REQUESTS = (
    "nothing", "hello", "start", "cancel", "delete", "adopt", "accept_sensor", "settings", "list",
    "restart",
)  # fmt: skip


@dataclass
class Coverage:
    """How often each fault struck, by stage and by request."""

    stages: Counter[tuple[str, str]] = field(default_factory=Counter)
    requests: Counter[tuple[str, str]] = field(default_factory=Counter)
    struck: Counter[str] = field(default_factory=Counter)
    """How often in all; one fault may strike several readers at once."""

    def note(self, fault: str, where: Iterable[tuple[str, str]]) -> None:
        """Note that a fault strikes now, with the stage and the request of each reader."""
        self.struck[fault] += 1
        for stage, request in where:
            self.stages[fault, stage] += 1
            self.requests[fault, request] += 1

    def add(self, other: Coverage) -> None:
        """Add the counts of another one."""
        self.stages.update(other.stages)
        self.requests.update(other.requests)
        self.struck.update(other.struck)

    def as_lists(self) -> dict[str, list[list[Any]]]:
        """Return it as lists, for JSON."""
        return {
            "stages": [[*key, count] for key, count in sorted(self.stages.items())],
            "requests": [[*key, count] for key, count in sorted(self.requests.items())],
            "struck": [[*item] for item in sorted(self.struck.items())],
        }

    @classmethod
    def of_lists(cls, lists: dict[str, list[list[Any]]]) -> Self:
        """Return what such lists hold."""
        return cls(
            Counter({(fault, column): count for fault, column, count in lists["stages"]}),
            Counter({(fault, column): count for fault, column, count in lists["requests"]}),
            Counter(dict(lists["struck"])),
        )


def table(
    seen: Counter[tuple[str, str]],
    faults: Sequence[str],
    columns: Sequence[str],
    impossible: Iterable[tuple[str, str]],
) -> list[str]:
    """Return the lines of a Markdown table: 0 for what is missing, - for what is impossible."""
    never = frozenset(impossible)
    width = max(map(len, faults))
    lines = [
        f"| {'fault':<{width}} | " + " | ".join(columns) + " |",
        f"|{'-' * (width + 2)}|"
        + "|".join("-" * (len(column) + 1) + ":" for column in columns)
        + "|",
    ]
    for fault in faults:
        cells = (
            "-"
            if (fault, column) in never and not seen[fault, column]
            else str(seen[fault, column])
            for column in columns
        )
        padded = (f"{cell:>{len(column)}}" for cell, column in zip(cells, columns, strict=True))
        lines.append(f"| {fault:<{width}} | " + " | ".join(padded) + " |")
    return lines
