"""Enrollments that do not start, or not as requested: a clear error, and no change."""

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from custom_components.biometric_enroll.const import DOMAIN
from custom_components.biometric_enroll.protocol.words import Refusal
from tests.support.home import async_fails
from tests.support.reader_publications import IDLE

if TYPE_CHECKING:
    from tests.support.broker import FakeBroker
    from tests.support.home import Home
    from tests.support.reader import FakeReader

MISTAKES = {"busy", "slot_occupied", "bad_request", "not_running", "not_found"}


def lose_voice_at_start(reader: FakeReader) -> None:
    """Let the reader start the requested enrollment, and from then on lose all its messages."""
    obey = reader.on_request

    def obey_in_silence(request: dict[str, Any]) -> None:
        reader.speechless = reader.speechless or request.get("action") == "start"
        obey(request)

    reader.on_request = obey_in_silence  # type: ignore[method-assign]


def find_voice(reader: FakeReader) -> None:
    """Let the reader connect again, and publish its retained messages."""
    reader.speechless = False
    reader.announce()


# Refused


@pytest.mark.parametrize("refusal", Refusal)
async def test_a_refusal_is_an_error_that_says_why(
    home: Home, reader: FakeReader, refusal: Refusal
) -> None:
    reader.refuses["start"] = refusal
    with pytest.raises(HomeAssistantError) as error:
        await home.enroll()
    assert error.value.translation_domain == DOMAIN
    assert error.value.translation_key == f"refused_{refusal}"
    assert error.value.translation_placeholders == {"reader": "Front door"}
    # A mistake is shown as such, without a traceback in the log.
    assert isinstance(error.value, ServiceValidationError) is (refusal in MISTAKES)


async def test_a_refusal_changes_nothing(
    home: Home, reader: FakeReader, hass_storage: dict[str, Any]
) -> None:
    await home.enrolled()
    names = hass_storage["biometric_enroll.roster"]["data"]
    shown = home.state("sensor", "enrollment")
    reader.refuses["start"] = "sensor_full"
    await async_fails(home.enroll(name="Ben"))
    assert hass_storage["biometric_enroll.roster"]["data"] == names
    assert home.state("sensor", "enrollment") == shown


async def test_before_the_first_enrollment_a_refusal_leaves_nothing_either(
    home: Home, reader: FakeReader, hass_storage: dict[str, Any]
) -> None:
    reader.refuses["start"] = "sensor_full"
    await async_fails(home.enroll())
    stored = hass_storage["biometric_enroll.roster"]["data"]
    assert not stored["fingerprints"]
    assert not stored["enrollments"]


async def test_after_a_refusal_the_next_attempt_can_succeed(home: Home, reader: FakeReader) -> None:
    reader.refuses["start"] = "slot_occupied"
    await async_fails(home.enroll(slot=7))
    reader.refuses.clear()
    assert (await home.enroll(slot=8))["slot"] == 8


# Busy


async def test_while_an_enrollment_runs_there_is_no_other(home: Home, reader: FakeReader) -> None:
    response = await home.enroll()
    reader.capture()
    assert await async_fails(home.enroll(name="Ben")) == "refused_busy"
    assert len(reader.heard_of("start")) == 1
    shown = home.state("sensor", "enrollment")
    assert (shown.state, shown.attributes["name"]) == ("place_finger", "Anna")
    reader.capture(2)
    await home.settle()
    [fingerprint] = await home.fingerprints()
    assert fingerprint["template_id"] == response["template_id"]


async def test_of_two_callers_at_once_the_second_gets_an_error_at_once(
    home: Home, reader: FakeReader
) -> None:
    """It does not wait for the outcome of the first."""
    reader.holds.add("start")
    first = home.hass.async_create_task(home.enroll())
    await reader.hears("start")
    assert await async_fails(home.enroll(name="Ben")) == "refused_busy"
    assert not first.done()
    reader.on_request(reader.held[0])
    await first
    assert home.state("sensor", "enrollment").attributes["name"] == "Anna"


