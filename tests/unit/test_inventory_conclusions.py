"""Conclusions from the list of templates in a sensor: which are unnamed, which are missing."""

import json
from copy import deepcopy
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from homeassistant.core import Context, callback
from homeassistant.helpers import issue_registry as ir
from pytest_homeassistant_custom_component.common import async_fire_mqtt_message

from tests.support.home import async_back_door
from tests.support.reader import READER_ID, list_page
from tests.support.reader_publications import new_id

if TYPE_CHECKING:
    from homeassistant.auth.models import User
    from homeassistant.core import Event, HomeAssistant

    from tests.support.broker import FakeBroker
    from tests.support.home import Home
    from tests.support.reader import FakeReader

ONE, OTHER = "1b7d4e90c2a3f586", "9f2c01ab44d0e1f7"


async def test_a_template_whose_enrollment_an_older_backup_does_not_know_to_have_ended_is_unnamed(
    home: Home, reader: FakeReader, hass_storage: dict[str, Any]
) -> None:
    """The reader's snapshot does not contain it any more, since another one was enrolled since."""
    anna = (await home.enroll())["template_id"]
    backup = deepcopy(hass_storage["biometric_enroll.roster"])
    reader.capture(3)
    await home.settle()
    await home.enroll(name="Ben")
    reader.end("failed", "timeout")
    await home.settle()
    assert await home.unload()
    hass_storage["biometric_enroll.roster"] = backup
    del hass_storage["biometric_enroll.marks"]
    await home.restart_from_disk()
    await home.settle()
    assert await home.named() == {}
    assert await home.unnamed() == {1: None, 2: None, 3: None, 5: anna}


# What never follows


async def test_an_unreachable_reader_is_not_an_empty_one(
    home: Home, reader: FakeReader, anna: str, impatient: None
) -> None:
    lists = len(reader.heard_of("list"))
    reader.deaf.add("hello")
    reader.die()
    await home.until(lambda: not home.available)
    reader.say("templates", {**reader.templates, "count": 0, "revision": OTHER}, retain=True)
    await home.settle()
    assert len(reader.heard_of("list")) == lists
    assert home.missing() is None
    assert await home.named() == {5: "Anna"}
    assert await home.unnamed() == {1: None, 2: None, 3: None}


async def test_a_reader_that_does_not_know_its_sensor_is_not_listed(
    home: Home, reader: FakeReader
) -> None:
    await home.enrolled()
    lists = len(reader.heard_of("list"))
    stored = dict(reader.stored)
    reader.stored = {1: None}
    reader.templates = {**reader.templates, "sensor_changed": True, "revision": OTHER}
    reader.announce()
    await home.look()
    assert len(reader.heard_of("list")) == lists
    assert home.missing() is None
    assert await home.named() == {5: "Anna"}
    # Its own sensor is back.
    reader.stored = stored
    reader.templates = {**reader.templates, "sensor_changed": False, "revision": new_id()}
    reader.announce()
    await home.settle()
    assert len(reader.heard_of("list")) == lists + 1
    assert home.missing() is None


async def test_a_sensor_that_changes_in_the_middle_of_its_list_concludes_nothing(
    home: Home, reader: FakeReader
) -> None:
    await home.enrolled()
    reader.holds.add("list")
    lists = len(reader.heard_of("list"))
    reader.templates = {**reader.templates, "revision": OTHER}
    reader.say("templates", reader.templates)
    await reader.hears("list", lists + 1)
    reader.templates = {**reader.templates, "revision": ONE, "sensor_changed": True}
    reader.say("templates", reader.templates)
    reader.answer(reader.held[0]["request"], list_page(OTHER, []))
    await home.settle()
    assert home.missing() is None
    assert await home.named() == {5: "Anna"}
    # Pages of the former sensor say nothing about this one.
    assert home.unnamed_slots == []


