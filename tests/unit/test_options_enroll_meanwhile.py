"""Enrolling in the dialog of a reader's options, and what goes wrong or goes on meanwhile."""

import asyncio
from typing import TYPE_CHECKING

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.data_entry_flow import FlowResultType, UnknownFlow

from custom_components.biometric_enroll.client.fingerprint_registry import Enrollment
from custom_components.biometric_enroll.client.state import Subject
from custom_components.biometric_enroll.storage import DATA_REGISTRY
from tests.support.home import async_enroll, async_fingerprints, state
from tests.support.reader import DEVICE, new_id
from tests.unit.dialog import Dialog, async_started

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from tests.support.reader import FakeReader


def listeners(entry: MockConfigEntry) -> int:
    """Return how many listen to what is known of the reader, or of its config entry."""
    # There is no other way to see what a flow has left behind.
    coordinator = entry.runtime_data
    return len(coordinator._listeners) + len(entry._on_state_change or ())


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
    assert listeners(loaded) == len(loaded.runtime_data._listeners)


async def test_an_enrollment_that_was_followed_by_another_is_over(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    dialog = await async_started(hass, loaded)
    other = Enrollment(new_id(), Subject("Ben"))
    await hass.data[DATA_REGISTRY].async_set_enrollment(DEVICE, other)
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


# Whose finger it is


async def test_the_dialog_says_whose_finger_is_enrolled_by_somebody_else(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    await async_enroll(hass, loaded, name="Ben", finger="left_thumb")
    for choice in ("cancel", "watch"):
        dialog = await Dialog.open(hass, loaded, choice)
        assert dialog.step["description_placeholders"]["name"] == "Ben"
    reader.end("failed", "timeout")
    await dialog.until("timeout")
    await dialog.choose("enroll")
    assert dialog.suggested == {"name": "Ben", "finger": "left_thumb"}


async def test_the_dialog_names_nobody_for_an_enrollment_that_it_does_not_know(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    """Never the wrong person: what was asked for last need not be what runs."""
    await async_enroll(hass, loaded, name="Ben")
    other = Enrollment(new_id(), Subject("Anna"))
    await hass.data[DATA_REGISTRY].async_set_enrollment(DEVICE, other)
    dialog = await Dialog.open(hass, loaded, "cancel")
    assert dialog.step["description_placeholders"]["name"] == "?"


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


async def test_a_dialog_that_is_closed_while_the_reader_is_asked_leaves_nothing_behind(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    before = listeners(loaded)
    reader.holds.add("start")
    dialog = await Dialog.open(hass, loaded, "enroll")
    starting = asyncio.create_task(dialog.submit(name="Anna"))
    await reader.hears("start")
    dialog.close()
    reader.on_request(reader.held.pop())
    with pytest.raises(UnknownFlow):
        await starting
    assert listeners(loaded) == before
    assert state(hass, "sensor", "enrollment").state == "place_finger"


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
