"""Names and words of readers in texts that Home Assistant renders as Markdown.

Descriptions of dialogs and repairs are Markdown, their titles and errors are not, and both share
their placeholders. So nothing is escaped with characters that would be seen.
"""

import re

_JOINER = "\u2060"
"""Word joiner: no width, no line break, and no part of any markup."""
_MARKUP = re.compile(
    r"(?<=<)"  # HTML, links in angle brackets
    r"|(?<=\])(?=[(\[:])"  # links, images, and where they lead
    r"|(?<=:)(?=//)|(?<=www)(?=\.)|(?=@)"  # what becomes a link by itself
    r"|(?<=&)(?=#?\w)",  # characters by name or number
    re.IGNORECASE,
)


def harmless(text: str) -> str:
    """Return a text that looks the same, and makes neither elements, links nor images.

    Emphasis is still applied.
    """
    return _MARKUP.sub(_JOINER, text)
