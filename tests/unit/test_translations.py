"""Contracts between the code and the files that name things for users: texts, icons, fields.

A missing text shows its key to a person at a wall tablet, and nothing else fails.
"""

import ast
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import homeassistant.components
import probatio
import pytest
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.service import async_get_all_descriptions
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml_dict

import custom_components.biometric_enroll
from custom_components.biometric_enroll import enrollment_watch as watching
from custom_components.biometric_enroll import issues as issues_module
from custom_components.biometric_enroll import repairs
from custom_components.biometric_enroll.binary_sensor import BINARY_SENSORS
from custom_components.biometric_enroll.button import BUTTONS
from custom_components.biometric_enroll.client.enrollment import EnrollmentEventType
from custom_components.biometric_enroll.client.touches import (
    DISABLED,
    LOW_CONFIDENCE,
    UNKNOWN_FINGER,
    UNKNOWN_FINGERPRINT,
)
from custom_components.biometric_enroll.const import DOMAIN, FINGERS
from custom_components.biometric_enroll.event import EVENTS
from custom_components.biometric_enroll.legacy.client import ATTRIBUTED_BY_SLOT, UNPROVEN
from custom_components.biometric_enroll.options_flow import ReaderOptionsFlow
from custom_components.biometric_enroll.protocol.words import (
    RUNNING_STAGES,
    LedColor,
    Reason,
    Refusal,
    Rejection,
    SensorFault,
    Stage,
    TouchResult,
)
from custom_components.biometric_enroll.select import SELECTS
from custom_components.biometric_enroll.sensor import SENSORS
from custom_components.biometric_enroll.switch import SWITCHES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from homeassistant.core import HomeAssistant
    from homeassistant.helpers.entity import EntityDescription

    from tests.support.home import Home
    from tests.support.reader import FakeReader

PACKAGE = Path(custom_components.biometric_enroll.__file__).parent
TEXTS: dict[str, Any] = json.loads((PACKAGE / "translations" / "en.json").read_text())
ICONS: dict[str, Any] = json.loads((PACKAGE / "icons.json").read_text())
ACTIONS: dict[str, Any] = load_yaml_dict(PACKAGE / "services.yaml")

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

TOUCH_REASONS = {*Rejection, UNKNOWN_FINGER, UNKNOWN_FINGERPRINT, DISABLED, LOW_CONFIDENCE}
VOCABULARIES: dict[tuple[str, ...], Iterable[str]] = {
    ("binary_sensor", "enrolling"): ("on", "off"),
    ("binary_sensor", "sensor", "sensor_error"): SensorFault,
    ("event", "touch", "event_type"): TouchResult,
    ("event", "touch", "reason"): TOUCH_REASONS,
    ("event", "touch", "finger"): FINGERS,
    ("event", "late_touch", "event_type"): TouchResult,
    ("event", "late_touch", "reason"): {*TOUCH_REASONS, UNPROVEN},
    ("event", "touch", "attributed_by"): {ATTRIBUTED_BY_SLOT},
    ("event", "late_touch", "late_finger"): FINGERS,
    ("event", "enrollment_activity", "event_type"): EnrollmentEventType,
    ("event", "enrollment_activity", "reason"): Reason,
    ("event", "enrollment_activity", "rejected_reason"): Rejection,
    ("event", "enrollment_activity", "finger"): FINGERS,
    ("select", "led_color"): LedColor,
    ("select", "security_level"): ("1", "2", "3", "4", "5"),
    ("sensor", "enrollment"): Stage,
    ("sensor", "enrollment", "reason"): Reason,
    ("sensor", "enrollment", "rejected_reason"): Rejection,
    ("sensor", "enrollment", "finger"): FINGERS,
    ("sensor", "last_identified", "finger"): FINGERS,
}
"""What each entity, or attribute of one, can say, where that is one word of a few."""


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


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Return all calls in the integration, each with the name of what is called."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                yield ast.unparse(node.func).rpartition(".")[2], node


