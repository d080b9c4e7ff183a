"""A repair issue exists as long as its problem."""

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import issue_registry as ir

from custom_components.biometric_enroll.const import DOMAIN
from custom_components.biometric_enroll.issues import (
    FIXABLE,
    ISSUE_ALWAYS_FINGER,
    ISSUE_FINGERPRINTS_MISSING,
    ISSUE_FIRMWARE_TOO_OLD,
    ISSUE_MISSING_COMMAND,
    ISSUE_OTHER_DEVICE,
    ISSUE_OTHER_HOME_ASSISTANT,
    ISSUE_SENSOR_CHANGED,
    ISSUE_SENSOR_FULL,
    ISSUE_UNKNOWN_CAPACITY,
    KINDS,
    NEEDED,
)
from tests.support.home import OTHER_DEVICE, async_back_door
from tests.support.reader import DEVICE, READER_ID
from tests.unit.repairs.home import SENSOR_ERRORS, RepairsHome

if TYPE_CHECKING:
    from pytest_homeassistant_custom_component.typing import WebSocketGenerator

    from tests.support.broker import FakeBroker


async def test_nothing_is_wrong_with_a_reader_that_is_well(home: RepairsHome) -> None:
    await home.enrolled()
    await home.said_again()
    assert home.raised() == set()


@pytest.mark.parametrize("kind", KINDS)
async def test_an_issue_is_shown_until_it_is_over(home: RepairsHome, kind: str) -> None:
    await home.trouble(kind)
    assert home.raised() == {kind}
    issue = home.issue(kind)
    assert issue.is_fixable is (kind in FIXABLE)
    identifies = kind in {ISSUE_SENSOR_FULL, ISSUE_ALWAYS_FINGER, ISSUE_OTHER_HOME_ASSISTANT}
    assert issue.severity is (ir.IssueSeverity.WARNING if identifies else ir.IssueSeverity.ERROR)
    await home.said_again()
    assert home.raised() == {kind}
    await home.solve(kind)
    assert home.raised() == set()
    await home.trouble(kind)
    assert home.raised() == {kind}


@pytest.mark.parametrize(
    ("kind", "placeholders"),
    [
        (ISSUE_FINGERPRINTS_MISSING, {"count": "1"}),
        (ISSUE_FIRMWARE_TOO_OLD, {"firmware": "0.2.0", "missing": ", ".join(sorted(NEEDED))}),
        (ISSUE_OTHER_DEVICE, {"reader_id": READER_ID, "expected": DEVICE, "found": OTHER_DEVICE}),
        (ISSUE_SENSOR_CHANGED, {}),
        (ISSUE_SENSOR_FULL, {"capacity": "3"}),
    ],
)
async def test_an_issue_names_what_it_is_about(
    home: RepairsHome, kind: str, placeholders: dict[str, str]
) -> None:
    await home.trouble(kind)
    assert home.issue(kind).translation_placeholders == {"reader": "Front door", **placeholders}
    form = await home.open(kind)
    # Names are shown only in the form, to users who may repair it.
    more = {"names": "- Anna (5)"} if kind == ISSUE_FINGERPRINTS_MISSING else {}
    assert form["description_placeholders"] == {"reader": "Front door", **placeholders, **more}


@pytest.mark.parametrize(
    ("details", "kind", "command", "code"),
    [
        ({"command": 0x1F, "code": 0xFC}, ISSUE_MISSING_COMMAND, "ReadIndexTable (1F)", "FC"),
        ({"command": 0x1D, "code": 0x01}, ISSUE_MISSING_COMMAND, "TempleteNum (1D)", "01"),
        ({"command": 0x05, "code": None}, ISSUE_MISSING_COMMAND, "RegModel (05)", "-"),
        ({"command": 0xEE, "code": None}, ISSUE_MISSING_COMMAND, "EE", "-"),
        ({"command": 0x0F, "code": 0xFE}, ISSUE_UNKNOWN_CAPACITY, "ReadSysPara (0F)", "FE"),
        ({"command": 0x0F, "code": None}, ISSUE_UNKNOWN_CAPACITY, "ReadSysPara (0F)", "-"),
        (None, ISSUE_MISSING_COMMAND, "-", "-"),
    ],
)
async def test_what_a_sensor_lacks_is_told_in_the_words_of_its_manual(
    home: RepairsHome, details: dict[str, Any] | None, kind: str, command: str, code: str
) -> None:
    """And where the capacity is lacking, the user can tell it instead."""
    home.templates(sensor_error="missing_command", sensor_error_details=details)
    await home.settled()
    assert home.raised() == {kind}
    assert home.issue(kind).translation_placeholders == {
        "reader": "Front door",
        "command": command,
        "code": code,
    }


