"""Naming what the sensor holds and nobody knows."""

from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.core import Context
from homeassistant.exceptions import HomeAssistantError, Unauthorized
from homeassistant.helpers import entity_registry as er

from custom_components.biometric_enroll import async_setup
from custom_components.biometric_enroll.const import CONF_FEATURES
from custom_components.biometric_enroll.protocol.words import Refusal
from tests.support.home import (
    async_enroll,
    async_enrolled,
    async_fingerprints,
    async_restart,
    async_set_up,
    async_until,
    available,
    device_id,
    state,
)
from tests.unit.roster_actions import (
    BACK_DOOR,
    async_back_door,
    async_fails,
    async_named,
    async_person,
    async_unnamed,
    async_update,
    missing,
)

if TYPE_CHECKING:
    from homeassistant.auth.models import User
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from tests.support.broker import FakeBroker
    from tests.support.reader import FakeReader

ROSTER = "biometric_enroll.roster"
KNOWN = "1b7d4e90c2a3f586"
"""An id that the reader has and Home Assistant does not know."""

NOTHING_KNOWN = {
    "capacity": None,
    "count": None,
    "revision": None,
    "sensor_error": "not_responding",
}
"""What a reader tells of a sensor that was silent since it started."""


@pytest.fixture
async def slot_2(hass: HomeAssistant, loaded: MockConfigEntry) -> dict[str, Any]:
    """Return how a template without an id is named."""
    await hass.async_block_till_done()
    return {"device_id": device_id(hass, loaded), "slot": 2}


# Done


async def test_a_template_without_an_id_gets_one_from_home_assistant_and_a_name(
    hass: HomeAssistant,
    reader: FakeReader,
    loaded: MockConfigEntry,
    slot_2: dict[str, Any],
    hass_storage: dict[str, Any],
) -> None:
    await async_update(hass, **slot_2, name=" Anna ", finger="left_thumb")
    [request] = reader.heard_of("adopt")
    template_id = request["template_id"]
    assert reader.stored == {1: None, 2: template_id, 3: None}
    await hass.async_block_till_done()
    [found] = await async_fingerprints(hass, loaded)
    assert (found["name"], found["finger"], found["enabled"]) == ("Anna", "left_thumb", True)
    assert (found["slot"], found["template_id"], found["count"]) == (2, template_id, 0)
    assert await async_unnamed(hass) == {1: None, 3: None}
    assert state(hass, "sensor", "stored_fingerprints").attributes["unnamed_slots"] == [1, 3]
    assert missing(hass) is None
    [stored] = hass_storage[ROSTER]["data"]["fingerprints"]
    assert stored["places"][0]["template_id"] == template_id


async def test_from_then_on_its_touches_identify_and_are_counted(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, slot_2: dict[str, Any]
) -> None:
    reader.touch(slot=2, result="identified", confidence=143)
    touch = state(hass, "event", "touch").attributes
    assert (touch["event_type"], touch["reason"]) == ("not_identified", "unknown_fingerprint")
    await async_update(hass, **slot_2, name="Anna")
    template_id = reader.stored[2]
    reader.touch(template_id, slot=2)
    touch = state(hass, "event", "touch").attributes
    assert (touch["event_type"], touch["name"]) == ("identified", "Anna")
    await hass.async_block_till_done()
    await async_restart(hass, loaded, reader)
    [found] = await async_fingerprints(hass, loaded)
    assert (found["name"], found["count"]) == ("Anna", 1)


@pytest.mark.parametrize("by_slot", [True, False], ids=["by slot", "by id"])
async def test_a_template_with_an_id_gets_its_name_without_the_reader(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, by_slot: bool
) -> None:
    reader.hold(7, KNOWN)
    await hass.async_block_till_done()
    which: dict[str, Any] = {"template_id": KNOWN}
    if by_slot:
        which = {"device_id": device_id(hass, loaded), "slot": 7}
    await async_update(hass, **which, name="Ben")
    assert reader.heard_of("adopt") == []
    assert await async_named(hass) == {7: "Ben"}
    assert 7 not in await async_unnamed(hass)
    reader.touch(KNOWN, slot=7)
    assert state(hass, "event", "touch").attributes["name"] == "Ben"


