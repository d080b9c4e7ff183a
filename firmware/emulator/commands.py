"""What each instruction does to a sensor's memory, and how it is answered.

Names, parameters and codes are those of the manuals (ZFM-20, R307 v1.20, R503 v1.2);
a comment says where they are silent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from . import commands_for_scans, commands_for_settings, commands_for_templates
from .answers import PACKET_ERROR, Answer
from .wire import Code, Command

if TYPE_CHECKING:
    from .answers import Handler
    from .memory import Memory

#: Instruction to the number of parameter bytes and the handler.
_HANDLERS: Final[dict[Command, tuple[int, Handler]]] = (
    commands_for_scans.HANDLERS | commands_for_templates.HANDLERS | commands_for_settings.HANDLERS
)


def execute(memory: Memory, command: int, parameters: bytes) -> Answer | None:
    """Do one instruction; None: it is not answered."""
    if not memory.profile.knows(command):
        unknown = memory.profile.unknown_answer
        return None if unknown is None else Answer(unknown)
    length, handler = _HANDLERS[Command(command)]
    if len(parameters) != length:
        return PACKET_ERROR
    if memory.locked and command != Command.VFY_PWD:
        return Answer(Code.PASSWORD_REQUIRED)
    return handler(memory, parameters)
