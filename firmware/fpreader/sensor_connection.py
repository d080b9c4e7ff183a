"""Sends commands to the sensor, one at a time, and matches the answers to them.

Answers are matched to commands by what the line offers: it is emptied before each command, and an
answer counts only with a good checksum, from the sensor's address, as an acknowledgement, and with
exactly the data that this command is answered with. Packets carry no number, so once a command was
repeated or given up, another one with an answer of its own size is asked before the next: its
answer comes behind all late ones. Not covered: an answer that arrives even later. Whoever builds on
Store or DeletChar therefore asks which slots are occupied afterwards, and whoever builds on
RegModel verifies with another scan.
"""

import asyncio

from fpreader import sensor_packet
from fpreader.sensor_commands import (
    DELET_CHAR,
    GEN_IMG,
    HI_SPEED_SEARCH,
    IMG2TZ,
    READ_SYS_PARA,
    REG_MODEL,
    SEARCH,
    STORE,
    TEMPLETE_NUM,
    VFY_PWD,
)

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class Stream(Protocol):
        """The serial line to the sensor."""

        def write(self, data: bytes) -> None:
            """Send bytes."""

        async def read(self, n: int, timeout_ms: int) -> bytes:
            """Give what came, at most n bytes; nothing when the time was over first."""

        def discard(self) -> None:
            """Forget what came and was not read."""

        def set_baud(self, rate: int) -> None:
            """Go on at another rate, in bits per second."""


#: Maximum number of attempts for one command that gets no valid answer (protocol, "enrollment
#: procedure").
ATTEMPTS = 3
#: And for one that is answered with a code that it is not known to have.
CODE_ATTEMPTS = 2
#: Milliseconds that one try waits; slow is what works on an image or writes the sensor's flash.
ANSWER_MS = 1000
SLOW_ANSWER_MS = 3000

OK = 0x00
NOT_UNDERSTOOD = 0x01  # a packet error: the same once more may be understood
_PASSWORD_REQUIRED = 0x21
#: Commands without which there is no reader. One that is refused so often in a row is missing.
_INDISPENSABLE = (GEN_IMG, IMG2TZ, SEARCH, HI_SPEED_SEARCH, REG_MODEL, STORE, DELET_CHAR)
_MOST_REFUSALS = 5

#: Commands that change nothing and whose answers have a size of their own, to get into step again.
_SYNCHRONIZING = ((bytes((TEMPLETE_NUM,)), 2), (bytes((READ_SYS_PARA,)), 16))


class SensorError(Exception):
    """The sensor gave no answer that can be used, in up to three tries."""

    word = "not_responding"
    """What the protocol calls it (`sensor_error` on `templates`)."""
    command: "int | None" = None
    """The command that it is about, where the protocol tells that …"""
    code: "int | None" = None
    """… and the code that it was answered with; None for silence."""


class PasswordError(SensorError):
    """The sensor refuses our password."""

    word = "wrong_password"


class CodeError(SensorError):
    """The sensor answers, but with a code that this command is not known to have.

    It costs that one command: the sensor works on.
    """

    word = "missing_command"

    def __init__(self, command: int, code: "int | None") -> None:
        super().__init__(command, code)
        self.command = command
        self.code = code


