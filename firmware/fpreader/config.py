"""The configuration: one JSON file that whoever installs the reader writes.

    {"reader_id": "front_door",
     "broker": "192.0.2.7", "port": 1883, "user": "reader", "password": "…"}

and, where the sensor does not tell or was changed from what it is from the factory,

    {"sensor": "R307", "capacity": 162, "baud": 9600,
     "address": "0x12345678", "sensor_password": "0x00000001"}

What only one kind of board needs (serial line, Wi-Fi) is read by the file of that board.
"""

import json

from fpreader.sensor_models import AUTO, BUFFERS
from fpreader.sensor_packet import FACTORY_ADDRESS

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

_NAME = "abcdefghijklmnopqrstuvwxyz0123456789_-"
_MOST_NAME = 64
#: No sensor has more slots; one that tells more tells nonsense.
MOST_SLOTS = 10000
#: What sensors can be set to (SetSysPara 4), in bits per second.
_BAUD_STEP, _MOST_BAUD_STEPS = 9600, 12
#: Two 16-bit halves of one character: first halves, second halves, and the first character of two.
_HIGH, _LOW, _LAST_LOW, _BEYOND = 0xD800, 0xDC00, 0xDFFF, 0x10000


class ConfigError(Exception):
    """The configuration cannot be used; the text says what to change."""


class Section:
    """One JSON object of the configuration, to read keys from with a clear message."""

    def __init__(self, values: "Any", where: str = "") -> None:
        if not isinstance(values, dict):
            raise ConfigError((where.rstrip(".") or "it") + " has to be an object in braces")
        self._values = values
        self._where = where

    def text(self, key: str) -> str:
        """Give a text that is not empty."""
        value = self._values.get(key)
        if not isinstance(value, str) or not value:
            raise ConfigError(self._where + key + " has to be a text")
        value = _join_surrogates(value)
        if value is None:
            raise ConfigError(self._where + key + " has half a character: one \\u of a pair")
        return value

    def text_or_none(self, key: str) -> "str | None":
        """Give a text, None when the key is missing or null."""
        return None if self._values.get(key) is None else self.text(key)

    def name(self, key: str) -> str:
        """Give a text that can be part of a topic."""
        value = self.text(key)
        if len(value) > _MOST_NAME or any(character not in _NAME for character in value):
            raise ConfigError(self._where + key + " has to be 1 to 64 of a-z, 0-9, _ and -")
        return value

    def number(self, key: str, lowest: int, highest: int) -> int:
        """Give an integer."""
        value = self._values.get(key)
        if type(value) is not int or not lowest <= value <= highest:
            raise ConfigError(self._where + key + " has to be %d to %d" % (lowest, highest))
        return value

    def number_or_none(self, key: str, lowest: int, highest: int) -> "int | None":
        """Give an integer, None when the key is missing or null."""
        if self._values.get(key) is None:
            return None
        return self.number(key, lowest, highest)

    def four_bytes(self, key: str, missing: int) -> int:
        """Give an integer of 32 bits, written as such or as hexadecimal text."""
        value = self._values.get(key)
        if value is None:
            return missing
        try:
            number = int(value, 16) if isinstance(value, str) else value
        except ValueError:
            number = None
        if type(number) is not int or not 0 <= number <= FACTORY_ADDRESS:
            raise ConfigError(self._where + key + ' has to be 4 bytes, such as "0x00001234"')
        return number

    def section(self, key: str) -> "Section":
        """Give an object."""
        return Section(self._values.get(key), self._where + key + ".")


class SensorConfig:
    """What may have to be said of the sensor. Raises ConfigError as Config does."""

    def __init__(self, section: Section) -> None:
        self.name = section.text_or_none("sensor") or AUTO
        """One of BUFFERS, or AUTO."""
        if self.name != AUTO and self.name not in BUFFERS:
            names = ", ".join(sorted(BUFFERS))
            raise ConfigError("sensor has to be auto or one of " + names)
        self.capacity = section.number_or_none("capacity", 1, MOST_SLOTS)
        """Slots, for a sensor that does not tell."""
        self.baud = section.number_or_none("baud", _BAUD_STEP, _BAUD_STEP * _MOST_BAUD_STEPS)
        """Bits per second; None: find out."""
        if self.baud is not None and self.baud % _BAUD_STEP:
            raise ConfigError("baud has to be a multiple of %d" % _BAUD_STEP)
        self.address = section.four_bytes("address", FACTORY_ADDRESS)
        self.password = section.four_bytes("sensor_password", 0)


class Config:
    """What every kind of board has to know. Raises ConfigError for what cannot be used."""

    def __init__(self, section: Section) -> None:
        self.section = section
        self.reader_id = section.name("reader_id")
        self.sensor = SensorConfig(section)
        self.host = section.text("broker")
        self.port = section.number("port", 1, 65535)
        self.user = section.text_or_none("user")
        self.password = section.text_or_none("password")
        if self.password is not None and self.user is None:
            raise ConfigError("password needs a user")


def read(path: str) -> Section:
    """Read the file. Raises ConfigError."""
    # Not raised where it is caught: MicroPython would print a warning beside it.
    try:
        with open(path, "rb") as file:
            text = file.read().decode()
        # Some editors begin a file with a byte order mark.
        return Section(json.loads(text.lstrip("\ufeff")))
    except OSError as error:
        problem = "cannot be read: %s" % error
    except ValueError:
        problem = "is not JSON in UTF-8"
    raise ConfigError("%s %s" % (path, problem))


def _join_surrogates(text: str) -> "str | None":
    r"""Join the pairs of \u that stand for one character (RFC 8259, 7); None if one is alone.

    CPython's JSON does so, MicroPython's does not.
    """
    joined, high = "", 0
    for character in text:
        code = ord(character)
        is_low = _LOW <= code <= _LAST_LOW
        if is_low != bool(high):
            return None
        if is_low:
            joined += chr(_BEYOND + ((high - _HIGH) << 10) + (code - _LOW))
            high = 0
        elif _HIGH <= code < _LOW:
            high = code
        else:
            joined += character
    return None if high else joined
