"""The action that enrolls a finger: its parameters, permissions and response."""

import asyncio
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import probatio
import pytest
from homeassistant.core import Context
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.biometric_enroll.const import DOMAIN, EVENT_BIOMETRIC_ENROLL

if TYPE_CHECKING:
    from homeassistant.auth.models import User
    from homeassistant.core import HomeAssistant
    from homeassistant.helpers import entity_registry as er

    from tests.support.broker import FakeBroker
    from tests.support.home import Home
    from tests.support.reader import FakeReader


@pytest.fixture
def person(hass: HomeAssistant, entity_registry: er.EntityRegistry) -> str:
    """Return the entity id of a person."""
    entry = entity_registry.async_get_or_create("person", "person", "1", suggested_object_id="anna")
    hass.states.async_set(entry.entity_id, "home", {"friendly_name": "Anna Berg"})
    return entry.entity_id


# Accepted


async def test_it_answers_with_template_id_and_slot_once_the_reader_has_accepted(
    home: Home, reader: FakeReader
) -> None:
    response = await home.enroll()
    assert response == {"template_id": reader.enrollment["template_id"], "slot": 5}


async def test_the_reader_gets_what_was_asked_for(home: Home, reader: FakeReader) -> None:
    reader.identity["max_scans"] = 7
    await home.enroll(slot=17, scans=4, scan_timeout=60)
    [start] = reader.heard_of("start")
    wanted = {"slot": 17, "total": 4, "scan_timeout_s": 60}
    assert wanted.items() <= start.items()


async def test_without_wishes_the_reader_chooses_the_slot(home: Home, reader: FakeReader) -> None:
    await home.enroll()
    [start] = reader.heard_of("start")
    wanted = {"slot": None, "total": 3, "scan_timeout_s": 30}
    assert wanted.items() <= start.items()


async def test_the_reader_never_hears_the_name(home: Home, broker: FakeBroker) -> None:
    """It does not need the name, and other clients of the broker must not get it."""
    await home.enroll()
    assert not [said for said in broker.published if "Anna" in said.payload]


async def test_nothing_is_ever_sent_retained_or_with_qos(
    home: Home, broker: FakeBroker, reader: FakeReader
) -> None:
    """The broker or the MQTT client could deliver it again, or minutes after the timeout."""
    await home.enroll()
    reader.touch()
    await home.cancel()
    assert {"hello", "start", "cancel", "ack"} <= {
        request.get("command") or request["action"] for request in reader.heard
    }
    assert {(said.qos, said.retain) for said in broker.published} == {(0, False)}


async def test_a_response_is_not_required(home: Home) -> None:
    await home.hass.services.async_call(
        DOMAIN, "enroll_fingerprint", {"device_id": home.device_id, "name": "Anna"}, blocking=True
    )
    assert home.stage == "place_finger"


# Waiting


@pytest.mark.parametrize(
    ("stage", "reason"), [("completed", None), ("failed", "timeout"), ("cancelled", None)]
)
async def test_with_wait_it_answers_how_it_ended(
    home: Home, reader: FakeReader, stage: str, reason: str | None
) -> None:
    waiting = home.hass.async_create_task(home.enroll(wait=True))
    await reader.hears("start")
    reader.capture(2)
    if stage == "completed":
        reader.capture()
    else:
        reader.end(stage, reason)
    response = await waiting
    assert (response["outcome"], response["reason"]) == (stage, reason)
    assert response["template_id"] == reader.enrollment["template_id"]


async def test_waiting_has_an_end_and_the_enrollment_goes_on(
    home: Home, reader: FakeReader
) -> None:
    """The timeout of the action ends only its own waiting."""
    # The longest enrollment of 3 scans of 5 s lasts 30 s.
    with (
        patch("custom_components.biometric_enroll.client.enroller.OUTCOME_GRACE", -29.95),
        pytest.raises(HomeAssistantError) as error,
    ):
        await home.enroll(scan_timeout=5, wait=True)
    assert error.value.translation_key == "no_outcome"
    assert reader.heard_of("cancel") == []
    assert home.stage == "place_finger"


async def test_a_caller_that_stops_waiting_does_not_stop_the_enrollment(
    home: Home, reader: FakeReader
) -> None:
    """As when a script is restarted, or a phone loses its connection."""
    waiting = asyncio.create_task(home.enroll(wait=True))
    await reader.hears("start")
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    reader.capture(3)
    await home.settle()
    assert list((await home.named()).values()) == ["Anna"]


async def test_a_caller_that_stops_before_the_answer_does_not_stop_the_enrollment(
    home: Home, reader: FakeReader, impatient: None
) -> None:
    """Nor does it stop the repeats of a lost request."""
    reader.holds.add("start")
    calling = asyncio.create_task(home.enroll())
    await reader.hears("start")
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    await reader.hears("start", 3)
    reader.on_request(reader.held[0])
    reader.capture(3)
    await home.settle()
    assert reader.heard_of("cancel") == []
    assert len(await home.fingerprints()) == 1


# Whose finger


async def test_the_name_of_the_person_is_the_default(home: Home, person: str) -> None:
    await home.enroll(name="", person=person)
    shown = home.state("sensor", "enrollment").attributes
    assert (shown["name"], shown["person"]) == ("Anna Berg", person)


async def test_a_given_name_goes_before_the_persons(home: Home, person: str) -> None:
    await home.enroll(name="Anni", person=person)
    assert home.state("sensor", "enrollment").attributes["name"] == "Anni"