class SensorConnection:
    """The commands under way, at most one.

    `send` raises CodeError, PasswordError, or SensorError when there is no valid answer. It never
    waits longer than three times the timeout, and as long again to get into step.
    """

    def __init__(self, stream: "Stream", address: int = sensor_packet.FACTORY_ADDRESS) -> None:
        self._stream = stream
        self._address = address
        self._parser = sensor_packet.Parser(address)
        self._lock = asyncio.Lock()  # the light is asked for while the sensor works
        self.out_of_sync = False
        """Whether an answer may still come to a command that was repeated or given up."""
        self.errors = 0
        """Commands without a valid answer so far."""
        self._refusals: dict[int, tuple[int, int]] = {}  # code and how often in a row, by command
        self.missing: set[int] = set()
        """Commands that this sensor was found to lack: not used to get into step."""
        self.may_repeat: Callable[[], bool] = always
        """Asked before a command is repeated: a deadline or a cancel must not wait for repeats."""

    def set_baud(self, rate: int) -> None:
        """Go on at another rate, in bits per second."""
        self._stream.set_baud(rate)

    @property
    def refused(self) -> "tuple[int, int] | None":
        """A command that is refused again and again, and the code for it; None: there is none."""
        for command, (code, times) in self._refusals.items():
            if times >= _MOST_REFUSALS:
                return command, code
        return None

    async def send(
        self,
        command: bytes,
        *,
        size: int = 0,
        codes: "tuple[int, ...] | None" = (OK,),
        timeout_ms: int = ANSWER_MS,
        attempts: int = ATTEMPTS,
    ) -> "tuple[int, bytes]":
        """Send a command until it is answered; give the confirmation code and the data.

        `size` is that of the data with OK, `codes` is what this command may be answered with; None
        is any.
        """
        async with self._lock:
            code: int | None = None
            # Before a password is said, a sensor may do nothing else.
            if not self.out_of_sync or command[0] == VFY_PWD or await self._synchronize():
                strange = 0
                for attempt in range(attempts):
                    if (attempt and not self.may_repeat()) or strange == CODE_ATTEMPTS:
                        break
                    answer = await self._try(command, size, timeout_ms)
                    code = None if answer is None else answer[0]
                    if answer is None or code == NOT_UNDERSTOOD:
                        self.out_of_sync = True
                    elif code == _PASSWORD_REQUIRED:
                        raise PasswordError
                    elif codes is None or code in codes:
                        self._refusals.pop(command[0], None)
                        return answer
                    else:
                        strange += 1
            self.errors += 1
            if code is None:
                raise SensorError
            if command[0] in _INDISPENSABLE:
                times = self._refusals.get(command[0], (code, 0))[1]
                self._refusals[command[0]] = code, times + 1
            raise CodeError(command[0], code)

    async def _synchronize(self) -> bool:
        """Have a command answered behind whose answer no older one can come.

        Gives False if there is none. The answer has a size of its own, so none of the older ones
        passes for it.
        """
        known = [one for one in _SYNCHRONIZING if one[0][0] not in self.missing]
        if not known:
            # All that is left is to wait for as long as the slowest answer takes.
            await asyncio.sleep(SLOW_ANSWER_MS / 1000)
            self.out_of_sync = False
            return True
        for attempt in range(ATTEMPTS):
            if attempt and not self.may_repeat():
                break
            # In turn: to one that it lacks, the sensor may be silent.
            command, size = known[attempt % len(known)]
            answer = await self._try(command, size, ANSWER_MS)
            if answer is not None and answer[0] == OK:
                self.out_of_sync = False
                return True
        return False

    async def _try(self, command: bytes, size: int, timeout_ms: int) -> "tuple[int, bytes] | None":
        self._parser.clear()
        packet = sensor_packet.encode(sensor_packet.COMMAND, command, self._address)
        try:
            self._stream.discard()
            self._stream.write(packet)
            # A read has a time of its own, but noise could go on bringing bytes for ever.
            return await asyncio.wait_for(self._answer(size, timeout_ms), timeout_ms / 1000)
        except asyncio.TimeoutError:
            return None
        except OSError:
            # The line itself is gone; whoever owns the stream brings it back.
            await asyncio.sleep(timeout_ms / 1000)
            return None

    async def _answer(self, size: int, timeout_ms: int) -> "tuple[int, bytes] | None":
        while data := await self._stream.read(self._parser.missing(), timeout_ms):
            self._parser.feed(data)
            while (found := self._parser.packet()) is not None:
                kind, content = found
                if kind == sensor_packet.ACK and (content[0] != OK or len(content) == 1 + size):
                    return content[0], content[1:]
            # Noise may be there before it is asked for: the time limit needs a turn to end this.
            await asyncio.sleep(0)
        return None


def always() -> bool:
    """Let every command be repeated."""
    return True
