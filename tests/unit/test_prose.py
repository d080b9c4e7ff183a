"""The documentation stays short where it must be, and readable in a terminal and in a diff."""

import re
from typing import TYPE_CHECKING

import pytest

from tests.support.markdown import DOCUMENTS, ROOT

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = 120
README_WORDS = 1400

_FENCED = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
_ADDRESS = re.compile(r"\bhttps?://[^\s)>]+|\]\([^)\s]+\)")
_BLUEPRINTS = sorted((ROOT / "blueprints").rglob("*.yaml"))


def _prose(text: str) -> list[str]:
    """Return the lines of Markdown that people could break: neither code, nor rows of a table."""
    without_code = _FENCED.sub("", text)
    return [line for line in without_code.splitlines() if not line.lstrip().startswith("|")]


def _too_long(lines: list[str]) -> list[str]:
    """Return the lines that are too long also without their addresses, which nobody can break."""
    return [line for line in lines if len(_ADDRESS.sub("", line)) > COLUMNS]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_line_of_prose_is_too_long(path: Path) -> None:
    assert _too_long(_prose(path.read_text())) == []


@pytest.mark.parametrize("path", _BLUEPRINTS, ids=lambda path: path.name)
def test_no_line_of_a_blueprint_is_too_long(path: Path) -> None:
    assert _too_long(path.read_text().splitlines()) == []


def test_documents_and_blueprints_are_found() -> None:
    """Otherwise the tests above would check nothing after a folder was renamed."""
    assert {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "protocol.md"} <= {
        path.name for path in DOCUMENTS
    }
    assert ROOT / "firmware/README.md" in DOCUMENTS
    assert len(_BLUEPRINTS) >= 5


def test_the_readme_is_read_in_a_few_minutes() -> None:
    assert len((ROOT / "README.md").read_text().split()) <= README_WORDS
