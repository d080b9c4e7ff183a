"""Enrolling in the dialog of a reader's options: each stage is seen, and how it ended."""

from typing import TYPE_CHECKING

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.data_entry_flow import FlowResultType

from custom_components.biometric_enroll.const import CONF_SCAN_TIMEOUT, CONF_SCANS
from custom_components.biometric_enroll.follower.roster import Enrollment
from custom_components.biometric_enroll.reader.state import Subject
from custom_components.biometric_enroll.reader.words import Reason, Rejection
from custom_components.biometric_enroll.stores import DATA_ROSTER
from tests.unit.dialog import Dialog
from tests.unit.fake_reader import DEVICE, new_id
from tests.unit.helpers import async_enroll, async_fingerprints, state
from tests.unit.roster_actions import async_person

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from tests.unit.fake_reader import FakeReader


async def async_started(hass: HomeAssistant, entry: MockConfigEntry) -> Dialog:
    """Open the dialog and start to enroll Anna."""
    dialog = await Dialog.open(hass, entry, "enroll")
    await dialog.submit(name="Anna")
    await dialog.until("place_finger 1/3")
    return dialog


def listeners(entry: MockConfigEntry) -> int:
    """Return how many listen to what is known of the reader, or of its config entry."""
    # There is no other way to see what a flow has left behind.
    coordinator = entry.runtime_data.coordinator
    return len(coordinator._listeners) + len(entry._on_state_change or ())


# From the first stage to the last