async def test_it_can_be_named_and_disabled_in_one(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, slot_2: dict[str, Any]
) -> None:
    await async_update(hass, **slot_2, name="Anna", enabled=False)
    reader.touch(reader.stored[2], slot=2)
    assert state(hass, "event", "touch").attributes["reason"] == "disabled"


async def test_without_a_name_it_has_that_of_the_person(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, slot_2: dict[str, Any]
) -> None:
    person = await async_person(hass)
    await async_update(hass, **slot_2, person=person)
    [found] = await async_fingerprints(hass, loaded)
    assert (found["name"], found["person"]) == ("Anna", person)


async def test_an_empty_name_is_that_of_the_person_who_was_given_before(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, slot_2: dict[str, Any]
) -> None:
    person = await async_person(hass)
    await async_update(hass, **slot_2, name="Mum", person=person)
    await async_update(hass, **slot_2, name="")
    [found] = await async_fingerprints(hass, loaded)
    assert (found["name"], found["person"]) == ("Anna", person)


async def test_a_person_who_is_renamed_keeps_the_fingerprint(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, slot_2: dict[str, Any]
) -> None:
    person = await async_person(hass)
    await async_update(hass, **slot_2, person=person)
    er.async_get(hass).async_update_entity(person, new_entity_id="person.anna_maria")
    [found] = await async_fingerprints(hass, loaded)
    assert (found["name"], found["person"]) == ("Anna", "person.anna_maria")


# Refused


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({}, "name_missing"),
        ({"name": "  "}, "name_missing"),
        ({"name": "x" * 300}, "name_too_long"),
        ({"name": "unavailable"}, "name_forbidden"),
        ({"name": "Unknown"}, "name_forbidden"),
        ({"name": "a\x00b"}, "name_forbidden"),
        ({"name": "a\nb"}, "name_forbidden"),
        ({"name": "a\u202eb"}, "name_forbidden"),
        ({"person": "person.nobody"}, "no_such_person"),
        ({"name": "Anna", "person": "person.nobody"}, "no_such_person"),
        ({"person": None}, "name_missing"),
    ],
    ids=[
        "nothing",
        "empty",
        "of 300 characters",
        "a word of Home Assistant",
        "another one",
        "a null",
        "two lines",
        "invisible",
        "nobody",
        "a name and nobody",
        "no person",
    ],
)
async def test_what_cannot_be_is_an_error_before_the_reader_is_asked(
    hass: HomeAssistant,
    reader: FakeReader,
    loaded: MockConfigEntry,
    slot_2: dict[str, Any],
    hass_storage: dict[str, Any],
    data: dict[str, Any],
    key: str,
) -> None:
    hellos = len(reader.heard_of("hello"))
    assert await async_fails(async_update(hass, **slot_2, **data)) == key
    assert len(reader.heard_of("hello")) == hellos
    assert reader.heard_of("adopt") == []
    assert await async_unnamed(hass) == {1: None, 2: None, 3: None}
    assert ROSTER not in hass_storage


@pytest.mark.parametrize("refusal", Refusal)
async def test_a_refusal_is_an_error_that_says_why_and_nothing_has_changed(
    hass: HomeAssistant,
    reader: FakeReader,
    loaded: MockConfigEntry,
    slot_2: dict[str, Any],
    hass_storage: dict[str, Any],
    refusal: Refusal,
) -> None:
    reader.refuses["adopt"] = refusal
    key = await async_fails(async_update(hass, **slot_2, name="Anna"))
    assert key == f"refused_{refusal}"
    assert await async_named(hass) == {}
    assert ROSTER not in hass_storage


async def test_while_an_enrollment_is_running_nothing_gets_an_id(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, slot_2: dict[str, Any]
) -> None:
    await async_enroll(hass, loaded, name="Ben")
    assert await async_fails(async_update(hass, **slot_2, name="Anna")) == "refused_busy"
    assert reader.stored[2] is None
    for _ in range(3):
        reader.capture()
    await hass.async_block_till_done()
    assert await async_named(hass) == {5: "Ben"}


async def test_of_a_reader_without_power_nothing_is_named_that_has_no_id(
    hass: HomeAssistant,
    reader: FakeReader,
    loaded: MockConfigEntry,
    slot_2: dict[str, Any],
    hass_storage: dict[str, Any],
    impatient: None,
) -> None:
    reader.silent = True
    assert await async_fails(async_update(hass, **slot_2, name="Anna")) == "reader_unreachable"
    assert reader.heard_of("adopt") == []
    assert ROSTER not in hass_storage


