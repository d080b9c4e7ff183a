"""Sensor models: what differs between an R307 and an R503.

Source: data sheets of the shops for the R307, manual v1.2 for the R503. Real parts
vary: an R307 with templates of 768 bytes has been measured (brianrho/fpmatch#9), and
the manual of an R503 before v1.2 has three colours. `dataclasses.replace(R307,
template_size=768)` and `dataclasses.replace(R503, colours=3)` make such parts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from .wire import Command

if TYPE_CHECKING:
    from collections.abc import Mapping

_R503_ONLY = frozenset({Command.AURA_LED, Command.HAND_SHAKE, Command.GET_ECHO})
_R307_ONLY = frozenset({Command.LED_ON, Command.LED_OFF, Command.GET_IMAGE_FREE})


@dataclass(frozen=True, slots=True)
class Profile:
    """A sensor model."""

    name: str
    #: Number of CharBuffers.
    buffers: int
    #: Number of slots (pages) for templates.
    capacity: int
    #: Bytes of the features of one scan (a character file).
    feature_size: int
    #: Bytes of a template.
    template_size: int
    #: System identifier code in ReadSysPara.
    system_id: int
    #: Sends 0x55 when it is ready after power-on.
    announces_power_on: bool
    #: Colours that AuraLed knows, from 1 on; a sensor without that instruction has none.
    colours: int
    #: Instructions it knows; it answers others with a packet error (01).
    commands: frozenset[Command]
    #: How long a command takes, in seconds; what is missing is instant.
    seconds: Mapping[int, float] = field(hash=False)


R307: Final = Profile(
    name="R307",
    buffers=2,
    capacity=1000,
    feature_size=256,
    template_size=512,
    system_id=0x0009,
    announces_power_on=False,
    colours=0,
    commands=frozenset(Command) - _R503_ONLY,
    seconds=MappingProxyType(
        {
            Command.GEN_IMG: 0.3,
            Command.GET_IMAGE_FREE: 0.3,
            Command.IMG_2_TZ: 0.3,
            Command.SEARCH: 0.5,
            Command.HI_SPEED_SEARCH: 0.3,
        }
    ),
)

R503: Final = Profile(
    name="R503",
    buffers=6,
    capacity=200,
    feature_size=512,
    template_size=1536,
    system_id=0x0000,
    announces_power_on=True,
    colours=7,
    commands=frozenset(Command) - _R307_ONLY,
    seconds=MappingProxyType(
        {
            Command.GEN_IMG: 0.2,
            Command.IMG_2_TZ: 0.5,
            Command.SEARCH: 0.3,
            Command.HI_SPEED_SEARCH: 0.1,
        }
    ),
)

PROFILES: Final[Mapping[str, Profile]] = MappingProxyType(
    {profile.name: profile for profile in (R307, R503)}
)