# Repeated


async def test_a_start_is_repeated_until_it_is_answered(
    home: Home, broker: FakeBroker, reader: FakeReader, impatient: None
) -> None:
    """With the same bytes: for the reader it is one request, however often it arrives."""
    reader.holds.add("start")
    calling = home.hass.async_create_task(home.enroll())
    await reader.hears("start", 3)
    reader.on_request(reader.held[0])
    await calling
    said = [said for said in broker.published if "start" in said.payload]
    assert len(said) >= 3
    assert len(set(said)) == 1


async def test_an_answer_that_got_lost_is_given_again(
    home: Home, reader: FakeReader, impatient: None
) -> None:
    obey = reader.on_request

    def mute(request: dict[str, Any]) -> None:
        reader.speechless = request.get("action") == "start" and len(reader.heard_of("start")) == 1
        obey(request)

    reader.on_request = mute  # type: ignore[method-assign]
    response = await home.enroll()
    first, second = reader.heard_of("start")
    assert first == second
    assert response["template_id"] == reader.enrollment["template_id"]
    assert reader.enrollment["seq"] == 1


# Unreachable


async def test_a_reader_without_power_is_an_error_and_nothing_is_started(
    home: Home, reader: FakeReader, hass_storage: dict[str, Any], impatient: None
) -> None:
    reader.silent = True
    assert await async_fails(home.enroll()) == "reader_unreachable"
    assert reader.heard_of("start") == []
    assert "biometric_enroll.roster" not in hass_storage
    assert not home.available


async def test_a_reader_that_is_being_asked_in_vain_is_not_asked_once_more(
    home: Home, broker: FakeBroker, reader: FakeReader, impatient: None
) -> None:
    """Its last will has just come: the caller waits for one timeout, not for two."""
    said = len(reader.heard_of("hello"))
    reader.deaf.add("hello")
    reader.say("status", {"online": False})
    await home.settle()
    assert await async_fails(home.enroll()) == "reader_unreachable"
    published = [each for each in broker.published if "hello" in each.payload]
    assert len({each.payload for each in published}) == said + 1


async def test_without_a_broker_there_is_an_error_at_once(home: Home, broker: FakeBroker) -> None:
    broker.set_connected(False)
    said = len(broker.published)
    async with asyncio.timeout(1):
        assert await async_fails(home.enroll()) == "reader_unreachable"
    assert len(broker.published) == said


async def test_a_broker_that_fails_while_publishing_is_an_error(
    home: Home, mqtt_client_mock: Any
) -> None:
    """The connection is lost, and Home Assistant has not noticed it yet."""
    mqtt_client_mock.publish.side_effect = lambda *_: type("Info", (), {"mid": 1, "rc": 4})()
    assert await async_fails(home.enroll()) == "reader_unreachable"


async def test_what_starts_although_its_caller_was_told_otherwise_is_cancelled(
    home: Home, reader: FakeReader, impatient: None
) -> None:
    """The caller has got an error; the next finger at the reader may be anybody's."""
    lose_voice_at_start(reader)
    assert await async_fails(home.enroll()) == "reader_unreachable"
    find_voice(reader)
    await home.until_stage("cancelled")
    assert reader.enrollment["stage"] == "cancelled"
    assert await home.fingerprints() == []


async def test_it_is_cancelled_also_after_a_restart(
    home: Home, reader: FakeReader, hass_storage: dict[str, Any], impatient: None
) -> None:
    lose_voice_at_start(reader)
    await async_fails(home.enroll())
    await home.restart()
    find_voice(reader)
    await home.until_stage("cancelled")


async def test_it_is_cancelled_also_if_only_hello_tells_of_it(
    home: Home, reader: FakeReader, impatient: None
) -> None:
    lose_voice_at_start(reader)
    await async_fails(home.enroll())
    reader.speechless = False
    reader.say("status", {"online": True, **reader.identity})
    await home.until_stage("cancelled")


