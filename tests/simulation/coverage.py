"""Which faults struck when: during which activity of the reader, and during which request to it.

Rare combinations hardly occur by chance. So some histories are *steered*: they wait for one
combination before their fault strikes (steering.py).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: What a reader does.
ACTIVITIES = (
    "off", "starting", "idle", "touch", "place_finger", "processing", "lift_finger", "final",
)  # fmt: skip
#: What Home Assistant asks it for.
REQUESTS = (
    "nothing", "hello", "start", "cancel", "delete", "adopt", "accept_sensor", "settings", "list",
    "restart",
)  # fmt: skip


@dataclass
class Coverage:
    """How often each fault struck, by activity and by request."""

    activities: Counter[tuple[str, str]] = field(default_factory=Counter)
    requests: Counter[tuple[str, str]] = field(default_factory=Counter)
    struck: Counter[str] = field(default_factory=Counter)
    """How often in all; one fault may strike several readers at once."""

    def note(self, fault: str, where: Iterable[tuple[str, str]]) -> None:
        """Note that a fault strikes now, with the activity and the request of each reader."""
        self.struck[fault] += 1
        for activity, request in where:
            self.activities[fault, activity] += 1
            self.requests[fault, request] += 1

    def add(self, other: Coverage) -> None:
        """Add the counts of another one."""
        self.activities.update(other.activities)
        self.requests.update(other.requests)
        self.struck.update(other.struck)

    def as_lists(self) -> dict[str, list[list[Any]]]:
        """Return it as lists, for JSON."""
        return {
            "activities": [[*key, count] for key, count in sorted(self.activities.items())],
            "requests": [[*key, count] for key, count in sorted(self.requests.items())],
            "struck": [[*item] for item in sorted(self.struck.items())],
        }

    @classmethod
    def of_lists(cls, lists: dict[str, list[list[Any]]]) -> Self:
        """Return what such lists hold."""
        return cls(
            Counter({(fault, column): count for fault, column, count in lists["activities"]}),
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
