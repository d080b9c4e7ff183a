"""What is wrong with a reader and only its user can decide: told, repaired, and never guessed."""

from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.components.repairs.const import DOMAIN as REPAIRS
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.biometric_enroll.const import CONF_DEVICE, CONF_READER_ID, DOMAIN
from tests.unit.fake_reader import DEVICE, FEATURES, READER_ID, FakeReader
from tests.unit.helpers import (
    async_enroll,
    async_enrolled,
    async_fingerprints,
    async_set_up,
    async_until,
    available,
    state,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from homeassistant.core import HomeAssistant

    from tests.unit.fake_broker import FakeBroker

OTHER = "0000ffffffff"


def issues(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, ir.IssueEntry]:
    """Return the issues of a reader, by kind."""
    ours = ir.async_get(hass).issues.values()
    return {
        issue.issue_id.removesuffix(f"_{entry.entry_id}"): issue
        for issue in ours
        if issue.domain == DOMAIN and issue.issue_id.endswith(entry.entry_id)
    }


async def repair(
    hass: HomeAssistant, entry: MockConfigEntry, kind: str, answer: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Open the fix flow of an issue as a user does, and submit its form; return how it stands."""
    flow = await form(hass, entry, kind)
    assert flow["type"] is FlowResultType.FORM
    return await submit(hass, flow, answer)


async def form(hass: HomeAssistant, entry: MockConfigEntry, kind: str) -> dict[str, Any]:
    """Open the fix flow of an issue."""
    assert await async_setup_component(hass, REPAIRS, {})
    issue = issues(hass, entry)[kind]
    manager = hass.data[REPAIRS]["flow_manager"]
    flow: dict[str, Any] = await manager.async_init(
        DOMAIN, context={"issue_id": issue.issue_id}, data=None
    )
    return flow


async def submit(
    hass: HomeAssistant, flow: dict[str, Any], answer: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Answer the form of a fix flow."""
    manager = hass.data[REPAIRS]["flow_manager"]
    result: dict[str, Any] = await manager.async_configure(flow["flow_id"], answer or {})
    await hass.async_block_till_done()
    return result


async def issues_are(
    hass: HomeAssistant, entry: MockConfigEntry, true: Callable[[dict[str, ir.IssueEntry]], bool]
) -> None:
    """Let Home Assistant do what is to be done, and look."""
    await hass.async_block_till_done()
    assert true(issues(hass, entry))


async def test_a_reader_that_is_well_has_no_issues(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    await issues_are(hass, loaded, lambda found: found == {})


# Fingerprints that are gone


async def test_a_name_whose_template_is_gone_is_told_and_can_be_forgotten(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    await async_enrolled(hass, loaded, reader)
    await async_enroll(hass, loaded, name="Ben", slot=6)
    for _ in range(3):
        reader.capture()
    reader.lose(6)
    await hass.async_block_till_done()
    placeholders = issues(hass, loaded)["fingerprints_gone"].translation_placeholders
    assert placeholders == {"reader": "Front door", "names": "- Ben (6)"}
    # Until the user decides, nothing is forgotten.
    assert [each["name"] for each in await async_fingerprints(hass, loaded)] == ["Anna", "Ben"]

    flow = await form(hass, loaded, "fingerprints_gone")
    assert flow["description_placeholders"] == placeholders
    assert (await submit(hass, flow))["type"] is FlowResultType.CREATE_ENTRY
    assert [each["name"] for each in await async_fingerprints(hass, loaded)] == ["Anna"]
    assert issues(hass, loaded) == {}


async def test_a_template_that_comes_back_takes_its_issue_with_it(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    template_id = await async_enrolled(hass, loaded, reader)
    reader.lose(5)
    await issues_are(hass, loaded, lambda found: "fingerprints_gone" in found)
    reader.hold(5, template_id)
    await issues_are(hass, loaded, lambda found: found == {})


async def test_the_issue_calls_a_fingerprint_as_it_is_called_now(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    template_id = await async_enrolled(hass, loaded, reader)
    reader.lose(5)
    await hass.async_block_till_done()
    await hass.services.async_call(
        DOMAIN,
        "update_fingerprint",
        {"template_id": template_id, "name": "Anna B."},
        blocking=True,
    )
    placeholders = issues(hass, loaded)["fingerprints_gone"].translation_placeholders
    assert placeholders is not None
    assert placeholders["names"] == "- Anna B. (5)"


async def test_a_reader_that_is_away_is_never_taken_for_an_empty_one(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    await async_enrolled(hass, loaded, reader)
    reader.deaf.add("list")
    reader.lose(5)
    reader.die()
    await async_until(hass, lambda: not available(hass))
    assert issues(hass, loaded) == {}


async def test_what_was_deleted_here_is_not_missed(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    template_id = await async_enrolled(hass, loaded, reader)
    seen: list[object] = []
    hass.bus.async_listen(
        ir.EVENT_REPAIRS_ISSUE_REGISTRY_UPDATED, lambda event: seen.append(event.data)
    )
    await hass.services.async_call(
        DOMAIN, "delete_fingerprint", {"template_id": template_id}, blocking=True
    )
    await hass.async_block_till_done()
    assert seen == []


# Another sensor


async def test_another_sensor_can_be_accepted(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    await async_enrolled(hass, loaded, reader)
    reader.templates = {**reader.templates, "sensor_changed": True}
    reader.say("templates", reader.templates, retain=True)
    await issues_are(hass, loaded, lambda found: found.keys() == {"sensor_changed"})

    result = await repair(hass, loaded, "sensor_changed")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert len(reader.heard_of("accept_sensor")) == 1
    # Its templates are nobody's, and the names of the former sensor are listed.
    assert issues(hass, loaded).keys() == {"fingerprints_gone"}
    assert state(hass, "sensor", "stored_fingerprints").attributes["unnamed_slots"] == [1, 2, 3, 5]


async def test_the_former_sensor_that_is_back_needs_no_decision(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    for changed in (True, False):
        reader.templates = {**reader.templates, "sensor_changed": changed}
        reader.say("templates", reader.templates, retain=True)
    await issues_are(hass, loaded, lambda found: found == {})


# A full sensor


async def full(hass: HomeAssistant, reader: FakeReader, entry: MockConfigEntry) -> None:
    """Enroll Anna, and let that take the last slot."""
    reader.templates = {**reader.templates, "capacity": 4}
    await async_enrolled(hass, entry, reader)
    await hass.async_block_till_done()


async def test_room_can_be_made_on_a_full_sensor(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    await full(hass, reader, loaded)
    issue = issues(hass, loaded)["sensor_full"]
    assert issue.severity is ir.IssueSeverity.WARNING
    assert issue.translation_placeholders == {"reader": "Front door", "capacity": "4"}

    flow = await form(hass, loaded, "sensor_full")
    options = flow["data_schema"].schema["slots"].config["options"]
    assert [option["label"] for option in options] == ["? (1)", "? (2)", "? (3)", "Anna (5)"]
    result = await submit(hass, flow, {"slots": ["2", "5"]})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert reader.stored.keys() == {1, 3}
    assert await async_fingerprints(hass, loaded) == []
    assert issues(hass, loaded) == {}


async def test_nothing_chosen_is_nothing_deleted(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    await full(hass, reader, loaded)
    result = await repair(hass, loaded, "sensor_full", {"slots": []})
    assert result["errors"] == {"base": "nothing_chosen"}
    assert len(reader.stored) == 4


# An old firmware


async def test_a_firmware_that_is_too_old_is_told_until_the_reader_has_a_newer_one(
    hass: HomeAssistant, reader: FakeReader, entry: MockConfigEntry
) -> None:
    reader.identity |= {"firmware": "0.1.0", "features": ["led"]}
    await async_set_up(hass, reader, entry)
    await async_until(hass, lambda: available(hass))
    placeholders = issues(hass, entry)["firmware_too_old"].translation_placeholders
    assert placeholders == {"reader": "Front door", "firmware": "0.1.0"}

    flow = await form(hass, entry, "firmware_too_old")
    flow = await submit(hass, flow)
    assert flow["errors"] == {"base": "still_too_old"}
    reader.identity |= {"firmware": "0.2.0", "features": FEATURES}
    assert (await submit(hass, flow))["type"] is FlowResultType.CREATE_ENTRY
    await async_until(hass, lambda: available(hass))
    assert issues(hass, entry) == {}
    # And the reader has what it lacked.
    assert state(hass, "switch", "identification").state == "on"


# Another reader under the same id


async def test_a_reader_that_was_replaced_can_be_put_in_its_place(
    hass: HomeAssistant, broker: FakeBroker, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    template_id = await async_enrolled(hass, loaded, reader)
    reader.silent = True
    new = FakeReader(broker, READER_ID, OTHER)
    new.announce()
    await issues_are(hass, loaded, lambda found: found.keys() == {"other_device"})
    placeholders = issues(hass, loaded)["other_device"].translation_placeholders
    assert placeholders == {
        "reader": "Front door",
        "reader_id": READER_ID,
        "expected": DEVICE,
        "found": OTHER,
    }

    result = await repair(hass, loaded, "other_device")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert (loaded.unique_id, loaded.data[CONF_DEVICE]) == (OTHER, OTHER)
    await new.hears("list")
    # The name has come along, and is listed as what is to be enrolled again.
    answer = await async_fingerprints_of(hass)
    assert [(each["name"], each["template_id"]) for each in answer] == [("Anna", template_id)]
    await issues_are(hass, loaded, lambda found: found.keys() == {"fingerprints_gone"})


async def async_fingerprints_of(hass: HomeAssistant) -> list[dict[str, Any]]:
    """Return what is listed of all readers."""
    response = await hass.services.async_call(
        DOMAIN, "get_fingerprints", {}, blocking=True, return_response=True
    )
    assert response is not None
    found: Any = response["fingerprints"]
    return list(found)


async def test_the_right_reader_that_is_back_in_time_keeps_its_place(
    hass: HomeAssistant, broker: FakeBroker, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    reader.silent = True
    new = FakeReader(broker, READER_ID, OTHER)
    new.announce()
    await hass.async_block_till_done()
    flow = await form(hass, loaded, "other_device")
    new.silent, reader.silent = True, False
    assert (await submit(hass, flow))["type"] is FlowResultType.CREATE_ENTRY
    assert loaded.data[CONF_DEVICE] == DEVICE


async def test_a_reader_that_is_set_up_elsewhere_takes_nobodys_place(
    hass: HomeAssistant, broker: FakeBroker, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    MockConfigEntry(
        domain=DOMAIN, unique_id=OTHER, data={CONF_READER_ID: "back_door", CONF_DEVICE: OTHER}
    ).add_to_hass(hass)
    reader.silent = True
    FakeReader(broker, READER_ID, OTHER).announce()
    await hass.async_block_till_done()
    result = await repair(hass, loaded, "other_device")
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert loaded.data[CONF_DEVICE] == DEVICE


# What may come in between


def changed(reader: FakeReader) -> None:
    """Let the reader have another sensor."""
    reader.templates = {**reader.templates, "sensor_changed": True}
    reader.say("templates", reader.templates, retain=True)


@pytest.mark.parametrize(
    ("refusal", "error"),
    [("busy", "busy"), ("sensor_error", "sensor_error"), ("bad_request", "refused")],
)
async def test_a_refusal_is_shown_in_the_form_which_stays(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, refusal: str, error: str
) -> None:
    changed(reader)
    await hass.async_block_till_done()
    reader.refuses["accept_sensor"] = refusal
    flow = await form(hass, loaded, "sensor_changed")
    flow = await submit(hass, flow)
    assert flow["errors"] == {"base": error}
    assert "sensor_changed" in issues(hass, loaded)
    reader.refuses.clear()
    assert (await submit(hass, flow))["type"] is FlowResultType.CREATE_ENTRY


async def test_a_silent_reader_is_shown_in_the_form(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, impatient: None
) -> None:
    changed(reader)
    await hass.async_block_till_done()
    reader.silent = True
    result = await repair(hass, loaded, "sensor_changed")
    assert result["errors"] == {"base": "reader_unreachable"}


async def test_a_reader_that_is_unloaded_has_no_issues_and_its_form_says_so(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    changed(reader)
    await hass.async_block_till_done()
    flow = await form(hass, loaded, "sensor_changed")
    assert await hass.config_entries.async_unload(loaded.entry_id)
    assert issues(hass, loaded) == {}
    result = await submit(hass, flow)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "not_loaded")


async def test_a_form_that_is_open_while_its_reader_is_removed_ends_without_harm(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    changed(reader)
    await hass.async_block_till_done()
    flow = await form(hass, loaded, "sensor_changed")
    await hass.config_entries.async_remove(loaded.entry_id)
    result = await submit(hass, flow)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "not_loaded")
    assert issues(hass, loaded) == {}