async def test_one_problem_of_a_sensor_takes_the_place_of_another(home: RepairsHome) -> None:
    for kind in SENSOR_ERRORS:
        await home.trouble(kind)
        assert home.raised() == {kind}
    # These say all themselves, with nothing to explain.
    for error in ("not_responding", "too_hot"):
        home.templates(sensor_error=error, sensor_error_details=None)
        await home.settled()
        assert home.raised() == set()


async def test_a_sensor_that_sees_a_finger_all_the_time_still_enrolls_and_identifies(
    home: RepairsHome,
) -> None:
    await home.trouble(ISSUE_ALWAYS_FINGER)
    anna = await home.enrolled()
    home.reader.touch(anna)
    assert home.state("sensor", "last_identified").state == "Anna"
    await home.update(device_id=home.device_id, slot=2, name="Ben")
    await home.delete(template_id=anna)
    assert await home.names() == ["Ben"]
    await home.said_again()
    assert home.raised() == {ISSUE_ALWAYS_FINGER}


async def test_several_things_can_be_wrong_at_once(home: RepairsHome) -> None:
    await home.trouble(ISSUE_FINGERPRINTS_MISSING)
    await home.trouble(ISSUE_SENSOR_FULL)
    await home.trouble(ISSUE_OTHER_DEVICE)
    assert home.raised() == {ISSUE_FINGERPRINTS_MISSING, ISSUE_SENSOR_FULL, ISSUE_OTHER_DEVICE}
    await home.solve(ISSUE_OTHER_DEVICE)
    assert home.raised() == {ISSUE_FINGERPRINTS_MISSING, ISSUE_SENSOR_FULL}
    await home.solve(ISSUE_SENSOR_FULL)
    assert home.raised() == {ISSUE_FINGERPRINTS_MISSING}


@pytest.mark.parametrize("kind", KINDS)
async def test_nothing_follows_from_the_silence_of_a_reader(home: RepairsHome, kind: str) -> None:
    """Neither a new issue nor the end of one."""
    await home.trouble(kind)
    home.reader.die()
    await home.settled()
    assert not home.available
    assert home.raised() == {kind}


async def test_an_unreachable_reader_is_not_taken_for_an_empty_one(home: RepairsHome) -> None:
    """Its last snapshots are retained, but the list of templates needs an answer."""
    await home.enrolled()
    home.reader.stored.clear()
    home.templates(count=0)
    home.reader.die()
    assert await home.unload()
    assert await home.start()
    await home.settled()
    assert home.raised() == set()
    assert await home.names() == ["Anna"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", ["async_unload", "async_remove"])
async def test_there_are_no_issues_of_an_unloaded_reader(
    home: RepairsHome, kind: str, how: str
) -> None:
    await home.trouble(kind)
    await getattr(home.hass.config_entries, how)(home.entry.entry_id)
    await home.settle()
    assert home.raised() == set()


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind not in {ISSUE_OTHER_DEVICE, ISSUE_OTHER_HOME_ASSISTANT}]
)
async def test_an_issue_that_persists_after_a_restart_is_shown_again(
    home: RepairsHome, kind: str
) -> None:
    await home.trouble(kind)
    issue_id = home.issue(kind).issue_id
    await home.restart()
    await home.settled()
    assert home.issue(kind).issue_id == issue_id


