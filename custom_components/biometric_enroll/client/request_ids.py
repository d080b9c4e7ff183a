"""The ids that this process has made, so that answers to requests of others can be told apart."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_KEPT = 10_000
"""About 1.5 MB; what 60 readers are asked in a day."""


class RequestIds:
    """Makes ids, and remembers the newest."""

    def __init__(self, make: Callable[[], str]) -> None:
        """Initialize with a function that returns a random id."""
        self._make = make
        self._made: dict[str, None] = {}

    def __contains__(self, request: str) -> bool:
        """Return whether this process has made an id."""
        return request in self._made

    def new(self) -> str:
        """Return a new id."""
        request = self._make()
        self._made[request] = None
        if len(self._made) > _KEPT:
            del self._made[next(iter(self._made))]
        return request
