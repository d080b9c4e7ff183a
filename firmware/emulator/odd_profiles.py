"""Sensors with one oddity each, to be chosen by name; else they are an R307."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from .profiles import MODELS, R307, Profile
from .wire import Code, Command

if TYPE_CHECKING:
    from collections.abc import Mapping

_NOTEPAD = {Command.WRITE_NOTEPAD, Command.READ_NOTEPAD}
_SYS_PARA = {Command.READ_SYS_PARA}
_INDEX_TABLE = {Command.READ_INDEX_TABLE}


def _without(name: str, commands: set[Command], unknown_answer: Code | None) -> Profile:
    return replace(
        R307, name=name, commands=R307.commands - commands, unknown_answer=unknown_answer
    )


ODD: Final = (
    # Instructions that are missing, and the three ways to say so.
    _without("no-index-table", _INDEX_TABLE, Code.PACKET_ERROR),
    _without("no-sys-para", _SYS_PARA, Code.UNSUPPORTED),
    _without("no-notepad", _NOTEPAD, None),
    _without("nothing-but-fingers", _NOTEPAD | _SYS_PARA | _INDEX_TABLE, None),
    # Tables and counts.
    replace(R307, name="index-shifted-up", index_shift=1),
    replace(R307, name="index-shifted-down", index_shift=-1),
    replace(R307, name="index-reversed", index_reversed=True),
    replace(R307, name="dead-count", dead_count=True),
    replace(R307, name="load-char-lies", load_char_lies=True),
    # Searches.
    replace(R307, name="empty-library-22", empty_library=Code.TEMPLATE_EMPTY),
    replace(R307, name="empty-library-24", empty_library=Code.LIBRARY_EMPTY),
    replace(R307, name="not-found-24", not_found=Code.LIBRARY_EMPTY),
    replace(R307, name="zero-score", zero_score=True),
    # How it is spoken to.
    replace(R307, name="other-address", address=0x12345678),
    replace(R307, name="other-baud", baud=12),
    replace(R307, name="with-password", password=0xCAFE),
)

#: Every sensor that has a name.
PROFILES: Final[Mapping[str, Profile]] = MappingProxyType(
    {profile.name: profile for profile in (*MODELS, *ODD)}
)