@pytest.mark.parametrize("kind", KINDS)
async def test_home_assistant_can_list_what_is_wrong(
    home: RepairsHome, kind: str, hass_ws_client: WebSocketGenerator
) -> None:
    await home.trouble(kind)
    socket = await hass_ws_client(home.hass)
    await socket.send_json_auto_id({"type": "repairs/list_issues"})
    response = await socket.receive_json()
    [issue] = [each for each in response["result"]["issues"] if each["domain"] == DOMAIN]
    assert issue["issue_id"] == f"{kind}_{home.entry.entry_id}"
    assert json.loads(json.dumps(home.issue(kind).data)) == {
        "entry_id": home.entry.entry_id,
        "kind": kind,
    }


async def test_a_reader_can_have_any_title(home: RepairsHome) -> None:
    title = "Tür {x} <b>%s</b>\n$& «1»"
    home.hass.config_entries.async_update_entry(home.entry, title=title)
    await home.trouble(ISSUE_SENSOR_CHANGED)
    form = await home.open(ISSUE_SENSOR_CHANGED)
    shown = "Tür {x} <\u2060b>%s<\u2060/b>\n$& «1»"  # looks the same, and is no element
    assert form["description_placeholders"] == {"reader": shown}
    assert (await home.submit(form))["type"] == "create_entry"
    assert home.raised() == set()


@pytest.mark.parametrize("kind", KINDS)
async def test_an_issue_is_shown_under_the_current_name_of_the_reader(
    home: RepairsHome, kind: str
) -> None:
    await home.trouble(kind)
    before = home.issue(kind).translation_placeholders or {}
    device, devices = home.device_id, dr.async_get(home.hass)

    devices.async_update_device(device, name_by_user="Garden gate")
    await home.settle()
    assert home.issue(kind).translation_placeholders == {**before, "reader": "Garden gate"}
    if kind in FIXABLE:
        form = await home.open(kind)
        assert form["description_placeholders"]["reader"] == "Garden gate"

    # The device has a name of its own now; without one, it has that of its entry.
    home.hass.config_entries.async_update_entry(home.entry, title="Back door")
    await home.settle()
    assert home.issue(kind).translation_placeholders == {**before, "reader": "Garden gate"}
    devices.async_update_device(device, name_by_user=None)
    await home.settle()
    assert home.issue(kind).translation_placeholders == {**before, "reader": "Back door"}
    home.hass.config_entries.async_update_entry(home.entry, title="Cellar")
    await home.settle()
    assert home.issue(kind).translation_placeholders == {**before, "reader": "Cellar"}
    assert home.raised() == {kind}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_new_name_does_not_bring_back_what_is_over(home: RepairsHome, kind: str) -> None:
    await home.trouble(kind)
    await home.solve(kind)
    dr.async_get(home.hass).async_update_device(home.device_id, name_by_user="Garden gate")
    await home.settle()
    assert home.raised() == set()
    await home.trouble(kind)
    assert (home.issue(kind).translation_placeholders or {})["reader"] == "Garden gate"


async def test_an_issue_of_one_reader_is_not_shown_for_another(
    home: RepairsHome, broker: FakeBroker
) -> None:
    other = await async_back_door(home.hass, broker)
    await home.trouble(ISSUE_SENSOR_FULL)
    assert {issue_id for _, issue_id in ir.async_get(home.hass).issues} == {
        f"{ISSUE_SENSOR_FULL}_{home.entry.entry_id}"
    }
    assert await other.unload()
    assert home.raised() == {ISSUE_SENSOR_FULL}


async def test_what_a_user_ignores_is_still_ignored_after_a_restart(home: RepairsHome) -> None:
    """At first nothing is known of the reader, and so nothing seems to be wrong with it."""
    await home.trouble(ISSUE_FINGERPRINTS_MISSING)
    issue_id = home.issue(ISSUE_FINGERPRINTS_MISSING).issue_id
    ir.async_ignore_issue(home.hass, DOMAIN, issue_id, ignore=True)
    ignored = home.issue(ISSUE_FINGERPRINTS_MISSING)
    assert await home.unload()
    # What Home Assistant has read from its file when it starts.
    ir.async_get(home.hass).issues[DOMAIN, issue_id] = replace(ignored, active=False)
    assert await home.start()
    await home.settled()
    assert home.raised() == {ISSUE_FINGERPRINTS_MISSING}
    assert home.issue(ISSUE_FINGERPRINTS_MISSING).dismissed_version is not None
