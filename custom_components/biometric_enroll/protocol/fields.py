"""Validated access to the keys of a received JSON object."""

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from enum import StrEnum

VERSION = 1
"""Version of the protocol, key `v` of every message."""

MAX_BYTES = 4096
"""Largest message of the protocol, in bytes."""

_ID = re.compile(r"[0-9a-f]{16}")
_NAME = re.compile(r"[a-z0-9_-]{1,64}")


class MalformedError(ValueError):
    """A message violates the protocol; the text says why, without quoting the message."""


def is_reader_id(text: str) -> bool:
    """Return whether a text is valid as a reader id or a hardware id."""
    return _NAME.fullmatch(text) is not None


class Fields:
    """The keys of one JSON object; validating methods raise `MalformedError`."""

    def __init__(self, values: Mapping[str, object]) -> None:
        """Initialize with the object from `json.loads`."""
        self._values = values

    @classmethod
    def parse(cls, payload: bytes, *, version: int | None = VERSION) -> Fields:
        """Parse a message, and check its size and version; None: a protocol without key `v`."""
        if len(payload) > MAX_BYTES:
            raise MalformedError(f"more than {MAX_BYTES} bytes")
        try:
            values = json.loads(payload.decode())
        except ValueError, RecursionError:
            # UnicodeDecodeError and JSONDecodeError are ValueErrors.
            raise MalformedError("not JSON in UTF-8") from None
        if not isinstance(values, dict):
            raise MalformedError("not a JSON object")
        fields = cls(values)
        if version is not None:
            fields.integer("v", version, version)
        elif fields.has("v"):
            raise MalformedError("a message of another protocol")
        return fields

    def _get(self, key: str) -> object:
        try:
            return self._values[key]
        except KeyError:
            raise MalformedError(f"key {key} is missing") from None

    def null(self, key: str) -> bool:
        """Return whether the value is null."""
        return self._get(key) is None

    def integer(self, key: str, low: int, high: int) -> int:
        """Return an integer between the bounds, inclusive."""
        value = self._get(key)
        # A bool is an int in Python, but not in the protocol.
        if type(value) is not int or not low <= value <= high:
            raise MalformedError(f"key {key} is not an integer from {low} to {high}")
        return value

    def integer_or_none(self, key: str, low: int, high: int) -> int | None:
        """Return an integer between the bounds, inclusive, or None for null."""
        return None if self.null(key) else self.integer(key, low, high)

    def boolean(self, key: str) -> bool:
        """Return true or false."""
        value = self._get(key)
        if not isinstance(value, bool):
            raise MalformedError(f"key {key} is not a boolean")
        return value

    def text(self, key: str, longest: int = 32) -> str:
        """Return a short printable text."""
        value = self._get(key)
        # This also rejects lone surrogates, which JSON can contain.
        if not isinstance(value, str) or not 0 < len(value) <= longest or not value.isprintable():
            raise MalformedError(f"key {key} is not a text of 1 to {longest} printable characters")
        return value

    def text_or_none(self, key: str) -> str | None:
        """Return a short printable text, or None for null."""
        return None if self.null(key) else self.text(key)

    def name(self, key: str) -> str:
        """Return a hardware id."""
        value = self.text(key, 64)
        if not is_reader_id(value):
            raise MalformedError(f"key {key} is not made of a-z, 0-9, _ and -")
        return value

    def id(self, key: str) -> str:
        """Return an id of 16 hexadecimal digits."""
        value = self._get(key)
        if not isinstance(value, str) or not _ID.fullmatch(value):
            raise MalformedError(f"key {key} is not 16 hexadecimal digits")
        return value

    def id_or_none(self, key: str) -> str | None:
        """Return an id, or None for null."""
        return None if self.null(key) else self.id(key)

    def word[W: StrEnum](self, key: str, words: type[W]) -> W:
        """Return a word of a fixed vocabulary."""
        value = self._get(key)
        if not isinstance(value, str) or value not in words:
            raise MalformedError(f"key {key} is none of {', '.join(words)}")
        return words(value)

    def word_or_none[W: StrEnum](self, key: str, words: type[W]) -> W | None:
        """Return a word of a fixed vocabulary, or None for null."""
        return None if self.null(key) else self.word(key, words)

    def open_word[W: StrEnum](self, key: str, words: type[W]) -> W | str:
        """Return a word of a vocabulary that a later firmware may have more words of."""
        value = self.text(key)
        return words(value) if value in words else value

    def open_word_or_none[W: StrEnum](self, key: str, words: type[W]) -> W | str | None:
        """Return the same, or None for null."""
        return None if self.null(key) else self.open_word(key, words)

    def value(self, key: str) -> object:
        """Return the unchecked value, None if the key is absent."""
        return self._values.get(key)

    def has(self, key: str) -> bool:
        """Return whether an optional key is present."""
        return key in self._values

    def inner(self, key: str) -> Fields:
        """Return the fields of a nested object."""
        return Fields(self.mapping(key))

    def mapping(self, key: str) -> dict[str, object]:
        """Return a nested object, unchecked."""
        value = self._get(key)
        if not isinstance(value, dict):
            raise MalformedError(f"key {key} is not an object")
        return value

    def array(self, key: str, longest: int) -> list[object]:
        """Return an array of bounded length."""
        value = self._get(key)
        if not isinstance(value, list) or len(value) > longest:
            raise MalformedError(f"key {key} is not an array of at most {longest}")
        return value