async def test_a_persons_own_name_may_have_joiners(home: Home, person: str) -> None:
    """It is the default, so a person whom this refused could be enrolled under another only."""
    home.hass.states.async_set(person, "home", {"friendly_name": "نوری\u200cپور"})
    await home.enroll(name="", person=person)
    assert home.state("sensor", "enrollment").attributes["name"] == "نوری\u200cپور"


async def test_a_person_that_is_renamed_stays_linked(
    home: Home, entity_registry: er.EntityRegistry, reader: FakeReader, person: str
) -> None:
    await home.enrolled(person=person)
    entity_registry.async_update_entity(person, new_entity_id="person.anna_berg")
    [fingerprint] = await home.fingerprints()
    assert fingerprint["person"] == "person.anna_berg"
    entity_registry.async_remove("person.anna_berg")
    [fingerprint] = await home.fingerprints()
    assert (fingerprint["person"], fingerprint["name"]) == (None, "Anna")


@pytest.mark.parametrize(
    "name",
    [
        "A",
        "x" * 100,
        "Zoë Müller-Ōta",
        "\u00a0Anna\t",
        "李小龙",
        "نوری\u200cپور",
        "श्री\u200dमती",
        "Anna 👩\u200d🚀",
    ],
)
async def test_a_name_is_any_printable_text(home: Home, name: str) -> None:
    await home.enroll(name=name)
    assert home.state("sensor", "enrollment").attributes["name"] == name.strip()


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({"name": ""}, "name_missing"),
        ({"name": " \t\n"}, "name_missing"),
        ({"name": "x" * 101}, "name_too_long"),
        ({"name": "An\nna"}, "name_forbidden"),
        ({"name": "An\x00na"}, "name_forbidden"),
        ({"name": "\u202eannA"}, "name_forbidden"),
        ({"name": "An\u2066na"}, "name_forbidden"),
        ({"name": "An\u200bna"}, "name_forbidden"),
        ({"name": "An\ud83dna"}, "name_forbidden"),
        ({"name": "\u200d \u200c"}, "name_missing"),
        ({"name": "un\u200dknown\u200c"}, "name_forbidden"),
        ({"name": "unknown"}, "name_forbidden"),
        ({"name": "Unavailable "}, "name_forbidden"),
        ({"person": "person.nobody"}, "no_such_person"),
        ({"person": "event.front_door_touch"}, "no_such_person"),
    ],
)
async def test_a_subject_that_cannot_be_is_an_error_and_nothing_is_asked(
    home: Home, reader: FakeReader, data: dict[str, Any], key: str
) -> None:
    greetings = len(reader.heard)
    with pytest.raises(ServiceValidationError) as error:
        await home.enroll(**data)
    assert error.value.translation_key == key
    # Home Assistant logs the errors of scripts, so none of them may hold a name.
    name = data.get("name", "").strip()
    assert not name or name not in str(error.value.translation_placeholders)
    assert len(reader.heard) == greetings


@pytest.mark.parametrize(
    "data",
    [
        {"finger": "left_toe"},
        {"slot": -1},
        {"slot": 65536},
        {"scans": 2},
        {"scans": 8},
        {"scan_timeout": 4},
        {"scan_timeout": 121},
        {"wait": "perhaps"},
        {"person": "Anna"},
        {"colour": "green"},
    ],
)
async def test_an_argument_out_of_range_is_refused(
    home: Home, reader: FakeReader, data: dict[str, Any]
) -> None:
    with pytest.raises(probatio.Invalid):
        await home.enroll(**data)
    assert reader.heard_of("start") == []


async def test_more_scans_than_the_sensor_can_is_an_error(home: Home, reader: FakeReader) -> None:
    with pytest.raises(ServiceValidationError) as error:
        await home.enroll(scans=4)
    assert error.value.translation_key == "too_many_scans"
    assert error.value.translation_placeholders == {"most": "3"}
    assert reader.heard_of("start") == []


# Which reader, and who may


async def test_an_unknown_device_is_an_error(home: Home) -> None:
    with pytest.raises(ServiceValidationError):
        await home.enroll(device_id="no such device")


async def test_a_reader_that_is_not_loaded_is_an_error(home: Home, reader: FakeReader) -> None:
    assert await home.unload()
    with pytest.raises(ServiceValidationError):
        await home.enroll()
    assert reader.heard_of("start") == []


async def test_an_automation_may(home: Home) -> None:
    """Its call has no user; only administrators can write automations."""
    await home.enroll(context=Context(user_id=None))
    assert home.stage == "place_finger"


async def test_all_that_follows_carries_the_callers_context(
    home: Home, reader: FakeReader, hass_admin_user: User
) -> None:
    """The logbook says who enrolled the finger."""
    reader_events = async_capture_events(home.hass, EVENT_BIOMETRIC_ENROLL)
    context = Context(user_id=hass_admin_user.id)
    response = await home.enroll(context=context)
    reader.capture(3)
    await home.settle()
    assert len(reader_events) == 5
    assert all(event.context == context for event in reader_events)
    for platform, key in (
        ("sensor", "enrollment"),
        ("sensor", "enrollment_progress"),
        ("binary_sensor", "enrolling"),
        ("event", "enrollment_activity"),
    ):
        assert home.state(platform, key).context == context
    reader.touch(response["template_id"])
    assert home.state("sensor", "last_identified").context != context
    assert home.state("event", "touch").context != context