def argument(call: ast.Call, name: str) -> ast.expr | None:
    return next((each.value for each in call.keywords if each.arg == name), None)


def raised() -> dict[str, set[str]]:
    """Return the placeholders that each error gives to its text, by translation key."""
    found = {}
    for name, call in calls():
        key = argument(call, "translation_key")
        if name == "invalid" and isinstance(call.args[0], ast.Constant):
            found[str(call.args[0].value)] = {str(each.arg) for each in call.keywords}
        elif name == "_failed":
            keys = refusals(call.args[0]) or [ast.literal_eval(call.args[0])]
            found |= {each: {"reader"} for each in keys}
        elif name == "async_create_issue" or name.endswith(("Description", "SelectorConfig")):
            continue
        elif isinstance(key, ast.Constant):
            found[str(key.value)] = given(call)
    return found


def refusals(key: ast.expr) -> list[str]:
    """Return the keys for all refusals, if this key is made from one."""
    made = ast.unparse(key) == "f'refused_{err.refusal}'"
    return [f"refused_{refusal}" for refusal in Refusal] if made else []


def given(call: ast.Call) -> set[str]:
    """Return the names of a call's translation placeholders."""
    placeholders = argument(call, "translation_placeholders")
    if placeholders is None:
        return set()
    assert isinstance(placeholders, ast.Dict)
    return {str(key.value) for key in placeholders.keys if isinstance(key, ast.Constant)}


def wanted(text: str) -> set[str]:
    """Return the placeholders of a text."""
    return set(re.findall(r"\{(\w+)\}", text))


def all_texts(texts: dict[str, Any] = TEXTS) -> Iterator[str]:
    for value in texts.values():
        if isinstance(value, dict):
            yield from all_texts(value)
        else:
            yield value


# Errors and issues


def test_each_error_has_its_text_and_no_text_is_left_over() -> None:
    assert set(raised()) == set(TEXTS["exceptions"])


def test_the_search_for_errors_finds_some_of_each_kind() -> None:
    """Else a rewrite of the code could leave the test above with nothing to compare."""
    assert {"refused_busy", "reader_unreachable", "name_missing", "no_outcome"} <= set(raised())


@pytest.mark.parametrize("key", TEXTS["exceptions"])
def test_the_text_of_an_error_uses_what_the_error_knows(key: str) -> None:
    assert wanted(TEXTS["exceptions"][key]["message"]) <= raised()[key]


def issues() -> dict[str, set[str]]:
    """Return the placeholders that each issue gives to its texts."""
    found = {}
    for name, call in calls():
        if name == "_set" and ast.unparse(call.args[0]).startswith("ISSUE_"):
            kind = getattr(issues_module, ast.unparse(call.args[0]))
            found[kind] = {"reader", *(str(each.arg) for each in call.keywords)}
    # What only the form tells.
    found["fingerprints_gone"].add("names")
    return found


def test_each_issue_has_its_text_and_no_text_is_left_over() -> None:
    assert issues().keys() == TEXTS["issues"].keys() == repairs.FLOWS.keys()
    for kind, placeholders in issues().items():
        for text in all_texts(TEXTS["issues"][kind]):
            assert wanted(text) <= placeholders


def test_each_error_and_abort_of_a_fix_flow_has_its_text() -> None:
    words = {str(refusal) for refusal in repairs.KNOWN_REFUSALS}
    words |= {"reader_unreachable", "refused", "too_old", "not_loaded"}
    for name, call in calls():
        if name in {"_TryAgainError", "_NoUseError"}:
            words.add(ast.literal_eval(call.args[0]))
    used: set[str] = set()
    for issue in TEXTS["issues"].values():
        flow = issue["fix_flow"]
        assert "not_loaded" in flow["abort"]
        assert flow.get("error", {}).keys() | flow["abort"].keys() <= words
        used |= flow.get("error", {}).keys() | flow["abort"].keys()
    assert used == words


