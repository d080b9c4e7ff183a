"""The documentation, for tests that check its prose and run its YAML."""

import re
from pathlib import Path
from typing import Any

from homeassistant.util.yaml import parse_yaml

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    path for folder in (ROOT, ROOT / "docs", ROOT / "firmware") for path in folder.glob("*.md")
)
"""All Markdown for users and developers."""

_BLOCK = re.compile(r"^ *```ya?ml\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def yaml_blocks() -> dict[str, Any]:
    """Return the content of each block of YAML that users may copy, by its first line.

    That line is a comment which says what the block does.
    """
    found: dict[str, Any] = {}
    for path in DOCUMENTS:
        for text in _BLOCK.findall(path.read_text()):
            title, contents = text.partition("\n")[0], parse_yaml(text)
            assert title.startswith("# "), f"{path.name} has a block that does not say what it does"
            assert found.setdefault(title, contents) == contents, f"{title} is said twice"
    return found
