"""Naming templates that have no name."""

from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.helpers import entity_registry as er

from tests.support.home import async_person

if TYPE_CHECKING:
    from tests.support.home import Home
    from tests.support.reader import FakeReader

ROSTER = "biometric_enroll.roster"

KNOWN = "1b7d4e90c2a3f586"
"""An id that the reader has and Home Assistant does not know."""

# Done


async def test_a_template_without_an_id_gets_one_from_home_assistant_and_a_name(
    home: Home, reader: FakeReader, slot_2: dict[str, Any], hass_storage: dict[str, Any]
) -> None:
    await home.update(**slot_2, name=" Anna ", finger="left_thumb")
    [request] = reader.heard_of("adopt")
    template_id = request["template_id"]
    assert reader.stored == {1: None, 2: template_id, 3: None}
    await home.settle()
    [found] = await home.fingerprints()
    assert (found["name"], found["finger"], found["enabled"]) == ("Anna", "left_thumb", True)
    assert (found["slot"], found["template_id"], found["count"]) == (2, template_id, 0)
    assert await home.unnamed() == {1: None, 3: None}
    assert home.unnamed_slots == [1, 3]
    assert home.missing() is None
    [stored] = hass_storage[ROSTER]["data"]["fingerprints"]
    assert stored["places"][0]["template_id"] == template_id


async def test_from_then_on_its_touches_identify_and_are_counted(
    home: Home, reader: FakeReader, slot_2: dict[str, Any]
) -> None:
    reader.touch(slot=2, result="identified", confidence=143)
    touch = home.state("event", "touch").attributes
    assert (touch["event_type"], touch["reason"]) == ("not_identified", "unknown_fingerprint")
    await home.update(**slot_2, name="Anna")
    template_id = reader.stored[2]
    reader.touch(template_id, slot=2)
    touch = home.state("event", "touch").attributes
    assert (touch["event_type"], touch["name"]) == ("identified", "Anna")
    await home.settle()
    await home.restart()
    [found] = await home.fingerprints()
    assert (found["name"], found["count"]) == ("Anna", 1)


@pytest.mark.parametrize("by_slot", [True, False], ids=["by slot", "by id"])
async def test_a_template_with_an_id_gets_its_name_without_the_reader(
    home: Home, reader: FakeReader, by_slot: bool
) -> None:
    reader.hold(7, KNOWN)
    await home.settle()
    which: dict[str, Any] = {"template_id": KNOWN}
    if by_slot:
        which = {"device_id": home.device_id, "slot": 7}
    await home.update(**which, name="Ben")
    assert reader.heard_of("adopt") == []
    assert await home.named() == {7: "Ben"}
    assert 7 not in await home.unnamed()
    reader.touch(KNOWN, slot=7)
    assert home.state("event", "touch").attributes["name"] == "Ben"


async def test_it_can_be_named_and_disabled_in_one(
    home: Home, reader: FakeReader, slot_2: dict[str, Any]
) -> None:
    await home.update(**slot_2, name="Anna", enabled=False)
    reader.touch(reader.stored[2], slot=2)
    assert home.state("event", "touch").attributes["reason"] == "disabled"


async def test_without_a_name_it_has_that_of_the_person(home: Home, slot_2: dict[str, Any]) -> None:
    person = await async_person(home.hass)
    await home.update(**slot_2, person=person)
    [found] = await home.fingerprints()
    assert (found["name"], found["person"]) == ("Anna", person)


async def test_an_empty_name_is_that_of_the_person_who_was_given_before(
    home: Home, slot_2: dict[str, Any]
) -> None:
    person = await async_person(home.hass)
    await home.update(**slot_2, name="Mum", person=person)
    await home.update(**slot_2, name="")
    [found] = await home.fingerprints()
    assert (found["name"], found["person"]) == ("Anna", person)


async def test_a_person_who_is_renamed_keeps_the_fingerprint(
    home: Home, slot_2: dict[str, Any]
) -> None:
    person = await async_person(home.hass)
    await home.update(**slot_2, person=person)
    er.async_get(home.hass).async_update_entity(person, new_entity_id="person.anna_maria")
    [found] = await home.fingerprints()
    assert (found["name"], found["person"]) == ("Anna", "person.anna_maria")
