"""Each entity and action has its texts, icons and fields, and there are none for others."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import homeassistant.components
import probatio
import pytest
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.service import async_get_all_descriptions
from homeassistant.setup import async_setup_component

from custom_components.biometric_enroll.binary_sensor import BINARY_SENSORS
from custom_components.biometric_enroll.button import BUTTONS
from custom_components.biometric_enroll.client.enrollment import REASONS, EnrollmentEventType
from custom_components.biometric_enroll.client.touches import (
    DISABLED,
    LOW_CONFIDENCE,
    NOT_UNDERSTOOD,
    STRANGER,
    UNKNOWN_FINGER,
    UNKNOWN_FINGERPRINT,
)
from custom_components.biometric_enroll.const import DOMAIN, FINGERS
from custom_components.biometric_enroll.event import EVENTS
from custom_components.biometric_enroll.legacy.client import ATTRIBUTED_BY_SLOT, UNPROVEN
from custom_components.biometric_enroll.protocol.words import (
    LedColor,
    Rejection,
    SensorFault,
    Stage,
    TouchResult,
)
from custom_components.biometric_enroll.select import SELECTS
from custom_components.biometric_enroll.sensor import SENSORS
from custom_components.biometric_enroll.switch import SWITCHES
from tests.unit.translation_files import ACTIONS, ICONS, TEXTS, all_texts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from homeassistant.core import HomeAssistant
    from homeassistant.helpers.entity import EntityDescription

    from tests.support.home import Home
    from tests.support.reader import FakeReader

# Entities

PLATFORMS: dict[str, tuple[EntityDescription, ...]] = {
    "binary_sensor": BINARY_SENSORS,
    "button": BUTTONS,
    "event": EVENTS,
    "select": SELECTS,
    "sensor": SENSORS,
    "switch": SWITCHES,
}
DESCRIBED = [
    pytest.param(platform, description, id=f"{platform} {description.key}")
    for platform, descriptions in PLATFORMS.items()
    for description in descriptions
]

TOUCH_REASONS = {
    *Rejection,
    UNKNOWN_FINGER,
    UNKNOWN_FINGERPRINT,
    DISABLED,
    LOW_CONFIDENCE,
    NOT_UNDERSTOOD,
}
VOCABULARIES: dict[tuple[str, ...], Iterable[str]] = {
    ("binary_sensor", "enrolling"): ("on", "off"),
    ("binary_sensor", "sensor", "sensor_error"): SensorFault,
    ("event", "touch", "event_type"): TouchResult,
    ("event", "touch", "reason"): TOUCH_REASONS,
    ("event", "touch", "finger"): FINGERS,
    ("event", "late_touch", "event_type"): TouchResult,
    ("event", "late_touch", "reason"): {*TOUCH_REASONS, STRANGER, UNPROVEN},
    ("event", "touch", "attributed_by"): {ATTRIBUTED_BY_SLOT},
    ("event", "late_touch", "late_finger"): FINGERS,
    ("event", "enrollment_activity", "event_type"): EnrollmentEventType,
    ("event", "enrollment_activity", "reason"): REASONS,
    ("event", "enrollment_activity", "rejected_reason"): Rejection,
    ("event", "enrollment_activity", "finger"): FINGERS,
    ("select", "led_color"): LedColor,
    ("select", "security_level"): ("1", "2", "3", "4", "5"),
    ("sensor", "enrollment"): Stage,
    ("sensor", "enrollment", "reason"): REASONS,
    ("sensor", "enrollment", "rejected_reason"): Rejection,
    ("sensor", "enrollment", "finger"): FINGERS,
    ("sensor", "last_identified", "finger"): FINGERS,
}
"""Possible states of each entity, and values of each attribute, that are words."""


def states(entities: dict[str, Any]) -> dict[tuple[str, ...], set[str]]:
    """Return the words that have a text, or an icon, by entity and attribute."""
    found: dict[tuple[str, ...], set[str]] = {}
    for platform, keys in entities.items():
        for key, entity in keys.items():
            if "state" in entity:
                found[platform, key] = set(entity["state"])
            for name, attribute in entity.get("state_attributes", {}).items():
                if "state" in attribute:
                    found[platform, key, name] = set(attribute["state"])
    return found


@pytest.mark.parametrize(("platform", "description"), DESCRIBED)
def test_each_entity_has_a_name_and_an_icon(platform: str, description: EntityDescription) -> None:
    if description.translation_key is None:
        # Home Assistant names it by its device class.
        home_assistant = Path(homeassistant.components.__file__).parent / platform
        texts = json.loads((home_assistant / "strings.json").read_text())
        icons = json.loads((home_assistant / "icons.json").read_text())
        assert texts["entity_component"][description.device_class]["name"]
        assert icons["entity_component"][description.device_class]["default"]
    else:
        assert TEXTS["entity"][platform][description.translation_key]["name"]
        assert ICONS["entity"][platform][description.translation_key]["default"]


def test_no_text_and_no_icon_is_for_an_entity_that_does_not_exist() -> None:
    keys = {
        platform: {each.translation_key for each in descriptions if each.translation_key}
        for platform, descriptions in PLATFORMS.items()
    }
    assert {platform: set(found) for platform, found in TEXTS["entity"].items()} == keys
    assert {platform: set(found) for platform, found in ICONS["entity"].items()} == keys


def test_each_word_that_an_entity_can_say_has_its_text_and_no_other_has() -> None:
    assert states(TEXTS["entity"]) == {key: set(words) for key, words in VOCABULARIES.items()}


def test_each_word_with_an_icon_can_be_said() -> None:
    for key, words in states(ICONS["entity"]).items():
        # Without a text of ours it is a state of one of Home Assistant's device classes.
        assert words <= {*VOCABULARIES.get(key, ("on", "off"))}


@pytest.mark.parametrize("words", [Stage, TouchResult, EnrollmentEventType])
def test_what_is_shown_most_has_an_icon_for_each_word(words: type[Stage]) -> None:
    assert {*words} in states(ICONS["entity"]).values()


def test_the_vocabularies_of_states_are_those_of_the_entities() -> None:
    for platform, described in (("select", SELECTS), ("sensor", SENSORS)):
        for description in described:
            if description.options is not None:
                assert set(description.options) == set(VOCABULARIES[platform, description.key])
    for event in EVENTS:
        assert event.event_types is not None
        assert set(event.event_types) == set(VOCABULARIES["event", event.key, "event_type"])


def test_all_icons_exist() -> None:
    """A wrong name shows an empty space."""
    import hass_frontend  # noqa: PLC0415 - slow, and of no use to the other tests

    listed = json.loads((hass_frontend.where() / "static" / "mdi" / "iconList.json").read_text())
    existing = {f"mdi:{icon['name']}" for icon in listed}
    assert set(all_texts(ICONS)) <= existing


async def test_each_attribute_of_an_entity_is_named_and_no_other_is(
    hass: HomeAssistant, home: Home, reader: FakeReader
) -> None:
    registry = er.async_get(hass)
    entities = er.async_entries_for_config_entry(registry, home.entry.entry_id)
    answer: Any = await home.call(
        "enroll_fingerprint", device_id=entities[0].device_id, name="Anna"
    )
    reader.capture(3)
    reader.touch(answer["template_id"])
    reader.touch(answer["template_id"], age=60)
    await home.settle()
    of_home_assistant = {
        "device_class",
        "event_types",
        "friendly_name",
        "options",
        "state_class",
        "unit_of_measurement",
    }
    for entity in entities:
        if entity.disabled:
            continue
        state = hass.states.get(entity.entity_id)
        assert state is not None
        texts = TEXTS["entity"].get(entity.domain, {}).get(entity.translation_key, {})
        # This one only a reader of the first generation has.
        named = texts.get("state_attributes", {}).keys() - {"attributed_by"}
        assert named == state.attributes.keys() - of_home_assistant, entity.entity_id


# Actions


async def test_home_assistant_offers_the_actions_that_have_texts_icons_and_fields(
    hass: HomeAssistant,
) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    offered = hass.services.async_services_for_domain(DOMAIN)
    assert offered.keys() == ACTIONS.keys() == TEXTS["services"].keys() == ICONS["services"].keys()
    described = (await async_get_all_descriptions(hass))[DOMAIN]
    for name, action in offered.items():
        assert isinstance(action.schema, probatio.Schema)
        fields = {str(key): key for key in action.schema.schema}
        assert fields.keys() == ACTIONS[name]["fields"].keys()
        assert fields.keys() == TEXTS["services"][name]["fields"].keys()
        # Home Assistant drops what it finds invalid in services.yaml.
        assert described[name]["fields"].keys() == fields.keys()
        for key, field in ACTIONS[name]["fields"].items():
            assert field.get("required", False) == (type(fields[key]).__name__ == "Required")
            assert TEXTS["services"][name]["fields"][key].keys() == {"name", "description"}


@pytest.mark.parametrize("field", ["slot", "scans", "scan_timeout"])
async def test_a_number_can_be_entered_if_the_action_takes_it(
    hass: HomeAssistant, field: str
) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    schema = hass.services.async_services_for_domain(DOMAIN)["enroll_fingerprint"].schema
    assert schema is not None
    described = ACTIONS["enroll_fingerprint"]["fields"][field]
    limits = described["selector"]["number"]
    call = {"device_id": "x"}
    for number in (limits["min"], limits["max"]):
        assert schema({**call, field: number})[field] == number
    for number in (limits["min"] - 1, limits["max"] + 1):
        with pytest.raises(probatio.Invalid, match=field):
            schema({**call, field: number})
    assert schema(call).get(field) == described.get("default")


def test_the_fingers_to_choose_from_are_all_ten_and_have_texts() -> None:
    select = ACTIONS["enroll_fingerprint"]["fields"]["finger"]["selector"]["select"]
    assert tuple(select["options"]) == FINGERS
    assert len(FINGERS) == 10
    assert TEXTS["selector"].keys() == {select["translation_key"], "fingerprint"}
    assert TEXTS["selector"][select["translation_key"]]["options"].keys() == set(FINGERS)