async def test_each_stage_is_told_as_it_comes_and_in_the_end_that_it_is_completed(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    dialog = await async_started(hass, loaded)
    captured = []
    for step in (1, 2, 3):
        await dialog.until(f"place_finger {step}/3")
        reader.go_on(stage="processing")
        await dialog.until(f"processing {step}/3")
        captured.append({"attempts": 1})
        if step < 3:
            reader.go_on(stage="lift_finger", captured=[*captured])
            await dialog.until(f"lift_finger {step}/3")
            reader.go_on(stage="place_finger", step=step + 1)
    reader.end("completed", captured=captured)
    await dialog.until("completed")
    assert dialog.said == [
        "place_finger 1/3",
        "processing 1/3",
        "lift_finger 1/3",
        "place_finger 2/3",
        "processing 2/3",
        "lift_finger 2/3",
        "place_finger 3/3",
        "processing 3/3",
    ]
    assert set(dialog.rings) == {0.33, 0.67}
    assert (dialog.step_id, dialog.menu) == ("completed", ["enroll", "init"])
    assert [each["name"] for each in await async_fingerprints(hass, loaded)] == ["Anna"]
    await dialog.choose("enroll")
    # Somebody else's finger.
    assert (dialog.step_id, dialog.suggested) == ("enroll", {})


async def test_stages_that_come_all_at_once_end_the_same(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    dialog = await async_started(hass, loaded)
    for _ in range(3):
        reader.capture()
    await dialog.until("completed")


@pytest.mark.parametrize("why", Rejection)
async def test_why_a_scan_has_to_be_repeated_is_told_until_it_is_captured(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, why: Rejection
) -> None:
    dialog = await async_started(hass, loaded)
    rejected = {"count": 1, "last": why}
    reader.go_on(stage="processing")
    await dialog.until("processing 1/3")
    reader.go_on(stage="lift_finger", rejected=rejected)
    await dialog.until(f"lift_finger_{why} 1/3")
    reader.go_on(stage="place_finger")
    await dialog.until(f"place_finger_{why} 1/3")
    reader.go_on(stage="processing")
    await dialog.until("processing 1/3")
    reader.go_on(stage="lift_finger", captured=[{"attempts": 2}])
    await dialog.until("lift_finger 1/3")
    reader.go_on(stage="place_finger", step=2)
    await dialog.until("place_finger 2/3")
    assert dialog.said == [
        "place_finger 1/3",
        "processing 1/3",
        f"lift_finger_{why} 1/3",
        f"place_finger_{why} 1/3",
        "processing 1/3",
        "lift_finger 1/3",
        "place_finger 2/3",
    ]
    dialog.close()


@pytest.mark.parametrize("reason", Reason)
async def test_why_it_failed_is_told_and_it_can_be_tried_again(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, reason: Reason
) -> None:
    dialog = await async_started(hass, loaded)
    reader.end("failed", reason)
    await dialog.until(reason)
    assert dialog.menu == ["enroll", "init"]
    await dialog.choose("enroll")
    # Once more the same.
    assert dialog.suggested == {"name": "Anna"}
    await dialog.submit(name="Anna")
    assert dialog.step_id == "progress"
    dialog.close()


async def test_what_was_entered_is_asked_of_the_reader_as_its_settings_say(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    reader.identity["max_scans"] = 7
    hass.config_entries.async_update_entry(loaded, options={CONF_SCANS: 5, CONF_SCAN_TIMEOUT: 60})
    person = await async_person(hass)
    dialog = await Dialog.open(hass, loaded, "enroll")
    words = dialog.step["description_placeholders"]
    assert (words["scans"], words["scan_timeout"]) == ("5", "60")
    await dialog.submit(person=person, finger="left_thumb")
    [start] = reader.heard_of("start")
    assert {"slot": None, "total": 5, "scan_timeout_s": 60}.items() <= start.items()
    shown = state(hass, "sensor", "enrollment").attributes
    assert (shown["name"], shown["finger"], shown["person"]) == ("Anna", "left_thumb", person)
    dialog.close()


async def test_a_dialog_that_asks_in_between_is_told_the_same_again(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    dialog = await async_started(hass, loaded)
    shown = await hass.config_entries.options.async_configure(dialog.step["flow_id"])
    assert shown["step_id"] == "progress"
    reader.go_on(stage="processing")
    await dialog.until("processing 1/3")
    assert dialog.said == ["place_finger 1/3", "processing 1/3"]
    dialog.close()


# What goes wrong


async def test_who_is_not_named_is_asked_again(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    dialog = await Dialog.open(hass, loaded, "enroll")
    await dialog.submit(finger="left_thumb")
    assert (dialog.step_id, dialog.error) == ("enroll", "name_missing")
    assert dialog.suggested == {"finger": "left_thumb"}
    assert reader.heard_of("start") == []


async def test_an_enrollment_that_was_started_elsewhere_meanwhile_is_in_the_way(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    dialog = await Dialog.open(hass, loaded, "enroll")
    await async_enroll(hass, loaded, name="Ben")
    await dialog.submit(name="Anna")
    assert (dialog.step_id, dialog.error) == ("enroll", "refused_busy")
    assert dialog.step["description_placeholders"]["reader"] == "Front door"
    reader.end("cancelled")
    await hass.async_block_till_done()
    await dialog.submit(name="Anna")
    assert dialog.step_id == "progress"
    dialog.close()


@pytest.mark.usefixtures("impatient")
async def test_a_reader_that_is_away_is_an_error_in_the_form(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    reader.silent = True
    dialog = await Dialog.open(hass, loaded, "enroll")
    await dialog.submit(name="Anna")
    assert (dialog.step_id, dialog.error) == ("enroll", "reader_unreachable")


async def test_a_reader_that_goes_away_in_the_middle_is_awaited(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    dialog = await async_started(hass, loaded)
    reader.die()
    await dialog.until("away 1/3")
    reader.announce()
    await dialog.until("place_finger 1/3")
    reader.end("cancelled")
    await dialog.until("cancelled")


async def test_a_reload_in_the_middle_is_lived_through(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    dialog = await async_started(hass, loaded)
    assert await hass.config_entries.async_unload(loaded.entry_id)
    await dialog.until("away 1/3")
    reader.capture()
    assert await hass.config_entries.async_setup(loaded.entry_id)
    await dialog.until("place_finger 2/3")
    reader.capture()
    reader.capture()
    await dialog.until("completed")
    assert listeners(loaded) == len(loaded.runtime_data.coordinator._listeners)


async def test_an_enrollment_that_was_followed_by_another_is_over(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    dialog = await async_started(hass, loaded)
    other = Enrollment(new_id(), Subject("Ben"))
    await hass.data[DATA_ROSTER].async_set_enrollment(DEVICE, other)
    await dialog.until("overtaken")


async def test_a_reader_that_is_not_loaded_any_more_ends_the_dialog(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    dialog = await Dialog.open(hass, loaded, "enroll")
    assert await hass.config_entries.async_unload(loaded.entry_id)
    await dialog.submit(name="Anna")
    assert dialog.step["type"] is FlowResultType.ABORT
    assert dialog.step["reason"] == "not_loaded"
    assert loaded.state is ConfigEntryState.NOT_LOADED


# Closing it, and opening it again


async def test_closing_the_dialog_stops_nothing_and_leaves_nothing_behind(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    before = listeners(loaded)
    dialog = await async_started(hass, loaded)
    assert listeners(loaded) == before + 2
    dialog.close()
    assert listeners(loaded) == before
    for _ in range(3):
        reader.capture()
    await hass.async_block_till_done()
    assert [each["name"] for each in await async_fingerprints(hass, loaded)] == ["Anna"]


async def test_what_runs_is_shown_when_the_dialog_is_opened_again(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    (await async_started(hass, loaded)).close()
    reader.capture()
    await hass.async_block_till_done()
    dialog = await Dialog.open(hass, loaded)
    assert dialog.menu == ["watch", "cancel", "fingerprints", "reader"]
    await dialog.choose("watch")
    assert dialog.said == ["place_finger 2/3"]
    reader.capture()
    reader.capture()
    await dialog.until("completed")


async def test_what_runs_is_cancelled_whoever_has_started_it(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    await async_enroll(hass, loaded)
    dialog = await Dialog.open(hass, loaded, "cancel")
    await dialog.submit()
    assert state(hass, "sensor", "enrollment").state == "cancelled"
    assert dialog.menu == ["enroll", "fingerprints", "reader"]


async def test_what_has_ended_meanwhile_cannot_be_cancelled_but_looked_at(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    await async_enroll(hass, loaded)
    cancelling = await Dialog.open(hass, loaded, "cancel")
    watching = await Dialog.open(hass, loaded)
    reader.end("failed", "timeout")
    await hass.async_block_till_done()
    await cancelling.submit()
    assert (cancelling.step_id, cancelling.error) == ("cancel", "refused_not_running")
    await watching.choose("watch")
    assert watching.step_id == "timeout"
