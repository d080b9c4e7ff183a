"""The words of a newer firmware: what such a reader says, and what users see of it."""

from __future__ import annotations

import re

#: Before each word of a newer firmware; so none of them is known.
_NEWER = "new_"
_WORDS = re.compile(rb'("(?:reason|last|sensor_error)": ?")(?!new_)')
#: The topics that hold such words, at their ends.
_TOPICS = ("enroll/response", "templates", "command/response")


def renewed(topic: str, payload: bytes) -> bytes:
    """Replace reasons, rejections and problems of the sensor by words that nobody knows."""
    return _WORDS.sub(rb"\1new_", payload) if topic.endswith(_TOPICS) else payload


def known(word: str | None) -> str | None:
    """Return the word that such a word, or what users see of it, was made of."""
    if word is None:
        return None
    return word.removeprefix("other (").removesuffix(")").removeprefix(_NEWER)


def is_bare(word: str | None) -> bool:
    """Return whether users see such a word as if it were a known one."""
    return word is not None and word.startswith(_NEWER)
