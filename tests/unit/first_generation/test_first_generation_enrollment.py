"""Enrolling on a reader of the first generation, as its user sees it."""

from typing import TYPE_CHECKING

import pytest
from homeassistant.core import Context
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from pytest_homeassistant_custom_component.common import MockUser

from custom_components.biometric_enroll.const import CONF_ENROLLERS, DOMAIN
from tests.support.first_generation.site import TEMPLATE_ID
from tests.support.first_generation.sketch import POOR, Sketch

if TYPE_CHECKING:
    from tests.support.first_generation.site import OldReader, Site

later = pytest.mark.parametrize("sketch", [Sketch.LATER])
"""Runs a test with the later sketch only."""

first = pytest.mark.parametrize("sketch", [Sketch.FIRST])
"""Runs a test with the first sketch only."""


async def test_it_enrolls_and_shows_every_scan(site: Site, old: OldReader) -> None:
    answer = await site.enroll()
    assert answer["slot"] == 1
    assert (site.stage, site.state("binary_sensor", "enrolling").state) == ("place_finger", "on")
    old.scan()
    assert site.state("sensor", "enrollment_progress").state == "33"
    old.scan(times=old.scans - 1)
    await site.until_stage("completed")
    assert site.state("sensor", "enrollment_progress").state == "100"
    shown = site.state("sensor", "enrollment").attributes
    assert (shown["name"], shown["slot"], shown["template_id"]) == (
        "Anna",
        1,
        answer["template_id"],
    )
    assert site.told() == [
        "started",
        "scan_captured 1",
        "scan_captured 2",
        "scan_captured 3",
        "completed",
    ]
    assert await site.names() == {1: "Anna"}
    assert old.reader.sensor.templates == {1: "anna"}


async def test_the_stages_between_the_scans_are_shown(site: Site, old: OldReader) -> None:
    await site.enroll()
    old.reader.place("anna", old.now)
    assert site.stage == "lift_finger"
    old.reader.lift(old.now)
    assert site.stage == "lift_finger"
    old.wait(2)
    assert site.stage == "place_finger"
    assert site.state("sensor", "enrollment").attributes["step"] == 2


async def test_with_wait_the_action_answers_how_it_ended(site: Site, old: OldReader) -> None:
    waiting = site.hass.async_create_task(site.enroll(wait=True))
    await old.hears("enroll/request", action="start")
    old.scan(times=old.scans)
    response = await waiting
    assert (response["outcome"], response["reason"]) == ("completed", None)


async def test_the_start_is_said_once(site: Site, old: OldReader, impatient: None) -> None:
    """There is no nonce that would keep a repeat from enrolling whoever is there then."""
    old.deaf = lambda _suffix, message: message.get("action") == "start"
    with pytest.raises(HomeAssistantError) as error:
        await site.enroll()
    assert error.value.translation_key == "reader_unreachable"
    broker = old._broker
    starts = [said for said in broker.published if '"start"' in said.payload]
    assert [(said.qos, said.retain) for said in starts] == [(0, False)]


@later
async def test_it_is_confirmed_and_told_that_it_is_saved(site: Site, old: OldReader) -> None:
    answer = await site.enrolled()
    assert old.heard_of("enroll/request", action="confirm")
    await old.hears("enroll/completion", template_id=answer["template_id"])
    # Else it would be blocked.
    await site.enrolled("ben", "Ben")
    assert await site.names() == {1: "Anna", 2: "Ben"}


@later
async def test_a_poor_scan_is_rejected_and_repeated(site: Site, old: OldReader) -> None:
    await site.enroll()
    old.scan()
    old.scan(quality=POOR)
    shown = site.state("sensor", "enrollment").attributes
    assert (shown["rejected"], shown["rejected_reason"], shown["attempts"]) == (1, "no_image", 2)
    assert site.told()[-1] == "scan_rejected 2"
    old.scan(times=2)
    await site.until_stage("completed")


@first
async def test_a_poor_scan_ends_the_enrollment_where_the_sketch_knows_no_second_try(
    site: Site, old: OldReader
) -> None:
    await site.enroll()
    old.scan(quality=POOR)
    assert site.outcome == ("failed", "sensor_error")


# How it fails


async def test_a_finger_that_is_stored_already_is_a_duplicate(site: Site, old: OldReader) -> None:
    await site.enrolled()
    await site.enroll(name="Ben")
    old.scan("anna")
    assert site.outcome == ("failed", "duplicate")
    assert await site.names() == {1: "Anna"}


