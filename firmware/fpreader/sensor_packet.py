"""Packets of the fingerprint sensor (ZFM-20 manual, "Data package format").

    EF 01 | address (4) | kind (1) | length (2) | content | sum (2)

Big endian. The length counts content and sum; the sum adds up kind, length and content, mod 65536.
"""

COMMAND = 0x01
ACK = 0x07

HEADER = b"\xef\x01"
#: The address that a sensor has from the factory.
FACTORY_ADDRESS = 0xFFFFFFFF
#: And the rate of its line, in bits per second.
FACTORY_BAUD = 57600

#: The longest answer that is understood: a confirmation code and 46 bytes (ReadProdInfo).
LONGEST_CONTENT = 47

_FRAME = 9  # bytes before the content
_SUM = 2
_SHORTEST = _FRAME + 1 + _SUM  # with a confirmation code alone


def encode(kind: int, content: bytes, address: int = FACTORY_ADDRESS) -> bytes:
    """Build the packet that carries this content to an address."""
    length = len(content) + _SUM
    body = bytes((kind, length >> 8, length & 0xFF)) + content
    total = sum(body) & 0xFFFF
    return HEADER + address.to_bytes(4, "big") + body + bytes((total >> 8, total & 0xFF))


class Parser:
    """Finds whole packets in whatever comes over the line.

    Noise, torn packets, packets of another address and lengths beyond any answer are skipped byte
    by byte, so a good packet is found wherever it begins, also inside of what looked like another.
    """

    def __init__(self, address: int = FACTORY_ADDRESS) -> None:
        """Look for packets of this address only."""
        self._address = address.to_bytes(4, "big")
        self._data = b""

    def clear(self) -> None:
        """Forget what came so far."""
        self._data = b""

    def feed(self, data: bytes) -> None:
        """Take bytes from the line."""
        self._data += data

    def missing(self) -> int:
        """Say how many bytes the packet under way still needs, at least 1.

        Nobody has to wait for more than these, so an answer is never waited for once it is there.
        """
        if len(self._data) < _FRAME:
            return _SHORTEST - len(self._data)
        return max(1, _FRAME + (self._data[7] << 8 | self._data[8]) - len(self._data))

    def packet(self) -> "tuple[int, bytes] | None":
        """Take the next whole packet as (kind, content), or None when more bytes are needed."""
        while True:
            self._seek()
            if len(self._data) < _FRAME:
                return None
            length = self._data[7] << 8 | self._data[8]
            if self._data[2:6] == self._address and _SUM < length <= LONGEST_CONTENT + _SUM:
                end = _FRAME + length
                if len(self._data) < end:
                    return None
                total = self._data[end - 2] << 8 | self._data[end - 1]
                if total == sum(self._data[6 : end - _SUM]) & 0xFFFF:
                    found = self._data[6], self._data[_FRAME : end - _SUM]
                    self._data = self._data[end:]
                    return found
            self._data = self._data[1:]

    def _seek(self) -> None:
        """Drop everything before what may be a header."""
        start = self._data.find(HEADER)
        if start < 0:
            # The last byte may be the first half of a header.
            start = len(self._data) - self._data.endswith(HEADER[:1])
        self._data = self._data[start:]
