"""What an instruction is answered with."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

from .wire import Code

if TYPE_CHECKING:
    from .memory import Memory


class Answer(NamedTuple):
    """An acknowledgement, and what follows it in data packets."""

    #: A `Code`, or a number that no manual lists.
    code: int = Code.OK
    data: bytes = b""
    stream: bytes = b""


#: Takes the parameters, which have the right length.
type Handler = Callable[[Memory, bytes], Answer]

OK: Final = Answer()
PACKET_ERROR: Final = Answer(Code.PACKET_ERROR)