async def test_an_adoption_without_an_answer_leaves_a_template_that_can_be_named(
    hass: HomeAssistant,
    reader: FakeReader,
    loaded: MockConfigEntry,
    slot_2: dict[str, Any],
    impatient: None,
) -> None:
    """It has an id now, of which Home Assistant knows nothing; no name was given to anything."""
    obey = reader.on_request

    def adopt_in_silence(request: dict[str, Any]) -> None:
        reader.speechless = request.get("command") == "adopt"
        obey(request)

    reader.on_request = adopt_in_silence  # type: ignore[method-assign]
    assert await async_fails(async_update(hass, **slot_2, name="Anna")) == "reader_unreachable"
    reader.on_request = obey  # type: ignore[method-assign]
    reader.speechless = False
    reader.announce()
    await async_until(hass, lambda: available(hass))
    await hass.async_block_till_done()
    template_id = reader.stored[2]
    assert await async_named(hass) == {}
    assert (await async_unnamed(hass))[2] == template_id
    await async_update(hass, **slot_2, name="Anna")
    assert reader.stored[2] == template_id
    assert await async_named(hass) == {2: "Anna"}


async def test_a_crash_before_the_answer_leaves_a_template_that_can_be_named(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, slot_2: dict[str, Any]
) -> None:
    reader.holds.add("adopt")
    naming = hass.async_create_task(async_update(hass, **slot_2, name="Anna"))
    await reader.hears("adopt")
    assert await hass.config_entries.async_unload(loaded.entry_id)
    with pytest.raises(HomeAssistantError):
        await naming
    reader.on_request(reader.held[0])
    assert await async_setup(hass, {})
    await async_set_up(hass, reader, loaded)
    assert await async_named(hass) == {}
    assert (await async_unnamed(hass))[2] == reader.held[0]["template_id"]
    await async_update(hass, **slot_2, name="Anna")
    assert await async_named(hass) == {2: "Anna"}


@pytest.mark.parametrize("by_slot", [True, False], ids=["by slot", "by id"])
async def test_what_is_not_there_any_more_gets_no_name(
    hass: HomeAssistant,
    reader: FakeReader,
    loaded: MockConfigEntry,
    hass_storage: dict[str, Any],
    by_slot: bool,
) -> None:
    """The list is as old as its last answer: what was deleted meanwhile is still on it."""
    reader.hold(7, KNOWN)
    await hass.async_block_till_done()
    which: dict[str, Any] = {"template_id": KNOWN}
    if by_slot:
        which = {"device_id": device_id(hass, loaded), "slot": 7}
    with reader.unheard():
        reader.lose(7)
    assert (await async_unnamed(hass))[7] == KNOWN
    assert await async_fails(async_update(hass, **which, name="Ben")) == "refused_not_found"
    await hass.async_block_till_done()
    assert 7 not in await async_unnamed(hass)
    assert await async_named(hass) == {}
    assert ROSTER not in hass_storage


async def test_what_may_be_about_to_be_deleted_gets_no_name(
    hass: HomeAssistant,
    reader: FakeReader,
    loaded: MockConfigEntry,
) -> None:
    """The answer to the delete was lost, and the reader is still at it."""
    reader.hold(7, KNOWN)
    await hass.async_block_till_done()
    reader.changing = True
    which: dict[str, Any] = {"template_id": KNOWN}
    assert await async_fails(async_update(hass, **which, name="Ben")) == "refused_busy"
    assert await async_named(hass) == {}
    reader.changing = False
    await async_update(hass, **which, name="Ben")
    assert await async_named(hass) == {7: "Ben"}


@pytest.mark.parametrize(
    ("templates", "key"),
    [
        ({"sensor_changed": True}, "refused_sensor_changed"),
        (NOTHING_KNOWN, "refused_sensor_error"),
        ({"sensor_error": "not_responding"}, "refused_sensor_error"),
    ],
    ids=["another sensor", "no list", "a delete that waits for the sensor"],
)
async def test_what_gets_no_name_because_of_the_sensor_says_so(
    hass: HomeAssistant,
    reader: FakeReader,
    loaded: MockConfigEntry,
    templates: dict[str, Any],
    key: str,
) -> None:
    reader.hold(7, KNOWN)
    await hass.async_block_till_done()
    reader.changing = "revision" not in templates
    reader.templates = {**reader.templates, **templates}
    assert await async_fails(async_update(hass, template_id=KNOWN, name="Ben")) == key
    assert await async_named(hass) == {}


