"""How a bug is planted: in the real code, for as long as a context lasts."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from unittest.mock import patch

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from contextlib import AbstractContextManager

    class Plant(Protocol):
        __name__: str

        def __call__(self) -> AbstractContextManager[object]: ...


@dataclass(frozen=True)
class Bug:
    """One mistake."""

    promise: int
    """The one that it has to be noticed by: not each bug that is noticed is noticed as itself."""
    what: str
    plant: Plant
    """Makes it, for as long as the context lasts."""


BUGS: dict[str, Bug] = {}


def bug(promise: int, what: str) -> Callable[[Plant], Plant]:
    """Take a function that plants a bug into the list; say what it breaks, and how."""

    def note(plant: Plant) -> Plant:
        BUGS[plant.__name__] = Bug(promise, what, plant)
        return plant

    return note


def put(owner: Any, name: str, value: object) -> AbstractContextManager[object]:
    """Put something in the place of an attribute."""
    return patch.object(owner, name, value)


@contextmanager
def both(*plants: AbstractContextManager[object]) -> Generator[None]:
    """Do several at once."""
    with ExitStack() as stack:
        for plant in plants:
            stack.enter_context(plant)
        yield


async def nothing(*_: object, **__: object) -> None:
    """Do nothing, slowly."""
