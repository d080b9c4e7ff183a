"""Sensor models, as their manuals and shops tell of them; only an R307 and an R503 are tried.

Sources: data sheets of the shops for the R307, manual v1.2.2 for the R503; what the others
rest on stands beside them. Real parts vary: an R307 with templates of 768 bytes has been
measured (brianrho/fpmatch#9), and the manual of an R503 before v1.2 has three colours.
`dataclasses.replace(R307, template_size=768)` and `replace(R503, colours=3)` make such
parts; `odd_profiles.py` has named ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from .wire import DEFAULT_ADDRESS, Code, Command

if TYPE_CHECKING:
    from collections.abc import Mapping

_R503_ONLY = frozenset({Command.AURA_LED, Command.HAND_SHAKE, Command.GET_ECHO})
_R307_ONLY = frozenset({Command.LED_ON, Command.LED_OFF, Command.GET_IMAGE_FREE})


@dataclass(frozen=True, slots=True)
class Profile:
    """A sensor model, and the habits in which one differs from the others."""

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
    #: Instructions it knows (see `knows`).
    commands: frozenset[Command]
    #: How long a command takes, in seconds; what is missing is instant.
    seconds: Mapping[int, float] = field(hash=False)
    #: What it answers to instructions that it does not know; None: nothing.
    unknown_answer: Code | None = Code.PACKET_ERROR
    #: What ReadProdInfo tells, up to 16 ASCII characters; None: it has no such instruction.
    product: str | None = None

    # What it comes with from the factory.

    password: int = 0
    address: int = DEFAULT_ADDRESS
    #: Times 9600 baud.
    baud: int = 6

    # Habits that no manual tells of.

    #: Slot n is bit n + index_shift of ReadIndexTable; bits outside its pages are lost.
    index_shift: int = 0
    #: The first slot of each byte of ReadIndexTable is its most significant bit.
    index_reversed: bool = False
    #: TempleteNum always says 0.
    dead_count: bool = False
    #: LoadChar says 00 to an empty slot as well, and loads what matches nobody.
    load_char_lies: bool = False
    #: What a Search says that finds nobody …
    not_found: Code = Code.NOT_FOUND
    #: … and that while no slot is filled; None: the same.
    empty_library: Code | None = None
    #: A Search that finds nobody says 00 with score 0 and the lowest filled slot of its range.
    zero_score: bool = False

    def knows(self, command: int) -> bool:
        """Tell whether it has an instruction."""
        return command in self.commands and (
            command != Command.READ_PROD_INFO or self.product is not None
        )


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
    product="R503",
    seconds=MappingProxyType(
        {
            Command.GEN_IMG: 0.2,
            Command.IMG_2_TZ: 0.5,
            Command.SEARCH: 0.3,
            Command.HI_SPEED_SEARCH: 0.1,
        }
    ),
)

# A guess for all below: which instructions they have. Those of their manuals that were to
# be seen have all of the R307's that a reader needs.

# Capacity, sizes and times: R30X manual (python-r305-doc.readthedocs.io, Introduction).
R305: Final = replace(
    R307,
    name="R305",
    capacity=256,
    seconds=MappingProxyType(
        {
            Command.GEN_IMG: 0.5,
            Command.GET_IMAGE_FREE: 0.5,
            Command.IMG_2_TZ: 0.5,
            Command.SEARCH: 0.9,
            Command.HI_SPEED_SEARCH: 0.9,
        }
    ),
)

# R308 manual v1.5 of January 2015: 120, 240 or 500 slots, templates of 512 bytes, image
# below 0.5 s. One with 500: Adafruit-Fingerprint-Sensor-Library issue 138.
R308: Final = replace(R305, name="R308", capacity=500)

# Seen: an index table in which slot 0 is bit 1 (brianrho/FPM issue 8). That it goes on so
# beyond the first page, and all else but the 500 slots, is a guess.
R551: Final = replace(R307, name="R551", capacity=500, index_shift=1)

# A guess: capacitive as the R503, and like it in everything.
R558: Final = replace(R503, name="R558", product="R558")

# Capacity and sizes: the shops, of which some say 127, 240 or 300 slots. GetEcho is in the
# manual of the chip.
AS608: Final = replace(
    R305,
    name="AS608",
    capacity=162,
    commands=R305.commands | {Command.GET_ECHO},
)

# Shops say 1000 slots, the sensor itself 300 or less (brianrho/FPM issue 3).
FPM10A: Final = replace(R305, name="FPM10A", capacity=300)

# ZFM-20 manual: 162 slots is what Adafruit sells, 930 the largest; image below 1 s.
ZFM_20: Final = replace(
    R305,
    name="ZFM-20",
    capacity=162,
    commands=R305.commands - _R307_ONLY,
    seconds=MappingProxyType({**R305.seconds, Command.GEN_IMG: 0.9}),
)

MODELS: Final = (R307, R503, R305, R308, R551, R558, AS608, FPM10A, ZFM_20)