async def test_a_finger_that_lies_there_from_the_start_is_followed_too(
    site: Site, old: OldReader
) -> None:
    """The reader's yes and its last word come in one piece, before the caller has its answer."""
    await site.enrolled()
    old.reader.place("anna", old.now)
    await site.enroll(name="Ben")
    assert site.outcome == ("failed", "duplicate")


async def test_two_fingers_are_a_mismatch(site: Site, old: OldReader) -> None:
    await site.enroll()
    old.scan("anna", old.scans - 1)
    old.scan("ben")
    assert site.outcome == ("failed", "mismatch")


async def test_no_finger_in_time_is_a_timeout(site: Site, old: OldReader) -> None:
    await site.enroll(scan_timeout=120)
    old.wait(old.reader.settings.enrollment_timeout)
    assert site.outcome == ("failed", "timeout")


async def test_a_sensor_that_does_not_store_is_a_sensor_error(site: Site, old: OldReader) -> None:
    old.reader.sensor.refuses_to_store = True
    await site.enroll()
    old.scan(times=old.scans)
    await site.until_ended()
    assert site.outcome == ("failed", "sensor_error")
    assert await site.names() == {}


async def test_after_a_failure_the_next_one_works(site: Site, old: OldReader) -> None:
    await site.enroll()
    old.scan("anna", old.scans - 1)
    old.scan("ben")
    await site.enrolled()
    assert await site.names() == {1: "Anna"}


# Cancelling


@pytest.mark.parametrize("scans", [0, 1])
async def test_the_action_cancels(site: Site, old: OldReader, scans: int) -> None:
    await site.enroll()
    old.scan(times=scans)
    await site.cancel()
    assert site.outcome == ("cancelled", None)
    assert old.reader.enrollment is None
    assert await site.names() == {}


async def test_the_button_cancels(site: Site, old: OldReader) -> None:
    await site.enroll()
    await site.press_cancel()
    assert site.outcome == ("cancelled", None)
    await site.enrolled()


async def test_with_nothing_to_cancel_there_is_an_error(site: Site, old: OldReader) -> None:
    with pytest.raises(ServiceValidationError) as error:
        await site.cancel()
    assert error.value.translation_key == "refused_not_running"
    await site.enrolled()
    with pytest.raises(ServiceValidationError):
        await site.press_cancel()
    assert old.heard_of("enroll/request", action="cancel") == []


async def test_a_cancel_is_repeated_until_it_is_answered(
    site: Site, old: OldReader, impatient: None
) -> None:
    await site.enroll()
    heard: list[str] = []

    def deaf(_suffix: str, message: dict[str, object]) -> bool:
        heard.append(str(message.get("action")))
        return heard.count("cancel") < 3

    old.deaf = deaf
    await site.cancel()
    assert site.stage == "cancelled"


async def test_a_cancel_that_nobody_answers_is_an_error_and_the_enrollment_is_followed_on(
    site: Site, old: OldReader, impatient: None
) -> None:
    await site.enroll()
    old.silent = True
    with pytest.raises(HomeAssistantError) as error:
        await site.cancel()
    assert error.value.translation_key == "reader_unreachable"
    old.silent = False
    old.scan(times=old.scans)
    await site.until_ended()
    assert site.stage == "completed"


async def test_a_cancel_after_the_reader_has_restarted_ends_it(site: Site, old: OldReader) -> None:
    """It knows of nothing to cancel, which it says in two ways; and nothing is stored."""
    await site.enroll()
    old.reboot()
    await site.cancel()
    assert site.ended
    assert await site.names() == {}


# Where it goes


async def test_it_goes_to_the_lowest_free_slot(site: Site, old: OldReader) -> None:
    await site.enrolled()
    assert (await site.enrolled("ben", "Ben"))["slot"] == 2


async def test_where_others_have_stored_too_it_comes_from_above(site: Site, old: OldReader) -> None:
    old.reader.sensor.templates[1] = "a stranger"
    assert (await site.enroll())["slot"] == 127
    assert old.reader.enrollment is not None
    assert old.reader.enrollment.slot == 127


async def test_a_slot_can_be_wished_for(site: Site, old: OldReader) -> None:
    assert (await site.enroll(slot=7))["slot"] == 7
    old.scan(times=old.scans)
    await site.until_stage("completed")
    assert await site.names() == {7: "Anna"}


