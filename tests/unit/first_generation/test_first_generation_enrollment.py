"""Enrolling on a reader of the first generation, as its user sees it."""

from typing import TYPE_CHECKING

import pytest
from homeassistant.core import Context
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from pytest_homeassistant_custom_component.common import MockUser

from custom_components.biometric_enroll.const import CONF_ENROLLERS
from tests.support.first_generation.home import TEMPLATE_ID
from tests.support.first_generation.scene import first, later
from tests.support.first_generation.sketch import POOR, Sketch
from tests.support.home import async_fails

if TYPE_CHECKING:
    from tests.support.first_generation.home import FakeFirstGenerationReader, FirstGenerationHome


async def test_it_enrolls_and_shows_every_scan(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    answer = await home.enroll()
    assert answer["slot"] == 1
    assert (home.stage, home.state("binary_sensor", "enrolling").state) == ("place_finger", "on")
    first_gen.scan()
    assert home.state("sensor", "enrollment_progress").state == "33"
    first_gen.scan(times=first_gen.scans - 1)
    await home.until_stage("completed")
    assert home.state("sensor", "enrollment_progress").state == "100"
    shown = home.state("sensor", "enrollment").attributes
    assert (shown["name"], shown["slot"], shown["template_id"]) == (
        "Anna",
        1,
        answer["template_id"],
    )
    assert home.told() == [
        "started",
        "scan_captured 1",
        "scan_captured 2",
        "scan_captured 3",
        "completed",
    ]
    assert await home.named() == {1: "Anna"}
    assert first_gen.reader.sensor.templates == {1: "anna"}


async def test_the_stages_between_the_scans_are_shown(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    await home.enroll()
    first_gen.reader.place("anna", first_gen.now)
    assert home.stage == "lift_finger"
    first_gen.reader.lift(first_gen.now)
    assert home.stage == "lift_finger"
    first_gen.wait(2)
    assert home.stage == "place_finger"
    assert home.state("sensor", "enrollment").attributes["step"] == 2


async def test_with_wait_the_action_answers_how_it_ended(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    waiting = home.hass.async_create_task(home.enroll(wait=True))
    await first_gen.hears("enroll/request", action="start")
    first_gen.scan(times=first_gen.scans)
    response = await waiting
    assert (response["outcome"], response["reason"]) == ("completed", None)


async def test_the_start_is_said_once(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader, impatient: None
) -> None:
    """There is no nonce that would keep a repeat from enrolling whoever is there then."""
    first_gen.deaf = lambda _suffix, message: message.get("action") == "start"
    assert await async_fails(home.enroll()) == "reader_unreachable"
    broker = first_gen._broker
    starts = [said for said in broker.published if '"start"' in said.payload]
    assert [(said.qos, said.retain) for said in starts] == [(0, False)]


@later
async def test_it_gets_the_confirmation_and_the_saved_message(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    answer = await home.enrolled()
    assert first_gen.heard_of("enroll/request", action="confirm")
    await first_gen.hears("enroll/completion", template_id=answer["template_id"])
    # Else it would be blocked.
    await home.enrolled("ben", "Ben")
    assert await home.named() == {1: "Anna", 2: "Ben"}


@later
async def test_a_poor_scan_is_rejected_and_repeated(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    await home.enroll()
    first_gen.scan()
    first_gen.scan(quality=POOR)
    shown = home.state("sensor", "enrollment").attributes
    assert (shown["rejected"], shown["rejected_reason"], shown["attempts"]) == (1, "no_image", 2)
    assert home.told()[-1] == "scan_rejected 2"
    first_gen.scan(times=2)
    await home.until_stage("completed")


@first
async def test_a_poor_scan_ends_the_enrollment_where_the_sketch_knows_no_second_try(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    await home.enroll()
    first_gen.scan(quality=POOR)
    assert home.outcome == ("failed", "sensor_error")


# How it fails


async def test_a_finger_that_is_stored_already_is_a_duplicate(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    await home.enrolled()
    await home.enroll(name="Ben")
    first_gen.scan("anna")
    assert home.outcome == ("failed", "duplicate")
    assert await home.named() == {1: "Anna"}


async def test_a_finger_that_lies_there_from_the_start_is_followed_too(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    """The reader's yes and its last word come in one piece, before the caller has its answer."""
    await home.enrolled()
    first_gen.reader.place("anna", first_gen.now)
    await home.enroll(name="Ben")
    assert home.outcome == ("failed", "duplicate")


async def test_two_fingers_are_a_mismatch(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    await home.enroll()
    first_gen.scan("anna", first_gen.scans - 1)
    first_gen.scan("ben")
    assert home.outcome == ("failed", "mismatch")


async def test_no_finger_in_time_is_a_timeout(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    await home.enroll(scan_timeout=120)
    first_gen.wait(first_gen.reader.settings.enrollment_timeout)
    assert home.outcome == ("failed", "timeout")


async def test_a_sensor_that_does_not_store_is_a_sensor_error(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    first_gen.reader.sensor.refuses_to_store = True
    await home.enroll()
    first_gen.scan(times=first_gen.scans)
    await home.until_ended()
    assert home.outcome == ("failed", "sensor_error")
    assert await home.named() == {}


async def test_after_a_failure_the_next_one_works(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    await home.enroll()
    first_gen.scan("anna", first_gen.scans - 1)
    first_gen.scan("ben")
    await home.enrolled()
    assert await home.named() == {1: "Anna"}


# Where it goes


async def test_it_goes_to_the_lowest_free_slot(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    await home.enrolled()
    assert (await home.enrolled("ben", "Ben"))["slot"] == 2


async def test_where_others_have_stored_too_it_comes_from_above(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    first_gen.reader.sensor.templates[1] = "a stranger"
    assert (await home.enroll())["slot"] == 127
    assert first_gen.reader.enrollment is not None
    assert first_gen.reader.enrollment.slot == 127


async def test_a_slot_can_be_wished_for(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    assert (await home.enroll(slot=7))["slot"] == 7
    first_gen.scan(times=first_gen.scans)
    await home.until_stage("completed")
    assert await home.named() == {7: "Anna"}


async def test_a_reader_that_takes_another_slot_is_believed(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    """A touch names the slot only, so a wrong one would be a wrong person."""
    first_gen.deaf = lambda _suffix, message: message.get("action") == "start"
    enrolling = home.hass.async_create_task(home.enroll(slot=7))
    await first_gen.misses("enroll/request", action="start")
    _, start = first_gen.missed[-1]
    first_gen.ask("enroll/request", **{**start, "slot": 8})
    assert (await enrolling)["slot"] == 8
    first_gen.scan(times=first_gen.scans)
    await home.until_stage("completed")
    assert await home.named() == {8: "Anna"}


async def test_a_slot_with_a_name_is_refused(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    await home.enrolled()
    with pytest.raises(ServiceValidationError) as error:
        await home.enroll(name="Ben", slot=1)
    assert error.value.translation_key == "refused_slot_occupied"
    # What there was before is shown as before.
    assert home.stage == "completed"
    assert await home.named() == {1: "Anna"}


@pytest.mark.parametrize("slot", [0, 128])
async def test_a_slot_that_is_not_there_is_refused(home: FirstGenerationHome, slot: int) -> None:
    with pytest.raises(ServiceValidationError) as error:
        await home.enroll(slot=slot)
    assert error.value.translation_key == "refused_bad_request"


async def test_a_slot_that_only_the_sketch_refuses_is_refused(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    """The first sketch takes 127 at most, whatever the sensor has room for."""
    first_gen.reader.sensor.capacity = 200
    first_gen.reader.sensor.templates.clear()
    if first_gen.sketch is Sketch.FIRST:
        with pytest.raises(ServiceValidationError) as error:
            await home.enroll(slot=150)
        assert error.value.translation_key == "refused_bad_request"
        assert home.stage == "idle"
    else:
        assert (await home.enroll(slot=150))["slot"] == 150


async def test_a_full_sensor_is_an_error(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    first_gen.reader.sensor.templates.update(dict.fromkeys(range(1, 128), "a stranger"))
    assert await async_fails(home.enroll()) == "refused_sensor_full"
    assert first_gen.heard_of("enroll/request") == []


async def test_more_than_three_scans_are_refused(home: FirstGenerationHome) -> None:
    with pytest.raises(ServiceValidationError) as error:
        await home.enroll(scans=4)
    assert error.value.translation_key == "too_many_scans"


# When it is busy


async def test_a_second_enrollment_is_refused(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    await home.enroll()
    with pytest.raises(ServiceValidationError) as error:
        await home.enroll(name="Ben")
    assert error.value.translation_key == "refused_busy"
    first_gen.scan(times=first_gen.scans)
    await home.until_stage("completed")
    assert await home.named() == {1: "Anna"}


async def test_a_reader_that_another_system_uses_is_busy(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    first_gen.ask("enroll/request", action="start", slot=5, template_id=TEMPLATE_ID)
    with pytest.raises(ServiceValidationError) as error:
        await home.enroll()
    assert error.value.translation_key == "refused_busy"
    first_gen.scan("a stranger", first_gen.scans)
    first_gen.ask("enroll/request", action="confirm")
    await home.settle()
    assert first_gen.reader.sensor.templates == {5: "a stranger"}
    # Neither shown nor named.
    assert (home.stage, home.told()) == ("idle", [])
    assert await home.named() == {}


@later
async def test_a_reader_that_missed_the_saved_message_gets_it_again(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    first_gen.deaf = lambda suffix, _message: suffix == "enroll/completion"
    await home.enrolled()
    first_gen.deaf = lambda _suffix, _message: False
    await home.enrolled("ben", "Ben")
    assert await home.named() == {1: "Anna", 2: "Ben"}


async def test_a_chosen_user_enrolls_and_cancels_and_no_other_does(
    home: FirstGenerationHome,
) -> None:
    entries = home.hass.config_entries
    user = MockUser(groups=[]).add_to_hass(home.hass)
    call = {"device_id": home.device_id, "name": "Anna"}
    context = Context(user_id=user.id)
    with pytest.raises(Unauthorized):
        await home.call("enroll_fingerprint", context, **call)
    entries.async_update_entry(home.entry, options={CONF_ENROLLERS: [user.id]})
    await home.call("enroll_fingerprint", context, **call)
    assert home.stage == "place_finger"
    del call["name"]
    await home.cancel(context, **call)
    assert home.stage == "cancelled"