async def test_a_name_that_is_given_while_the_list_is_under_way_is_not_missing(
    home: Home, reader: FakeReader
) -> None:
    await home.enroll()
    reader.capture(2)
    reader.holds.add("list")
    lists = len(reader.heard_of("list"))
    reader.hold(7, ONE)
    await reader.hears("list", lists + 1)
    before = reader._list(0)
    # The list is outdated, and so is its revision.
    reader.holds.clear()
    reader.deaf.add("list")
    reader.capture()
    assert len(reader.stored) == 5
    reader.answer(reader.held[0]["request"], before)
    reader.deaf.clear()
    seen: list[str | None] = []
    stop = home.entry.runtime_data.async_add_listener(lambda: seen.append(home.missing()))
    await home.settle()
    stop()
    assert set(seen) == {None}
    assert await home.named() == {5: "Anna"}
    assert await home.unnamed() == {1: None, 2: None, 3: None, 7: ONE}


async def test_a_template_whose_enrollment_has_not_ended_here_is_not_unnamed(
    home: Home, reader: FakeReader
) -> None:
    """The list may arrive before the snapshot that says that the enrollment is completed."""
    template_id = (await home.enroll())["template_id"]
    reader.hold(5, template_id)
    await home.settle()
    assert home.unnamed_slots == [1, 2, 3]
    assert await home.named() == {}


async def test_what_the_broker_retains_of_old_templates_does_no_harm_after_hello(
    home: Home, reader: FakeReader
) -> None:
    await home.enrolled()
    old = {"v": 1, **reader.templates, "count": 0, "revision": OTHER}
    topic = f"biometric/{READER_ID}/templates"
    async_fire_mqtt_message(home.hass, topic, json.dumps(old), retain=True)
    await home.settle()
    assert home.missing() is None
    assert await home.named() == {5: "Anna"}
    assert home.unnamed_slots == [1, 2, 3]
    lists = len(reader.heard_of("list"))
    await home.look()
    assert home.state("sensor", "stored_fingerprints").state == "4"
    assert len(reader.heard_of("list")) == lists


# What follows


async def test_a_template_in_another_slot_of_its_reader_moves_the_place(
    home: Home, reader: FakeReader, hass_storage: dict[str, Any]
) -> None:
    anna = await home.enrolled()
    reader.stored[8] = reader.stored.pop(5)
    reader.hold(9, None)
    await home.settle()
    assert await home.named() == {8: "Anna"}
    assert await home.unnamed() == {1: None, 2: None, 3: None, 9: None}
    [stored] = hass_storage["biometric_enroll.roster"]["data"]["fingerprints"]
    assert [place["slot"] for place in stored["places"]] == [8]
    reader.touch(anna, slot=8)
    assert home.state("event", "touch").attributes["name"] == "Anna"


async def test_two_templates_that_have_changed_places_keep_their_names(
    home: Home, reader: FakeReader
) -> None:
    anna = await home.enrolled()
    ben = await home.enrolled(name="Ben", slot=6)
    reader.stored[5] = ben
    reader.hold(6, anna)
    await home.settle()
    assert await home.named() == {5: "Ben", 6: "Anna"}
    reader.touch(ben, slot=5)
    assert home.state("event", "touch").attributes["name"] == "Ben"


async def test_a_template_that_is_named_on_another_reader_is_unknown_here(
    hass: HomeAssistant, home: Home, broker: FakeBroker
) -> None:
    """Otherwise whoever can store a template id at one reader could open every door."""
    anna = await home.enrolled()
    back = await async_back_door(hass, broker)
    back.reader.hold(4, anna)
    await home.settle()
    shown = (await home.listed(device_id=back.device_id))["unnamed"]
    assert [(each["slot"], each["template_id"]) for each in shown] == [(4, anna)]
    assert await home.named() == {5: "Anna"}
    back.reader.touch(anna)
    touch = back.state("event", "touch")
    assert touch.attributes["event_type"] == "not_identified"
    assert touch.attributes["reason"] == "unknown_fingerprint"
    assert touch.attributes["name"] is None


async def test_what_was_named_and_lost_between_two_lists_is_missing(
    home: Home, reader: FakeReader
) -> None:
    """The content of the sensor is then as listed before, and so is the revision."""
    await home.enroll()
    reader.capture(2)
    await home.settle()
    before = reader.templates
    # Its messages about changes meanwhile are lost.
    with patch.object(reader, "_templates_changed"):
        reader.capture()
    del reader.stored[5]
    reader.say("templates", before, retain=True)
    await home.settle()
    assert home.missing() == "- Anna (5)"


