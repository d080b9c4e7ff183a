"""What a sensor remembers: flash for ever, RAM until the power goes."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from .surface import Surface
from .wire import DEFAULT_ADDRESS

if TYPE_CHECKING:
    from .profiles import Profile
    from .surface import Image

NOTEPAD_PAGES: Final = 16
NOTEPAD_PAGE_SIZE: Final = 32


@dataclass(frozen=True, slots=True)
class Led:
    """The light, in the words of AuraLed (0x35); an R307 knows only on and off."""

    #: 1 breathe, 2 flash, 3 on, 4 off, 5 fade in, 6 fade out (LED_CONTROLS).
    control: int
    #: 1 red, 2 blue, 3 purple, 4 green, 5 yellow, 6 cyan, 7 white; 0 on an R307.
    colour: int = 0
    #: Length of one cycle, 0 to 255, without a unit in the manual.
    speed: int = 0
    #: Cycles, 0 for endless.
    count: int = 0


LED_CONTROLS: Final = 6
LED_ON: Final = Led(control=3)
LED_OFF: Final = Led(control=4)


@dataclass(slots=True)
class Flash:
    """What outlives a power cycle."""

    #: Slot (page number) to template.
    templates: dict[int, bytes] = field(default_factory=dict)
    notepad: list[bytes] = field(default_factory=lambda: [bytes(NOTEPAD_PAGE_SIZE)] * NOTEPAD_PAGES)
    password: int = 0
    address: int = DEFAULT_ADDRESS
    #: Times 9600 baud; `SensorLine` holds the reader to it.
    baud: int = 6
    #: 1 (lenient) to 5 (strict).
    security: int = 3
    #: 0 to 3 for data packets of 32, 64, 128, 256 bytes.
    packet_code: int = 2

    @property
    def packet_size(self) -> int:
        """Bytes of data in one data packet."""
        return 32 << self.packet_code


@dataclass(slots=True)
class Download:
    """A DownChar whose data packets are still coming."""

    buffer: int
    data: bytearray = field(default_factory=bytearray)


@dataclass(slots=True)
class Ram:
    """What is gone after a power cycle."""

    image: Image | None = None
    #: CharBuffer number to features or template, in the order of writing.
    buffers: dict[int, bytes] = field(default_factory=dict)
    #: The password has been verified since power-on.
    verified: bool = False
    download: Download | None = None
    led: Led = LED_OFF


class Memory:
    """All state of one sensor, and the rules by which it is addressed."""

    def __init__(self, profile: Profile, seed: int) -> None:
        """Start as from the factory, powered."""
        self.profile = profile
        self.flash = Flash(password=profile.password, address=profile.address, baud=profile.baud)
        self.ram = Ram()
        self.surface = Surface()
        self._seed = seed
        self._random_numbers = 0

    @property
    def locked(self) -> bool:
        """Whether commands are refused until VfyPwd."""
        return self.flash.password != 0 and not self.ram.verified

    def buffer_number(self, wanted: int) -> int | None:
        """Return the CharBuffer that a BufferID means, None for a packet error.

        Two-buffer models process every BufferID but 1 as CharBuffer2 (ZFM-20 and
        ZFM-70 manuals, Img2Tz), so a scan "into buffer 3" replaces the one in buffer 2.
        No manual says what an R503 does with 0 or 7.
        """
        if self.profile.buffers == 2:  # noqa: PLR2004 - the number is the rule
            return 1 if wanted == 1 else 2
        return wanted if 1 <= wanted <= self.profile.buffers else None

    def fill(self, buffer: int, data: bytes) -> None:
        """Write a CharBuffer, and remember that it is the newest."""
        self.ram.buffers.pop(buffer, None)
        self.ram.buffers[buffer] = data

    def scans(self) -> list[bytes]:
        """Return what RegModel merges, [] when a scan is missing.

        The manuals speak of CharBuffer 1 and 2 only, yet an R503 takes up to six
        scans. Unverified guess: a buffer from 3 up counts when it was written after
        the one before it, so that what an abandoned enrollment left in buffers 3
        to 6 does not spoil a following one of two scans.
        """
        buffers = self.ram.buffers
        if not {1, 2} <= buffers.keys():
            return []
        written = list(buffers)
        last = 2
        while last + 1 in buffers and written.index(last + 1) > written.index(last):
            last += 1
        return [buffers[number] for number in range(1, last + 1)]

    def random_number(self) -> bytes:
        """Return the next 4 bytes of GetRandom; the same row for the same seed."""
        self._random_numbers += 1
        return sha256(f"{self._seed} {self._random_numbers}".encode()).digest()[:4]
