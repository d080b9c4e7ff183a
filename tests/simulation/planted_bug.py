"""How a bug is planted: a wrong function or value replaces one of the real code temporarily."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    #: A class, module or object, the name of its attribute, and the value to put there.
    type Replacement = tuple[Any, str, object]


@dataclass(frozen=True)
class Bug:
    """One bug that can be planted."""

    promise: int
    """Number of the promise whose violation counts: a bug may break others first."""
    what: str
    replacements: tuple[Replacement, ...]

    @contextmanager
    def plant(self) -> Generator[None]:
        """Plant the bug for the time of the context."""
        with ExitStack() as stack:
            for owner, name, value in self.replacements:
                stack.enter_context(patch.object(owner, name, value))
            yield


BUGS: dict[str, Bug] = {}


def bug_value(key: str, promise: int, what: str, owner: Any, name: str, value: object) -> None:
    """List a bug that replaces the attribute `owner.name`."""
    BUGS[key] = Bug(promise, what, ((owner, name, value),))


def bug[F: Callable[..., Any]](
    promise: int, what: str, owner: Any, name: str, *also: Replacement
) -> Callable[[F], F]:
    """List a function as a bug that replaces the function `owner.name`.

    It gets the function that it replaces as its first argument, before those of the call. `also`
    are further replacements, if other code would correct the mistake.
    """
    original = getattr(owner, name)

    def add(wrong: F) -> F:
        def method(*args: Any, **kwargs: Any) -> Any:
            return wrong(original, *args, **kwargs)

        BUGS[wrong.__name__] = Bug(promise, what, ((owner, name, method), *also))
        return wrong

    return add


async def nothing(*_: object, **__: object) -> None:
    """Do nothing, in the place of a coroutine function."""