async def test_a_template_that_comes_back_is_not_missing_any_more(
    home: Home, reader: FakeReader
) -> None:
    anna = await home.enrolled()
    reader.lose(5)
    await home.settle()
    assert home.missing() == "- Anna (5)"
    assert await home.named() == {5: "Anna"}
    reader.hold(5, anna)
    await home.settle()
    assert home.missing() is None
    assert await home.named() == {5: "Anna"}


@pytest.mark.parametrize("forgets", [False, True])
async def test_whoever_hears_of_a_missing_name_is_told_the_same_and_can_forget_it(
    home: Home, reader: FakeReader, forgets: bool
) -> None:
    """They react to the repair issue while the list is still being handled."""
    anna = await home.enrolled()
    told: list[bool] = []

    async def react() -> None:
        told.extend(each["missing"] for each in await home.fingerprints())
        if forgets:
            await home.delete(template_id=anna, force=True)

    @callback
    def hear(event: Event[Any]) -> None:
        if event.data["action"] == "create":
            home.hass.async_create_task(react())

    home.hass.bus.async_listen(ir.EVENT_REPAIRS_ISSUE_REGISTRY_UPDATED, hear)
    reader.lose(5)
    await home.settle()
    assert told == [True]
    assert home.missing() == (None if forgets else "- Anna (5)")
    missing = home.state("sensor", "stored_fingerprints").attributes["missing"]
    assert missing == len(await home.named()) == (0 if forgets else 1)


# A backup


async def test_what_was_enrolled_after_the_backup_is_unnamed_and_can_be_named_again(
    home: Home, reader: FakeReader, hass_storage: dict[str, Any]
) -> None:
    backup = _backup(hass_storage)
    anna = await home.enrolled()
    await _async_restore(home, hass_storage, backup)
    assert await home.named() == {}
    assert (await home.unnamed())[5] == anna
    reader.touch(anna)
    assert home.state("event", "touch").attributes["reason"] == "unknown_fingerprint"
    await home.update(template_id=anna, name="Anna")
    reader.touch(anna)
    assert home.state("event", "touch").attributes["name"] == "Anna"
    assert home.unnamed_slots == [1, 2, 3]


async def test_what_was_deleted_after_the_backup_is_missing(
    home: Home, reader: FakeReader, hass_storage: dict[str, Any]
) -> None:
    await home.enrolled()
    backup = _backup(hass_storage)
    del reader.stored[5]
    reader.templates = {**reader.templates, "count": 3, "revision": new_id()}
    await _async_restore(home, hass_storage, backup)
    assert home.missing() == "- Anna (5)"
    assert await home.named() == {5: "Anna"}


def _backup(hass_storage: dict[str, Any]) -> dict[str, Any]:
    ours = {key: value for key, value in hass_storage.items() if "biometric" in key}
    copied: dict[str, Any] = json.loads(json.dumps(ours))
    return copied


async def _async_restore(home: Home, hass_storage: dict[str, Any], backup: dict[str, Any]) -> None:
    """Replace the files on disk by a backup, while Home Assistant is stopped."""
    assert await home.unload()
    for key in _backup(hass_storage):
        del hass_storage[key]
    hass_storage.update(backup)
    await home.restart_from_disk()


# Who sees it


async def test_unnamed_templates_are_for_administrators_and_automations_only(
    home: Home, hass_admin_user: User, hass_read_only_user: User
) -> None:
    await home.settle()
    wanted = [
        {"device_id": home.device_id, "slot": slot, "template_id": None} for slot in (1, 2, 3)
    ]
    for context in (None, Context(user_id=hass_admin_user.id)):
        assert (await home.listed(context))["unnamed"] == wanted
        limited = await home.listed(context, device_id=home.device_id)
        assert limited["unnamed"] == wanted
    context = Context(user_id=hass_read_only_user.id)
    assert "unnamed" not in await home.listed(context)
    assert "unnamed" not in await home.listed(context, device_id=home.device_id)
