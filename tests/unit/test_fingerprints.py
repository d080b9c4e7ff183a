"""The registry: its fingerprints, changes of them, and their effect on touches."""

from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.core import Context
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.helpers import entity_registry as er

from custom_components.biometric_enroll import async_setup
from custom_components.biometric_enroll.const import CONF_LIVE_LIMIT, CONF_MIN_CONFIDENCE
from custom_components.biometric_enroll.storage import DATA_REGISTRY
from tests.support.home import async_person

if TYPE_CHECKING:
    from homeassistant.auth.models import User
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.common import MockUser

    from tests.support.clock import LoopClocks
    from tests.support.home import Home
    from tests.support.reader import FakeReader


# Changing it


async def test_a_fingerprint_can_be_renamed_and_the_next_touch_tells_the_new_name(
    home: Home, reader: FakeReader
) -> None:
    template_id = await home.enrolled()
    await home.update(template_id=template_id, name=" Anna Maria ", finger="right_thumb")
    [fingerprint] = await home.fingerprints()
    assert (fingerprint["name"], fingerprint["finger"]) == ("Anna Maria", "right_thumb")
    reader.touch(template_id)
    assert home.state("event", "touch").attributes["name"] == "Anna Maria"


async def test_what_is_left_out_stays_as_it_was(home: Home, reader: FakeReader) -> None:
    person = await async_person(home.hass)
    template_id = await home.enrolled(person=person)
    await home.update(template_id=template_id, enabled=False)
    await home.update(template_id=template_id, name="Anne")
    [fingerprint] = await home.fingerprints()
    known = {key: fingerprint[key] for key in ("name", "finger", "person", "enabled")}
    assert known == {"name": "Anne", "finger": "left_thumb", "person": person, "enabled": False}


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({"name": "  "}, "name_missing"),
        ({"name": "x" * 300}, "name_too_long"),
        ({"name": "unavailable"}, "name_forbidden"),
        ({"name": "a\nb"}, "name_forbidden"),
        ({"person": "person.nobody"}, "no_such_person"),
    ],
    ids=["empty", "of 300 characters", "a word of Home Assistant", "two lines", "nobody"],
)
async def test_what_cannot_be_is_an_error_and_changes_nothing(
    home: Home, data: Any, key: str
) -> None:
    template_id = await home.enrolled()
    before = await home.fingerprints()
    with pytest.raises(ServiceValidationError) as error:
        await home.update(template_id=template_id, enabled=False, **data)
    assert error.value.translation_key == key
    assert await home.fingerprints() == before


async def test_an_unknown_template_id_is_an_error(home: Home) -> None:
    with pytest.raises(ServiceValidationError) as error:
        await home.update(template_id="0123456789abcdef", name="Anna")
    assert error.value.translation_key == "no_such_fingerprint"


async def test_changes_survive_a_restart(home: Home) -> None:
    template_id = await home.enrolled()
    await home.update(template_id=template_id, name="Anne", enabled=False)
    before = await home.fingerprints()
    await home.restart()
    assert await home.fingerprints() == before


# Effects on touches


@pytest.mark.parametrize("age", [0.0, 60.0], ids=["live", "late"])
async def test_a_disabled_fingerprint_is_not_identified_and_tells_no_name(
    home: Home, reader: FakeReader, age: float
) -> None:
    template_id = await home.enrolled()
    await home.update(template_id=template_id, enabled=False)
    reader.touch(template_id, age=age)
    touch = home.state("event", "late_touch" if age else "touch").attributes
    assert (touch["event_type"], touch["reason"]) == ("not_identified", "disabled")
    assert touch["late_name" if age else "name"] is None
    assert home.state("sensor", "last_identified").state == "unknown"
    await home.update(template_id=template_id, enabled=True)
    reader.touch(template_id)
    assert home.state("event", "touch").attributes["event_type"] == "identified"


async def test_a_match_below_the_least_confidence_identifies_nobody(
    home: Home, reader: FakeReader
) -> None:
    template_id = await home.enrolled()
    home.set_options({CONF_MIN_CONFIDENCE: 100})
    reader.touch(template_id, confidence=99)
    touch = home.state("event", "touch").attributes
    assert (touch["event_type"], touch["reason"]) == ("not_identified", "low_confidence")
    assert (touch["name"], touch["confidence"]) == (None, 99)
    reader.touch(template_id, confidence=100)
    assert home.state("event", "touch").attributes["event_type"] == "identified"


