"""Enrolling in the dialog of a reader's options: each stage and the end are shown."""

import asyncio
from typing import TYPE_CHECKING

import pytest
from homeassistant.data_entry_flow import EVENT_DATA_ENTRY_FLOW_PROGRESSED
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import (
    async_capture_events,
    async_fire_time_changed,
)

from custom_components.biometric_enroll.const import CONF_SCAN_TIMEOUT, CONF_SCANS
from custom_components.biometric_enroll.enroll_flow import TELL_AGAIN
from custom_components.biometric_enroll.protocol.words import Reason, Rejection
from tests.support.home import async_person
from tests.unit.dialog import Dialog, async_started

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

    from tests.support.home import Home
    from tests.support.reader import FakeReader


# From the first stage to the last


async def test_each_stage_is_shown_as_it_comes_and_finally_the_completion(
    home: Home, reader: FakeReader
) -> None:
    dialog = await async_started(home)
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
    assert [each["name"] for each in await home.fingerprints()] == ["Anna"]


async def test_after_an_enrollment_another_finger_of_the_same_person_can_be_added(
    hass: HomeAssistant, home: Home, reader: FakeReader
) -> None:
    person = await async_person(hass)
    dialog = await Dialog.open(hass, home.entry, "enroll")
    await dialog.submit(person=person, finger="left_thumb")
    reader.capture(3)
    await dialog.until("completed")
    await dialog.choose("enroll")
    # Which one has to be chosen.
    assert (dialog.step_id, dialog.suggested) == ("enroll", {"person": person})


async def test_stages_that_come_all_at_once_end_the_same(home: Home, reader: FakeReader) -> None:
    dialog = await async_started(home)
    reader.capture(3)
    await dialog.until("completed")


@pytest.mark.parametrize("why", Rejection)
async def test_the_reason_of_a_rejected_scan_is_shown_until_it_is_captured(
    home: Home, reader: FakeReader, why: Rejection
) -> None:
    dialog = await async_started(home)
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
async def test_the_reason_of_a_failure_is_shown_and_it_can_be_tried_again(
    home: Home, reader: FakeReader, reason: Reason
) -> None:
    dialog = await async_started(home)
    reader.end("failed", reason)
    await dialog.until(reason)
    assert dialog.menu == ["try_again", "init"]
    await dialog.choose("try_again")
    # At once, as on the card.
    assert dialog.step_id == "progress"
    assert dialog.step["description_placeholders"]["name"] == "Anna"
    dialog.close()


async def test_a_new_attempt_that_is_refused_says_why_and_keeps_what_was_entered(
    home: Home, reader: FakeReader
) -> None:
    dialog = await async_started(home)
    reader.end("failed", "timeout")
    await dialog.until("timeout")
    await home.enroll(name="Ben")
    await dialog.choose("try_again")
    assert (dialog.step_id, dialog.error) == ("enroll", "refused_busy")
    assert dialog.suggested == {"name": "Anna"}
    dialog.close()


async def test_what_was_entered_is_asked_of_the_reader_as_its_settings_say(
    hass: HomeAssistant, home: Home, reader: FakeReader
) -> None:
    reader.identity["max_scans"] = 7
    home.set_options({CONF_SCANS: 5, CONF_SCAN_TIMEOUT: 60})
    person = await async_person(hass)
    dialog = await Dialog.open(hass, home.entry, "enroll")
    words = dialog.step["description_placeholders"]
    assert (words["scans"], words["scan_timeout"]) == ("5", "60")
    await dialog.submit(person=person, finger="left_thumb")
    [start] = reader.heard_of("start")
    assert {"slot": None, "total": 5, "scan_timeout_s": 60}.items() <= start.items()
    shown = home.state("sensor", "enrollment").attributes
    assert (shown["name"], shown["finger"], shown["person"]) == ("Anna", "left_thumb", person)
    dialog.close()


async def test_a_dialog_that_asks_in_between_gets_the_same_step_again(
    home: Home, reader: FakeReader
) -> None:
    dialog = await async_started(home)
    shown = await home.hass.config_entries.options.async_configure(dialog.step["flow_id"])
    assert shown["step_id"] == "progress"
    reader.go_on(stage="processing")
    await dialog.until("processing 1/3")
    assert dialog.said == ["place_finger 1/3", "processing 1/3"]
    dialog.close()


@pytest.mark.parametrize("ended", [False, True])
async def test_a_dialog_that_missed_a_change_is_notified_again(
    hass: HomeAssistant, home: Home, reader: FakeReader, *, ended: bool
) -> None:
    dialog = await async_started(home)
    told = async_capture_events(hass, EVENT_DATA_ENTRY_FLOW_PROGRESSED)
    dialog.deaf = True
    if ended:
        reader.end("cancelled")
    else:
        reader.go_on(stage="processing")
    await asyncio.wait_for(dialog.missed.wait(), 5)
    dialog.deaf = False
    assert dialog.said == ["place_finger 1/3"]
    async_fire_time_changed(hass, dt_util.utcnow() + TELL_AGAIN)
    await dialog.until("cancelled" if ended else "processing 1/3")
    # And not for ever.
    async_fire_time_changed(hass, dt_util.utcnow() + 2 * TELL_AGAIN)
    await home.settle()
    assert len(told) == 2
    if not ended:
        dialog.close()
