"""The files with texts, icons and fields of actions."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from homeassistant.util.yaml import load_yaml_dict

import custom_components.biometric_enroll

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(custom_components.biometric_enroll.__file__).parent
TEXTS: dict[str, Any] = json.loads((PACKAGE / "translations" / "en.json").read_text())
ICONS: dict[str, Any] = json.loads((PACKAGE / "icons.json").read_text())
ACTIONS: dict[str, Any] = load_yaml_dict(PACKAGE / "services.yaml")


def placeholders(text: str) -> set[str]:
    """Return the placeholders of a text."""
    return set(re.findall(r"\{(\w+)\}", text))


def all_texts(texts: dict[str, Any] = TEXTS) -> Iterator[str]:
    """Return all texts at any depth."""
    for value in texts.values():
        if isinstance(value, dict):
            yield from all_texts(value)
        else:
            yield value