# The config flow


def test_each_step_error_and_abort_of_the_config_flow_has_its_text() -> None:
    tree = ast.parse((PACKAGE / "config_flow.py").read_text())
    called = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]

    def constants(name: str) -> set[str]:
        found = [argument(call, name) for call in called]
        return {str(each.value) for each in found if isinstance(each, ast.Constant)}

    errors = {
        str(node.value.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and ast.unparse(node.targets[0]).startswith("errors[")
    }
    config = TEXTS["config"]
    assert errors == config["error"].keys()
    # This one is a text of Home Assistant's own.
    assert constants("reason") - {"reconfigure_successful"} == config["abort"].keys()
    assert constants("step_id") == config["step"].keys()


def test_each_field_of_the_config_flow_is_named_and_described() -> None:
    for step_id in ("user", "reconfigure"):
        step = TEXTS["config"]["step"][step_id]
        assert step["data"].keys() == step["data_description"].keys() == {"reader_id"}


# The options flow; that each form and menu has its texts, each test with a `Dialog` checks


def test_each_step_and_stage_of_the_options_flow_has_its_text_and_no_text_is_left_over() -> None:
    methods = (name for name in dir(ReaderOptionsFlow) if name.startswith("async_step_"))
    steps = {name.removeprefix("async_step_") for name in methods}
    # This one shows what another shows.
    assert TEXTS["options"]["step"].keys() == steps - {"watch"}
    endings = {Stage.COMPLETED, Stage.CANCELLED, Stage.FAILED, *Reason, watching.OVERTAKEN}
    assert endings <= steps
    rejected = {
        f"{stage}_{why}" for stage in (Stage.PLACE_FINGER, Stage.LIFT_FINGER) for why in Rejection
    }
    stages = {watching.STARTING, watching.AWAY, *RUNNING_STAGES, *rejected}
    assert TEXTS["options"]["progress"].keys() == stages
    assert TEXTS["options"]["abort"].keys() == {"not_loaded", "no_fingerprints"}


def test_an_error_reads_the_same_in_a_dialog_as_in_an_action() -> None:
    of_actions_only = {
        "broker_unavailable",
        "no_outcome",
        "nothing_to_forget",
        "reader_not_set_up",
        "which_fingerprint",
    }
    assert TEXTS["options"]["error"] == {
        key: error["message"]
        for key, error in TEXTS["exceptions"].items()
        if key not in of_actions_only
    }


# Entities


@pytest.mark.parametrize(("platform", "description"), DESCRIBED)
def test_each_entity_has_a_name_and_an_icon(platform: str, description: EntityDescription) -> None:
    if description.translation_key is None:
        # Home Assistant names it by its class.
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
        # Without a text of ours it is the state of a class of Home Assistant's.
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
    answer: Any = await hass.services.async_call(
        DOMAIN,
        "enroll_fingerprint",
        {"device_id": entities[0].device_id, "name": "Anna"},
        blocking=True,
        return_response=True,
    )
    for _ in range(3):
        reader.capture()
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


# All texts


@pytest.mark.parametrize("text", all_texts())
def test_texts_are_whole_and_in_the_words_that_home_assistant_uses(text: str) -> None:
    assert text == text.strip() != ""
    # References are resolved only when Home Assistant's own integrations are built.
    assert "[%key:" not in text
    assert not re.search(r"\bservices?\b", text, re.IGNORECASE)


@pytest.mark.parametrize("key", [*TEXTS["exceptions"], *TEXTS["issues"]])
def test_a_text_about_trouble_also_tells_what_to_do(key: str) -> None:
    """One sentence for what happened, one for the way out."""
    if key in TEXTS["exceptions"]:
        text = TEXTS["exceptions"][key]["message"]
    else:
        text = TEXTS["issues"][key]["fix_flow"]["step"]["confirm"]["description"]
    assert len(re.findall(r"[.?;](?=\s|$)", text)) >= 2