async def test_the_user_decides_how_old_a_live_touch_may_be_without_a_reload(
    home: Home, reader: FakeReader, loop_clocks: LoopClocks
) -> None:
    template_id = await home.enrolled()
    # A touch of before the start is never live.
    loop_clocks.forward(60)
    reader.forward(60)
    home.set_options({CONF_LIVE_LIMIT: 2})
    reader.touch(template_id, age=3)
    assert home.state("event", "touch").state == "unknown"
    assert home.state("event", "late_touch").attributes["late_name"] == "Anna"
    home.set_options({CONF_LIVE_LIMIT: 4})
    reader.touch(template_id, age=3)
    assert home.state("event", "touch").attributes["name"] == "Anna"


async def test_each_time_that_a_fingerprint_is_identified_is_counted_once(
    home: Home, reader: FakeReader
) -> None:
    template_id = await home.enrolled()
    touch = reader.touch(template_id)
    reader.touch(template_id, touch=touch)
    await home.settle()
    [fingerprint] = await home.fingerprints()
    first = fingerprint["last_identified_at"]
    assert (fingerprint["count"], first is not None) == (1, True)
    # A late touch counts, but its time is earlier.
    reader.touch(template_id, age=60)
    await home.settle()
    await home.restart()
    [fingerprint] = await home.fingerprints()
    assert (fingerprint["count"], fingerprint["last_identified_at"]) == (2, first)


# Persons


async def test_a_person_that_is_removed_is_unlinked_and_the_fingerprint_stays(
    home: Home, reader: FakeReader, hass_storage: dict[str, Any]
) -> None:
    person = await async_person(home.hass)
    template_id = await home.enrolled(person=person)
    er.async_get(home.hass).async_remove(person)
    await home.settle()
    [fingerprint] = await home.fingerprints()
    assert (fingerprint["name"], fingerprint["person"]) == ("Anna", None)
    stored = hass_storage["biometric_enroll.roster"]["data"]["fingerprints"]
    assert [each["subject"]["person"] for each in stored] == [None]
    reader.touch(template_id)
    assert home.state("event", "touch").attributes["name"] == "Anna"


# Listing them


@pytest.mark.parametrize("step", ["hello", "start", None])
async def test_a_person_that_is_removed_during_an_enrollment_is_unlinked(
    hass: HomeAssistant, home: Home, reader: FakeReader, step: str | None
) -> None:
    """Otherwise a new person with the same id would also get the fingerprint."""
    person = await async_person(hass)
    if step is not None:
        reader.holds = {step}
    asked = len(reader.heard_of("hello"))
    enrolling = hass.async_create_task(home.enroll(person=person))
    await reader.hears(step or "start", asked + 1 if step == "hello" else 1)
    er.async_get(hass).async_remove(person)
    reader.holds.clear()
    for request in reader.held:
        reader.on_request(request)
    await enrolling
    await home.settle()
    reader.capture(3)
    await home.settle()
    [(fingerprint, _)] = hass.data[DATA_REGISTRY].all()
    assert (fingerprint.subject.name, fingerprint.subject.person) == ("Anna", None)


async def test_a_person_that_is_removed_while_a_template_is_named_is_unlinked(
    hass: HomeAssistant, home: Home, reader: FakeReader
) -> None:
    person = await async_person(hass)
    reader.holds = {"adopt"}
    device = home.device_id
    naming = hass.async_create_task(home.update(device_id=device, slot=2, person=person))
    await reader.hears("adopt")
    er.async_get(hass).async_remove(person)
    reader.on_request(reader.held[0])
    await naming
    [(fingerprint, _)] = hass.data[DATA_REGISTRY].all()
    assert (fingerprint.subject.name, fingerprint.subject.person) == ("Anna", None)


async def test_fingerprints_are_grouped_by_person_and_else_by_name(
    home: Home, reader: FakeReader
) -> None:
    person = await async_person(home.hass)
    enrolled: list[dict[str, Any]] = [
        {"name": "Zoe"},
        {"name": "", "person": person},
        {"name": "Mum", "person": person},
        {"name": "Zoe"},
    ]
    for slot, who in enumerate(enrolled):
        await home.enroll(slot=slot, **who)
        reader.capture(3)
        await home.settle()
    response = await home.listed()
    people = response["people"]
    assert [(each["name"], each["person"], len(each["fingerprints"])) for each in people] == [
        ("Anna", person, 2),
        ("Zoe", None, 2),
    ]
    prints = response["fingerprints"]
    assert {each["device_id"] for each in prints} == {home.device_id}


