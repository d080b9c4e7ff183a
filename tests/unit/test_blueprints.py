"""Properties of all blueprints: Home Assistant accepts them, and their inputs are described."""

from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.components.automation.config import AUTOMATION_BLUEPRINT_SCHEMA
from homeassistant.components.blueprint.models import Blueprint
from homeassistant.util import yaml as yaml_util

from tests.unit.blueprints import FOLDER

if TYPE_CHECKING:
    from pathlib import Path

BLUEPRINTS = sorted(FOLDER.glob("biometric_enroll/*.yaml"))


def _load(path: Path) -> Blueprint:
    data: Any = yaml_util.load_yaml(path)
    return Blueprint(
        data, path=path.name, expected_domain="automation", schema=AUTOMATION_BLUEPRINT_SCHEMA
    )


def test_there_are_five() -> None:
    assert [path.stem for path in BLUEPRINTS] == [
        "disarm_alarm",
        "enrollment_phone",
        "greet",
        "lock_out",
        "open_lock",
    ]


@pytest.mark.parametrize("path", BLUEPRINTS, ids=lambda path: path.stem)
def test_home_assistant_takes_it_and_it_asks_for_the_version_it_needs(path: Path) -> None:
    blueprint = _load(path)
    assert blueprint.validate() is None
    assert blueprint.metadata["homeassistant"] == {"min_version": "2026.10.0"}
    assert blueprint.data["mode"] in {"single", "queued"}


@pytest.mark.parametrize("path", BLUEPRINTS, ids=lambda path: path.stem)
def test_every_input_is_in_a_section_and_says_what_it_is(path: Path) -> None:
    for section in _load(path).metadata["input"].values():
        assert section["name"]
        for asked in section["input"].values():
            assert asked["name"]
            assert asked["description"]
            assert asked["selector"]


@pytest.mark.parametrize("path", BLUEPRINTS, ids=lambda path: path.stem)
def test_every_input_is_used(path: Path) -> None:
    blueprint = _load(path)
    assert yaml_util.extract_inputs(blueprint.data) == set(blueprint.inputs)


@pytest.mark.parametrize("path", BLUEPRINTS, ids=lambda path: path.stem)
def test_no_entity_of_a_reader_is_named(path: Path) -> None:
    """Readers are selected as devices: their entities may have any id, or none."""
    text = path.read_text(encoding="utf-8")
    assert "late_touch" not in text
    assert "front_door" not in text
