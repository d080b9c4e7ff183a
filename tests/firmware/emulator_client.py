"""The reader's side of the wire, for tests: written anew, shares nothing with the emulator."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from serial import Serial

    from emulator import EmulatedSensor, Finger

COMMAND, DATA, ACK, END = 1, 2, 7, 8


class Frame(NamedTuple):
    pid: int
    payload: bytes
    address: int = 0xFFFFFFFF


def frame(pid: int, payload: bytes, address: int = 0xFFFFFFFF) -> bytes:
    """Return one packet."""
    length = len(payload) + 2
    total = pid + (length >> 8) + (length & 0xFF) + sum(payload)
    return (
        bytes([0xEF, 0x01])
        + address.to_bytes(4, "big")
        + bytes([pid, length >> 8, length & 0xFF])
        + payload
        + bytes([total >> 8 & 0xFF, total & 0xFF])
    )


def frames(raw: bytes) -> list[Frame]:
    """Take packets apart; anything but whole and correct ones fails the test."""
    found = []
    while raw:
        assert raw[:2] == b"\xef\x01", raw.hex()
        end = 9 + int.from_bytes(raw[7:9], "big")
        one = Frame(raw[6], raw[9 : end - 2], int.from_bytes(raw[2:6], "big"))
        assert raw[:end] == frame(*one), raw.hex()
        found.append(one)
        raw = raw[end:]
    return found


class Client:
    """Speaks to a sensor that is there in the same process."""

    def __init__(self, sensor: EmulatedSensor) -> None:
        self.sensor = sensor

    def ask(self, *command: int) -> tuple[int, bytes]:
        """Send a command, return confirmation code and data of its one answer."""
        (answer,) = frames(self.sensor.receive(frame(COMMAND, bytes(command))))
        assert answer.pid == ACK
        return answer.payload[0], answer.payload[1:]

    def code(self, *command: int) -> int:
        """Send a command, return the confirmation code of an answer without data."""
        code, data = self.ask(*command)
        assert data == b""
        return code

    def scan(self, buffer: int) -> None:
        """Take an image and its features; both succeed."""
        assert self.code(0x01) == 0
        assert self.code(0x02, buffer) == 0

    def search(self, start: int = 0, count: int = 1000) -> tuple[int, int, int]:
        """Search CharBuffer1 in the slots, return code, slot and score."""
        code, data = self.ask(0x04, 1, *start.to_bytes(2, "big"), *count.to_bytes(2, "big"))
        return code, int.from_bytes(data[:2], "big"), int.from_bytes(data[2:], "big")

    def upload(self, buffer: int) -> list[Frame]:
        """Return the data packets of UpChar."""
        ack, *data = frames(self.sensor.receive(frame(COMMAND, bytes([0x08, buffer]))))
        assert ack == Frame(ACK, b"\x00")
        return data

    def download(self, buffer: int, data: bytes, size: int = 128) -> bytes:
        """Send a template with DownChar, return what the sensor says to the data."""
        assert self.code(0x09, buffer) == 0
        answer = b""
        for start in range(0, len(data), size):
            last = start + size >= len(data)
            packet = frame(END if last else DATA, data[start : start + size])
            answer += self.sensor.receive(packet)
        return answer

    def enroll(self, finger: Finger, slot: int, *, scans: int = 2) -> None:
        """Store a finger and take it away."""
        self.sensor.place(finger)
        for buffer in range(1, scans + 1):
            self.scan(buffer)
        self.sensor.lift()
        assert self.code(0x05) == 0
        assert self.code(0x06, 1, slot >> 8, slot & 0xFF) == 0


COUNT = frame(COMMAND, b"\x1d")
GOOD = frame(ACK, b"\0\0\0")
GEN_IMG = frame(COMMAND, b"\x01")


def ask(port: Serial, packet: bytes, size: int = len(GOOD)) -> bytes:
    port.write(packet)
    answer = port.read(size)
    assert isinstance(answer, bytes)
    return answer
