"""Enrolling in the dialog of a reader's options, with errors and other events meanwhile."""

import asyncio
from typing import TYPE_CHECKING

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.data_entry_flow import FlowResultType, UnknownFlow

from custom_components.biometric_enroll.client.fingerprint_registry import Enrollment
from custom_components.biometric_enroll.client.state import Subject
from custom_components.biometric_enroll.storage import DATA_REGISTRY
from tests.support.reader import DEVICE
from tests.support.reader_publications import new_id
from tests.unit.dialog import Dialog, async_started

if TYPE_CHECKING:
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from tests.support.home import Home
    from tests.support.reader import FakeReader


def listeners(entry: MockConfigEntry) -> int:
    """Return the number of listeners to the coordinator and to the config entry."""
    # There is no other way to check that a flow has removed its listeners.
    coordinator = entry.runtime_data
    return len(coordinator._listeners) + len(entry._on_state_change or ())


# What goes wrong


async def test_who_is_not_named_is_asked_again(home: Home, reader: FakeReader) -> None:
    dialog = await Dialog.open(home.hass, home.entry, "enroll")
    await dialog.submit(finger="left_thumb")
    assert (dialog.step_id, dialog.error) == ("enroll", "name_missing")
    assert dialog.suggested == {"finger": "left_thumb"}
    assert reader.heard_of("start") == []


async def test_an_enrollment_that_was_started_elsewhere_meanwhile_is_in_the_way(
    home: Home, reader: FakeReader
) -> None:
    dialog = await Dialog.open(home.hass, home.entry, "enroll")
    await home.enroll(name="Ben")
    await dialog.submit(name="Anna")
    assert (dialog.step_id, dialog.error) == ("enroll", "refused_busy")
    assert dialog.step["description_placeholders"]["reader"] == "Front door"
    reader.end("cancelled")
    await home.settle()
    await dialog.submit(name="Anna")
    assert dialog.step_id == "progress"
    dialog.close()


@pytest.mark.usefixtures("impatient")
async def test_a_reader_that_is_away_is_an_error_in_the_form(
    home: Home, reader: FakeReader
) -> None:
    reader.silent = True
    dialog = await Dialog.open(home.hass, home.entry, "enroll")
    await dialog.submit(name="Anna")
    assert (dialog.step_id, dialog.error) == ("enroll", "reader_unreachable")


async def test_a_reader_that_goes_away_in_the_middle_is_awaited(
    home: Home, reader: FakeReader
) -> None:
    dialog = await async_started(home)
    reader.die()
    await dialog.until("away 1/3")
    reader.announce()
    await dialog.until("place_finger 1/3")
    reader.end("cancelled")
    await dialog.until("cancelled")


async def test_the_dialog_goes_on_after_a_reload(home: Home, reader: FakeReader) -> None:
    dialog = await async_started(home)
    assert await home.unload()
    await dialog.until("away 1/3")
    reader.capture()
    assert await home.start()
    await dialog.until("place_finger 2/3")
    reader.capture(2)
    await dialog.until("completed")
    assert listeners(home.entry) == len(home.entry.runtime_data._listeners)


async def test_an_enrollment_that_was_followed_by_another_is_over(home: Home) -> None:
    dialog = await async_started(home)
    other = Enrollment(new_id(), Subject("Ben"))
    await home.hass.data[DATA_REGISTRY].async_set_enrollment(DEVICE, other)
    await dialog.until("overtaken")


async def test_a_reader_that_is_not_loaded_any_more_ends_the_dialog(home: Home) -> None:
    dialog = await Dialog.open(home.hass, home.entry, "enroll")
    assert await home.unload()
    await dialog.submit(name="Anna")
    assert dialog.step["type"] is FlowResultType.ABORT
    assert dialog.step["reason"] == "not_loaded"
    assert home.entry.state is ConfigEntryState.NOT_LOADED


# Whose finger it is


async def test_the_dialog_says_whose_finger_is_enrolled_by_somebody_else(
    home: Home, reader: FakeReader
) -> None:
    await home.enroll(name="Ben", finger="left_thumb")
    for choice in ("cancel", "watch"):
        dialog = await Dialog.open(home.hass, home.entry, choice)
        assert dialog.step["description_placeholders"]["name"] == "Ben"
    reader.end("failed", "timeout")
    await dialog.until("timeout")
    await dialog.choose("try_again")
    assert dialog.step_id == "progress"
    asked = home.hass.data[DATA_REGISTRY].enrollment(DEVICE)
    assert asked is not None
    assert asked.subject == Subject("Ben", finger="left_thumb")
    dialog.close()


async def test_the_dialog_names_nobody_for_an_enrollment_that_it_does_not_know(home: Home) -> None:
    """Never the wrong person: the last requested enrollment need not be the running one."""
    await home.enroll(name="Ben")
    other = Enrollment(new_id(), Subject("Anna"))
    await home.hass.data[DATA_REGISTRY].async_set_enrollment(DEVICE, other)
    dialog = await Dialog.open(home.hass, home.entry, "cancel")
    assert dialog.step["description_placeholders"]["name"] == "?"


# Closing it, and opening it again


async def test_closing_the_dialog_stops_nothing_and_leaves_nothing_behind(
    home: Home, reader: FakeReader
) -> None:
    before = listeners(home.entry)
    dialog = await async_started(home)
    assert listeners(home.entry) == before + 2
    dialog.close()
    assert listeners(home.entry) == before
    reader.capture(3)
    await home.settle()
    assert [each["name"] for each in await home.fingerprints()] == ["Anna"]


async def test_a_dialog_that_is_closed_while_the_reader_is_asked_leaves_nothing_behind(
    home: Home, reader: FakeReader
) -> None:
    before = listeners(home.entry)
    reader.holds.add("start")
    dialog = await Dialog.open(home.hass, home.entry, "enroll")
    starting = asyncio.create_task(dialog.submit(name="Anna"))
    await reader.hears("start")
    dialog.close()
    reader.on_request(reader.held.pop())
    with pytest.raises(UnknownFlow):
        await starting
    assert listeners(home.entry) == before
    assert home.stage == "place_finger"


async def test_what_runs_is_shown_when_the_dialog_is_opened_again(
    home: Home, reader: FakeReader
) -> None:
    (await async_started(home)).close()
    reader.capture()
    await home.settle()
    dialog = await Dialog.open(home.hass, home.entry)
    assert dialog.menu == ["watch", "cancel", "fingerprints", "reader"]
    await dialog.choose("watch")
    assert dialog.said == ["place_finger 2/3"]
    reader.capture(2)
    await dialog.until("completed")


async def test_what_runs_is_cancelled_whoever_has_started_it(home: Home) -> None:
    await home.enroll()
    dialog = await Dialog.open(home.hass, home.entry, "cancel")
    await dialog.submit()
    assert home.stage == "cancelled"
    assert dialog.menu == ["enroll", "fingerprints", "reader"]


async def test_what_has_ended_meanwhile_cannot_be_cancelled_but_looked_at(
    home: Home, reader: FakeReader
) -> None:
    await home.enroll()
    cancelling = await Dialog.open(home.hass, home.entry, "cancel")
    watching = await Dialog.open(home.hass, home.entry)
    reader.end("failed", "timeout")
    await home.settle()
    await cancelling.submit()
    assert (cancelling.step_id, cancelling.error) == ("cancel", "refused_not_running")
    await watching.choose("watch")
    assert watching.step_id == "timeout"