async def test_a_reader_that_takes_another_slot_is_believed(site: Site, old: OldReader) -> None:
    """A touch names the slot only, so a wrong one would be a wrong person."""
    old.deaf = lambda _suffix, message: message.get("action") == "start"
    enrolling = site.hass.async_create_task(site.enroll(slot=7))
    await old.misses("enroll/request", action="start")
    _, start = old.missed[-1]
    old.ask("enroll/request", **{**start, "slot": 8})
    assert (await enrolling)["slot"] == 8
    old.scan(times=old.scans)
    await site.until_stage("completed")
    assert await site.names() == {8: "Anna"}


async def test_a_slot_with_a_name_is_refused(site: Site, old: OldReader) -> None:
    await site.enrolled()
    with pytest.raises(ServiceValidationError) as error:
        await site.enroll(name="Ben", slot=1)
    assert error.value.translation_key == "refused_slot_occupied"
    # What there was before is shown as before.
    assert site.stage == "completed"
    assert await site.names() == {1: "Anna"}


@pytest.mark.parametrize("slot", [0, 128])
async def test_a_slot_that_is_not_there_is_refused(site: Site, slot: int) -> None:
    with pytest.raises(ServiceValidationError) as error:
        await site.enroll(slot=slot)
    assert error.value.translation_key == "refused_bad_request"


async def test_a_slot_that_only_the_sketch_refuses_is_refused(site: Site, old: OldReader) -> None:
    """The first sketch takes 127 at most, whatever the sensor has room for."""
    old.reader.sensor.capacity = 200
    old.reader.sensor.templates.clear()
    if old.sketch is Sketch.FIRST:
        with pytest.raises(ServiceValidationError) as error:
            await site.enroll(slot=150)
        assert error.value.translation_key == "refused_bad_request"
        assert site.stage == "idle"
    else:
        assert (await site.enroll(slot=150))["slot"] == 150


async def test_a_full_sensor_is_told_so(site: Site, old: OldReader) -> None:
    old.reader.sensor.templates.update(dict.fromkeys(range(1, 128), "a stranger"))
    with pytest.raises(HomeAssistantError) as error:
        await site.enroll()
    assert error.value.translation_key == "refused_sensor_full"
    assert old.heard_of("enroll/request") == []


async def test_more_than_three_scans_are_refused(site: Site) -> None:
    with pytest.raises(ServiceValidationError) as error:
        await site.enroll(scans=4)
    assert error.value.translation_key == "too_many_scans"


# When it is busy


async def test_a_second_enrollment_is_refused(site: Site, old: OldReader) -> None:
    await site.enroll()
    with pytest.raises(ServiceValidationError) as error:
        await site.enroll(name="Ben")
    assert error.value.translation_key == "refused_busy"
    old.scan(times=old.scans)
    await site.until_stage("completed")
    assert await site.names() == {1: "Anna"}


async def test_a_reader_that_another_system_uses_is_busy(site: Site, old: OldReader) -> None:
    old.ask("enroll/request", action="start", slot=5, template_id=TEMPLATE_ID)
    with pytest.raises(ServiceValidationError) as error:
        await site.enroll()
    assert error.value.translation_key == "refused_busy"
    old.scan("a stranger", old.scans)
    old.ask("enroll/request", action="confirm")
    await site.hass.async_block_till_done()
    assert old.reader.sensor.templates == {5: "a stranger"}
    # Neither shown nor named.
    assert (site.stage, site.told()) == ("idle", [])
    assert await site.names() == {}


@later
async def test_a_reader_that_missed_that_the_last_one_was_saved_is_told_again(
    site: Site, old: OldReader
) -> None:
    old.deaf = lambda suffix, _message: suffix == "enroll/completion"
    await site.enrolled()
    old.deaf = lambda _suffix, _message: False
    await site.enrolled("ben", "Ben")
    assert await site.names() == {1: "Anna", 2: "Ben"}


async def test_a_chosen_user_enrolls_and_cancels_and_no_other_does(site: Site) -> None:
    entries = site.hass.config_entries
    user = MockUser(groups=[]).add_to_hass(site.hass)
    call = {"device_id": site.device_id, "name": "Anna"}
    context = Context(user_id=user.id)
    with pytest.raises(Unauthorized):
        await site.hass.services.async_call(
            DOMAIN, "enroll_fingerprint", call, blocking=True, context=context
        )
    entries.async_update_entry(site.entry, options={CONF_ENROLLERS: [user.id]})
    await site.hass.services.async_call(
        DOMAIN, "enroll_fingerprint", call, blocking=True, context=context
    )
    assert site.stage == "place_finger"
    del call["name"]
    await site.hass.services.async_call(
        DOMAIN, "cancel_enrollment", call, blocking=True, context=context
    )
    assert site.stage == "cancelled"