async def test_of_two_who_name_the_same_at_once_the_second_is_told(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    """Else a fingerprint that the first has disabled would count again."""
    reader.hold(7, KNOWN)
    await hass.async_block_till_done()
    first, second = (
        hass.async_create_task(async_update(hass, template_id=KNOWN, name=name, enabled=enabled))
        for name, enabled in (("Anna", False), ("Ben", True))
    )
    await first
    assert await async_fails(second) == "refused_not_found"
    [found] = await async_fingerprints(hass, loaded)
    assert (found["name"], found["enabled"]) == ("Anna", False)


async def test_an_id_is_for_what_was_listed_not_for_what_is_in_the_slot_by_now(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, slot_2: dict[str, Any]
) -> None:
    with reader.unheard():
        reader.lose(2)
        reader.hold(2, None)
    assert await async_fails(async_update(hass, **slot_2, name="Anna")) == "refused_not_found"
    assert reader.stored[2] is None
    await hass.async_block_till_done()
    # By now it was listed again.
    await async_update(hass, **slot_2, name="Anna")
    assert await async_named(hass) == {2: "Anna"}


async def test_several_are_named_one_after_the_other_before_any_list_is_made_again(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, slot_2: dict[str, Any]
) -> None:
    """Each answer tells the revision that the next one is named by."""
    reader.deaf.add("list")
    lists = len(reader.heard_of("list"))
    for slot, name in ((1, "Anna"), (2, "Ben"), (3, "Clara")):
        await async_update(hass, **{**slot_2, "slot": slot}, name=name)
    assert len(reader.heard_of("list")) == lists
    reader.deaf.clear()
    await hass.async_block_till_done()
    assert await async_named(hass) == {1: "Anna", 2: "Ben", 3: "Clara"}


async def test_only_an_admin_may_name_what_is_unnamed(
    hass: HomeAssistant,
    reader: FakeReader,
    loaded: MockConfigEntry,
    slot_2: dict[str, Any],
    hass_read_only_user: User,
) -> None:
    with pytest.raises(Unauthorized):
        await async_update(hass, Context(user_id=hass_read_only_user.id), **slot_2, name="Eve")
    assert reader.heard_of("adopt") == []
    assert await async_named(hass) == {}


async def test_what_is_known_on_another_reader_gets_no_name_here(
    hass: HomeAssistant, broker: FakeBroker, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    """Else whoever fills the slots of one reader could rename the fingers of another."""
    anna = await async_enrolled(hass, loaded, reader)
    back, entry = await async_back_door(hass, broker)
    back.hold(4, anna)
    await hass.async_block_till_done()
    which: dict[str, Any] = {"device_id": device_id(hass, entry, BACK_DOOR), "slot": 4}
    assert await async_fails(async_update(hass, **which, name="Eve")) == "known_elsewhere"
    assert back.heard_of("adopt") == []
    assert await async_named(hass) == {5: "Anna"}
    back.touch(anna, slot=4)
    shown = hass.states.get("event.back_door_touch")
    assert shown is not None
    assert shown.attributes["reason"] == "unknown_fingerprint"
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_firmware_that_cannot_adopt_is_not_asked(
    hass: HomeAssistant, reader: FakeReader, entry: MockConfigEntry
) -> None:
    """It may list all the same."""
    features = ["list"]
    reader.identity = {**reader.identity, "features": features}
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_FEATURES: features})
    await async_set_up(hass, reader, entry)
    which: dict[str, Any] = {"device_id": device_id(hass, entry), "slot": 2}
    assert await async_fails(async_update(hass, **which, name="Anna")) == "firmware_too_old"
    assert reader.heard_of("adopt") == []
    assert await async_named(hass) == {}


async def test_what_is_neither_named_nor_listed_cannot_be_named(
    hass: HomeAssistant, loaded: MockConfigEntry, slot_2: dict[str, Any]
) -> None:
    calls: list[dict[str, Any]] = [{**slot_2, "slot": 9}, {"template_id": KNOWN}]
    for data in calls:
        assert await async_fails(async_update(hass, **data, name="Eve")) == "no_such_fingerprint"