async def test_a_cancel_that_is_lost_is_tried_again(
    home: Home,
    broker: FakeBroker,
    reader: FakeReader,
    impatient: None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    lose_voice_at_start(reader)
    await async_fails(home.enroll())
    reader.deaf.add("cancel")
    find_voice(reader)
    # Not a repeat, but a new request.
    await reader.until(
        lambda: len({said for said in broker.published if "cancel" in said.payload}) == 2
    )
    assert "Could not cancel" in caplog.text
    reader.deaf.clear()
    await home.until_stage("cancelled")


async def test_what_starts_although_a_stranger_said_no_is_cancelled(
    home: Home, reader: FakeReader
) -> None:
    """Of two readers under one id, the other one has another nonce and may answer first."""
    reader.holds.add("start")
    enrolling = home.hass.async_create_task(async_fails(home.enroll()))
    await reader.hears("start")
    [start] = reader.held
    # The hello that follows from the refusal.
    reader.holds = {"hello"}
    reader.refuse(start["request"], "stale")
    assert await enrolling == "refused_stale"
    reader.on_request({**start, "request": "0123456789abcdef"})
    reader.holds.clear()
    await home.until_stage("cancelled")
    assert reader.enrollment["stage"] == "cancelled"
    assert await home.fingerprints() == []


async def test_a_later_enrollment_is_not_cancelled_with_it(
    home: Home, reader: FakeReader, impatient: None
) -> None:
    reader.holds.add("start")
    await async_fails(home.enroll())
    reader.holds.clear()
    await home.enrolled()
    assert home.stage == "completed"
    assert reader.heard_of("cancel") == []


# Answers without sense


async def test_an_answer_to_start_without_sense_is_an_error_and_the_enrollment_ends(
    home: Home, reader: FakeReader
) -> None:
    reader.holds.add("start")
    enrolling = home.hass.async_create_task(async_fails(home.enroll()))
    await reader.hears("start")
    [start] = reader.held
    reader.answer(start["request"], {"slot": "five"})
    assert await enrolling == "reader_unreachable"
    nonce = reader.hello()["nonce"]
    reader.on_request({**start, "request": "0123456789abcdef", "nonce": nonce})
    await home.until_stage("cancelled")


@pytest.mark.parametrize(
    "answer",
    [
        {"enrollment": {**IDLE, "stage": "gone"}},
        {"enrollment": {**IDLE, "template_id": "0" * 16, "seq": 1, "slot": 1, "step": 1,
                        "total": 3, "stage": "cancelled"}},
        {},
    ],
    ids=["malformed", "of another enrollment", "missing"],
)  # fmt: skip
async def test_an_answer_to_cancel_without_sense_is_an_error(
    home: Home, reader: FakeReader, answer: dict[str, Any]
) -> None:
    await home.enroll()
    reader.answers["cancel"] = answer
    call = partial(
        home.hass.services.async_call,
        DOMAIN,
        "cancel_enrollment",
        {"device_id": home.device_id},
        blocking=True,
    )
    assert await async_fails(call()) == "reader_unreachable"


async def test_the_end_of_an_enrollment_that_another_has_followed_is_nothing_to_show(
    home: Home, reader: FakeReader
) -> None:
    """The answer to a cancel was so slow that the next enrollment runs already."""
    await home.enroll()
    reader.holds.add("cancel")
    cancelling = home.hass.async_create_task(home.cancel())
    await reader.hears("cancel")
    [cancel] = reader.held
    reader.end("cancelled")
    ended = reader.enrollment
    await home.until_stage("cancelled")
    await home.enroll(name="Ben")
    reader.answer(cancel["request"], {"enrollment": ended})
    await cancelling
    shown = home.state("sensor", "enrollment")
    assert (shown.state, shown.attributes["name"]) == ("place_finger", "Ben")
