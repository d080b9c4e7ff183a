"""Everything that the documentation refers to exists: pages, sections, files and functions."""

import ast
import re
from typing import TYPE_CHECKING

import pytest

from tests.support.markdown import DOCUMENTS, ROOT

if TYPE_CHECKING:
    from pathlib import Path

INTEGRATION = ROOT / "custom_components" / "biometric_enroll"
ARCHITECTURE = ROOT / "docs" / "architecture.md"

_LINK = re.compile(r"\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)$", re.MULTILINE)
_FENCED = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
_FILE = re.compile(r"`((?:\w+/)*\w+\.py)`((?:, `\w+`)*)")


def _anchors(path: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = _HEADING.findall(_FENCED.sub("", path.read_text()))
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {heading.replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path: Path) -> None:
    for found in _LINK.findall(_FENCED.sub("", path.read_text())):
        link = found[0] or found[1]
        if "://" in link:
            continue
        target, _, anchor = link.partition("#")
        page = (path.parent / target).resolve() if target else path
        assert page.exists(), link
        if anchor:
            assert anchor in _anchors(page), link


def _names(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {node.name for node in ast.walk(tree) if isinstance(node, kinds)}


def test_the_files_and_functions_of_the_architecture_exist() -> None:
    found = _FILE.findall(ARCHITECTURE.read_text())
    assert len(found) > 20
    for name, functions in found:
        path = ROOT / name if name.startswith("tests/") else INTEGRATION / name
        assert path.exists(), name
        for function in re.findall(r"`(\w+)`", functions):
            assert function in _names(path), f"{function} of {name}"
