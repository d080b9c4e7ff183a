"""A fingerprint sensor without wire and clock: bytes in, bytes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from . import commands
from .answers import PACKET_ERROR, Answer
from .commands_for_templates import receive_data
from .faults import Fault, FaultPlan, distort
from .memory import Memory, Ram
from .wire import READY_BYTE, PacketReader, Pid, build

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .fingers import Finger, Quality
    from .memory import Flash, Led
    from .profiles import Profile
    from .surface import Background
    from .wire import Packet


class Reply(NamedTuple):
    """What the sensor made of one packet that it answers, or was to answer."""

    #: Instruction code; None for a packet that was no readable command.
    command: int | None
    #: Confirmation code, also when the answer was then lost or damaged; None when
    #: the sensor did nothing, or does not answer such a command.
    code: int | None
    #: The bytes to send, in pieces that are to arrive one by one.
    pieces: tuple[bytes, ...]


class EmulatedSensor:
    """One sensor of the Grow (ZFM) family, as its reader sees it on the wire.

    Not thread-safe; `SensorLine` guards the one it runs.
    """

    def __init__(self, profile: Profile, *, seed: int = 0) -> None:
        """Start as from the factory and powered; `seed` is for GetRandom."""
        self.profile = profile
        self.faults = FaultPlan()
        self._memory = Memory(profile, seed)
        self._reader = PacketReader()
        self._powered = True

    # --- what lies on it ------------------------------------------------------------

    @property
    def finger(self) -> Finger | None:
        """The finger that is on the sensor."""
        return self._memory.surface.finger

    def place(self, finger: Finger) -> None:
        """Put a finger on the sensor; it stays until `lift`."""
        self._memory.surface.place(finger)

    def lift(self) -> None:
        """Take the finger away."""
        self._memory.surface.lift()

    def script(self, *qualities: Quality) -> None:
        """Say how the next captures turn out, before what the fingers say.

        An image counts as captured when Img2Tz first reads it, or when GenImg
        fails on it; polling GenImg uses up nothing else (see `Surface.blurred`).
        """
        self._memory.surface.script(*qualities)

    def flicker(self, seen: Sequence[bool]) -> None:
        """Say which looks (GenImg) at a resting finger see it, over and over.

        The sequence begins anew with each touch; an empty one lets all looks see it.
        """
        self._memory.surface.flicker(seen)

    def background(self, background: Background) -> None:
        """Say what the sensor sees while no finger rests on it."""
        self._memory.surface.background = background

    # --- what it remembers ----------------------------------------------------------

    @property
    def flash(self) -> Flash:
        """All that outlives a power cycle, to read and to prepare."""
        return self._memory.flash

    @property
    def templates(self) -> dict[int, bytes]:
        """Slot (page number) to template, the flash itself."""
        return self._memory.flash.templates

    @property
    def notepad(self) -> list[bytes]:
        """The 16 pages of 32 bytes, the flash itself."""
        return self._memory.flash.notepad

    @property
    def led(self) -> Led:
        """How the light was set last."""
        return self._memory.ram.led

    # --- power ----------------------------------------------------------------------

    @property
    def powered(self) -> bool:
        """Whether it listens at all."""
        return self._powered

    def power_off(self) -> None:
        """Lose the RAM and fall silent, as when unplugged."""
        self._powered = False
        self._memory.ram = Ram()
        self._reader.clear()

    def power_on(self) -> bytes:
        """Start, and return what the sensor then sends unasked."""
        self._powered = True
        return READY_BYTE if self.profile.announces_power_on else b""

    def power_cycle(self) -> bytes:
        """Go off and on, and return what the sensor then sends unasked."""
        self.power_off()
        return self.power_on()

    # --- the wire -------------------------------------------------------------------

    def receive(self, data: bytes) -> bytes:
        """Take bytes from the wire and return all bytes sent back."""
        return b"".join(piece for reply in self.process(data) for piece in reply.pieces)

    def process(self, data: bytes) -> list[Reply]:
        """Take bytes from the wire and return one reply for each packet answered.

        A partial packet is kept until its rest comes. Packets for another address
        and data that nobody asked for are ignored.
        """
        if not self._powered:
            return []
        replies = []
        flash = self.flash
        for packet in self._reader.feed(data):
            if packet.address != flash.address:
                continue
            if packet.intact and packet.pid in (Pid.DATA, Pid.END_OF_DATA):
                reply = self._take_data(packet)
            else:
                reply = self._take_command(packet)
            if reply is not None:
                replies.append(reply)
        return replies

    def _take_data(self, packet: Packet) -> Reply | None:
        last = packet.pid == Pid.END_OF_DATA
        answer = receive_data(self._memory, packet.payload, last=last)
        if answer is None:
            return None
        return Reply(None, answer.code, (self._encode(answer),))

    def _take_command(self, packet: Packet) -> Reply:
        """Do a command, or refuse a packet that is none, as the faults will it."""
        readable = packet.intact and packet.pid == Pid.COMMAND and packet.payload
        command = packet.payload[0] if readable else None
        fault, code = self.faults.take(command) or (None, 0)
        if fault is Fault.REQUEST_LOST:
            return Reply(command, None, ())
        if fault is Fault.POWER_LOSS_BEFORE:
            return Reply(command, None, (self.power_cycle(),))
        # Whatever comes instead of the data that DownChar waits for ends it.
        self._memory.ram.download = None
        answer: Answer | None = PACKET_ERROR
        if fault is Fault.CODE:
            answer = Answer(code)
        elif command is not None:
            answer = commands.execute(self._memory, command, packet.payload[1:])
        if fault is Fault.POWER_LOSS_AFTER:
            return Reply(command, answer.code if answer else None, (self.power_cycle(),))
        if answer is None:
            return Reply(command, None, ())
        encoded = self._encode(answer)
        pieces = (encoded,) if fault is None else distort(fault, encoded)
        return Reply(command, answer.code, pieces)

    def _encode(self, answer: Answer) -> bytes:
        """Return the acknowledgement and the data packets behind it."""
        address, size = self.flash.address, self.flash.packet_size
        acknowledgement = build(Pid.ACK, bytes((answer.code,)) + answer.data, address)
        if not answer.stream:
            return acknowledgement
        parts = [acknowledgement]
        for start in range(0, len(answer.stream), size):
            last = start + size >= len(answer.stream)
            pid = Pid.END_OF_DATA if last else Pid.DATA
            parts.append(build(pid, answer.stream[start : start + size], address))
        return b"".join(parts)
