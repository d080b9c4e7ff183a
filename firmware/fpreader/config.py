"""The configuration: one JSON file that whoever installs the reader writes.

    {"reader_id": "front_door", "sensor": "R307",
     "broker": "192.0.2.7", "port": 1883, "user": "reader", "password": "…"}

What only one kind of board needs (serial line, Wi-Fi) is read by the file of that board.
"""

import json

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

#: Character buffers of each sensor model.
BUFFERS = {"R307": 2, "R503": 6}

_NAME = "abcdefghijklmnopqrstuvwxyz0123456789_-"
_MOST_NAME = 64


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

    def section(self, key: str) -> "Section":
        """Give an object."""
        return Section(self._values.get(key), self._where + key + ".")


class Config:
    """What every kind of board has to know. Raises ConfigError for what cannot be used."""

    def __init__(self, section: Section) -> None:
        self.section = section
        self.reader_id = section.name("reader_id")
        self.sensor = section.text("sensor")
        if self.sensor not in BUFFERS:
            raise ConfigError("sensor has to be one of " + ", ".join(sorted(BUFFERS)))
        self.buffers = BUFFERS[self.sensor]
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
        with open(path) as file:
            return Section(json.load(file))
    except OSError as error:
        problem = "cannot be read: %s" % error
    except ValueError:
        problem = "is not JSON"
    raise ConfigError("%s %s" % (path, problem))