async def test_who_may_not_read_one_of_the_readers_does_not_see_all(
    home: Home, hass_admin_user: User
) -> None:
    await home.enrolled()
    user = hass_admin_user
    user.groups = []
    with pytest.raises(Unauthorized):
        await home.listed(Context(user_id=user.id))


async def test_names_on_a_reader_that_is_no_longer_set_up_are_for_administrators(
    home: Home, hass_admin_user: User, hass_read_only_user: User
) -> None:
    """It is unknown who would be allowed to read its entities."""
    await home.enrolled()
    assert await home.hass.config_entries.async_remove(home.entry.entry_id)
    names = {}
    for user in (hass_admin_user, hass_read_only_user):
        response = await home.listed(Context(user_id=user.id))
        prints = response["fingerprints"]
        names[user.id] = [each["name"] for each in prints]
    assert names == {hass_admin_user.id: ["Anna"], hass_read_only_user.id: []}


# Where it is kept


async def test_a_roster_of_an_older_version_is_read_and_completed(
    home: Home, hass_storage: dict[str, Any]
) -> None:
    await home.enrolled()
    before = await home.fingerprints()
    for name in ("roster", "marks"):
        hass_storage[f"biometric_enroll.{name}"]["minor_version"] = 1
    registry = hass_storage["biometric_enroll.roster"]["data"]
    for fingerprint in registry["fingerprints"]:
        del fingerprint["enabled"], fingerprint["deleting"]
    for enrollment in registry["enrollments"].values():
        del enrollment["named"]
    del registry["removed"]
    for record in hass_storage["biometric_enroll.marks"]["data"].values():
        del record["uses"]
    assert await async_setup(home.hass, {})
    assert await home.fingerprints() == before


async def test_no_error_tells_a_name(home: Home) -> None:
    """Home Assistant logs them."""
    template_id = await home.enrolled()
    with pytest.raises(HomeAssistantError) as error:
        await home.update(template_id=template_id, name="Secret" * 50)
    assert "Secret" not in str(error.value)
    assert "Secret" not in repr(error.value.translation_placeholders)


@pytest.mark.parametrize("nobody", [None, ""])
async def test_a_person_and_a_finger_can_be_given_and_taken_away_in_the_editor_and_in_yaml(
    home: Home, nobody: str | None
) -> None:
    template_id = await home.enrolled()
    person = await async_person(home.hass)
    await home.update(template_id=template_id, person=person)
    [fingerprint] = await home.fingerprints()
    assert fingerprint["person"] == person
    await home.update(template_id=template_id, person=nobody, finger=nobody)
    [fingerprint] = await home.fingerprints()
    assert (fingerprint["person"], fingerprint["finger"]) == (None, None)


async def test_the_list_tells_what_its_sensor_does_not_hold_any_more(
    home: Home, reader: FakeReader
) -> None:
    await home.enrolled()
    await home.settle()
    [fingerprint] = await home.fingerprints()
    assert fingerprint["missing"] is False
    reader.lose(5)
    await home.settle()
    [fingerprint] = await home.fingerprints()
    assert fingerprint["missing"] is True


@pytest.mark.parametrize("may_read_her", [True, False])
async def test_a_person_is_listed_as_they_are_called_and_look_now(
    hass: HomeAssistant, home: Home, hass_read_only_user: MockUser, may_read_her: bool
) -> None:
    template_id = await home.enrolled()
    person = await async_person(hass)
    await home.update(template_id=template_id, person=person)
    look = {"friendly_name": "Anna Maria", "entity_picture": "/local/anna.png"}
    hass.states.async_set(person, "home", look)
    entities = er.async_entries_for_config_entry(er.async_get(hass), home.entry.entry_id)
    readable = {entity.entity_id: True for entity in entities} | {person: may_read_her}
    hass_read_only_user.mock_policy({"entities": {"entity_ids": readable}})
    response = await home.listed(Context(user_id=hass_read_only_user.id))
    people = response["people"]
    shown = ("Anna Maria", "/local/anna.png") if may_read_her else ("Anna", None)
    assert [(group["name"], group["picture"]) for group in people] == [shown]
    # The name in touches, which automations compare, is that of the fingerprint.
    assert [each["name"] for each in people[0]["fingerprints"]] == ["Anna"]
