"""What a sensor holds: when it is listed, what is concluded from that, and what never is."""

import json
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from homeassistant.core import Context
from pytest_homeassistant_custom_component.common import async_fire_mqtt_message

from custom_components.biometric_enroll import async_setup
from custom_components.biometric_enroll.const import CONF_FEATURES
from tests.support.home import async_back_door
from tests.support.reader import READER_ID, new_id

if TYPE_CHECKING:
    from homeassistant.auth.models import User
    from homeassistant.core import HomeAssistant

    from tests.support.broker import FakeBroker
    from tests.support.home import Home
    from tests.support.reader import FakeReader

ONE, OTHER = "1b7d4e90c2a3f586", "9f2c01ab44d0e1f7"


async def async_look(home: Home) -> None:
    """Have Home Assistant say hello."""
    await home.entry.runtime_data.async_refresh()
    await home.settle()


def unnamed_slots(home: Home) -> list[int]:
    found: list[int] = home.state("sensor", "stored_fingerprints").attributes["unnamed_slots"]
    return found


def answer_pages(reader: FakeReader, *pages: dict[str, Any]) -> None:
    """Let the reader answer each list with the next of these pages, the last for ever."""
    obey, left = reader.on_request, list(pages)

    def answer(request: dict[str, Any]) -> None:
        if request.get("command") == "list":
            page = left.pop(0) if len(left) > 1 else left[0]
            reader.answer(request["request"], page)
        else:
            obey(request)

    reader.on_request = answer  # type: ignore[method-assign]


def page(revision: str, templates: list[Any], following: int | None = None) -> dict[str, Any]:
    return {"revision": revision, "templates": templates, "next": following}


# When it is listed


async def test_a_sensor_is_listed_once_and_then_only_when_it_has_changed(
    home: Home, reader: FakeReader
) -> None:
    await home.settle()
    assert len(reader.heard_of("list")) == 1
    for _ in range(3):
        reader.announce()
        await async_look(home)
    assert len(reader.heard_of("list")) == 1
    reader.hold(7, ONE)
    await home.settle()
    assert len(reader.heard_of("list")) == 2
    assert unnamed_slots(home) == [1, 2, 3, 7]
    assert await home.unnamed() == {1: None, 2: None, 3: None, 7: ONE}


async def test_after_a_restart_it_is_listed_once(home: Home, reader: FakeReader) -> None:
    await home.enrolled()
    before = len(reader.heard_of("list"))
    await home.restart()
    assert len(reader.heard_of("list")) == before + 1
    assert unnamed_slots(home) == [1, 2, 3]


async def test_a_change_that_only_hello_tells_of_is_seen(home: Home, reader: FakeReader) -> None:
    reader.speechless = True
    reader.hold(7, ONE)
    reader.speechless = False
    await async_look(home)
    assert unnamed_slots(home) == [1, 2, 3, 7]


async def test_a_revision_that_goes_back_to_an_old_one_is_listed_again(
    home: Home, reader: FakeReader
) -> None:
    before = reader.templates
    reader.hold(7, ONE)
    await home.settle()
    del reader.stored[7]
    reader.templates = before
    reader.announce()
    await home.settle()
    assert unnamed_slots(home) == [1, 2, 3]


async def test_a_firmware_that_cannot_list_is_not_asked(new_home: Home, reader: FakeReader) -> None:
    reader.identity = {**reader.identity, "features": ["led"]}
    new_home.hass.config_entries.async_update_entry(
        new_home.entry, data={**new_home.entry.data, CONF_FEATURES: ["led"]}
    )
    await new_home.set_up()
    reader.hold(7, ONE)
    await new_home.settle()
    assert new_home.available
    assert reader.heard_of("list") == []
    assert unnamed_slots(new_home) == []


async def test_a_sensor_that_has_never_answered_is_not_listed_until_it_does(
    new_home: Home, reader: FakeReader
) -> None:
    whole = reader.templates
    reader.templates = {
        **whole,
        "capacity": None,
        "count": None,
        "revision": None,
        "sensor_error": "not_responding",
    }
    await new_home.set_up()
    assert reader.heard_of("list") == []
    reader.templates = whole
    reader.announce()
    await new_home.settle()
    assert unnamed_slots(new_home) == [1, 2, 3]


# Pages


async def test_a_long_list_comes_in_several_pages(home: Home, reader: FakeReader) -> None:
    await home.settle()
    reader.page = 2
    reader.hold(900, ONE)
    await home.settle()
    assert [request["first"] for request in reader.heard_of("list")[1:]] == [0, 3]
    assert unnamed_slots(home) == [1, 2, 3, 900]


async def test_a_page_of_another_revision_begins_the_list_anew(
    home: Home, reader: FakeReader
) -> None:
    """Anna's template moves between two pages: on the first not yet, on the second no more."""
    anna = await home.enrolled()
    reader.page = 3
    obey, firsts = reader.on_request, []

    def move_between_pages(request: dict[str, Any]) -> None:
        if request.get("command") == "list":
            firsts.append(request["first"])
            if request["first"] > 0 and 5 in reader.stored:
                reader.stored[0] = reader.stored.pop(5)
                reader.templates = {**reader.templates, "revision": new_id()}
        obey(request)

    reader.on_request = move_between_pages  # type: ignore[method-assign]
    seen: list[str | None] = []
    stop = home.entry.runtime_data.async_add_listener(lambda: seen.append(home.missing()))
    reader.hold(7, ONE)
    await home.settle()
    stop()
    assert firsts == [0, 5, 0, 3]
    assert set(seen) == {None}
    assert await home.named() == {0: "Anna"}
    assert await home.unnamed() == {1: None, 2: None, 3: None, 7: ONE}
    assert anna not in (await home.unnamed()).values()


async def test_a_list_that_never_holds_still_is_given_up_until_the_next_change(
    home: Home, reader: FakeReader
) -> None:
    await home.enrolled()
    reader.templates = {**reader.templates, "revision": new_id()}
    told = reader.templates["revision"]
    answer_pages(
        reader,
        *(
            each
            for _ in range(3)
            for each in (page(told, [[1, new_id()]], 2), page(new_id(), [[2, new_id()]]))
        ),
        page(told, []),
    )
    before = len(reader.heard_of("list"))
    reader.say("templates", reader.templates, retain=True)
    await home.settle()
    assert len(reader.heard_of("list")) == before + 6
    assert home.missing() is None
    assert await home.named() == {5: "Anna"}
    assert unnamed_slots(home) == [1, 2, 3]


NONSENSE: dict[str, list[dict[str, Any]]] = {
    "an id twice on one page": [page(OTHER, [[1, ONE], [2, ONE]])],
    "an id twice on two pages": [
        page(OTHER, [[1, ONE], [2, None]], 3),
        page(OTHER, [[3, None], [5, ONE]]),
    ],
    "fewer than the reader counts": [page(OTHER, [[1, None], [2, None], [3, None]])],
    "more than the reader counts": [page(OTHER, [[slot, None] for slot in range(1, 6)])],
    "a page from before its first slot": [page(OTHER, [[4, ONE]], 5), page(OTHER, [[3, None]])],
    "a slot twice": [page(OTHER, [[1, ONE], [1, None]])],
    "slots in the wrong order": [page(OTHER, [[2, ONE], [1, None]])],
    "a next page that has been before": [page(OTHER, [[2, ONE]], 2)],
    "an empty page that is not the last": [page(OTHER, [], 7)],
    "no page at all": [{}],
    "more than a page may hold": [page(OTHER, [[slot, None] for slot in range(65)])],
}


@pytest.mark.parametrize("pages", NONSENSE.values(), ids=NONSENSE)
async def test_from_a_list_without_sense_nothing_follows_but_one_line_in_the_log(
    home: Home, reader: FakeReader, caplog: pytest.LogCaptureFixture, pages: list[dict[str, Any]]
) -> None:
    await home.enrolled()
    obey = reader.on_request
    answer_pages(reader, *pages)
    before = len(reader.heard_of("list"))
    caplog.clear()
    reader.say("templates", {**reader.templates, "revision": OTHER})
    reader.templates = {**reader.templates, "revision": OTHER}
    await home.settle()
    await async_look(home)
    warnings = [record for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) == 1
    # Asked again, it would say the same.
    assert len(reader.heard_of("list")) == before + len(pages)
    assert home.available
    assert home.missing() is None
    assert await home.named() == {5: "Anna"}
    assert unnamed_slots(home) == [1, 2, 3]
    reader.on_request = obey  # type: ignore[method-assign]
    reader.hold(7, ONE)
    await home.settle()
    assert unnamed_slots(home) == [1, 2, 3, 7]


async def test_a_reader_that_has_started_anew_is_listed_although_its_last_list_had_no_sense(
    home: Home, reader: FakeReader
) -> None:
    """Its firmware may be another one; what the sensor holds is the same."""
    obey = reader.on_request
    answer_pages(reader, page(OTHER, [[1, ONE], [1, None]]))
    reader.hold(7, ONE)
    await home.settle()
    assert unnamed_slots(home) == [1, 2, 3]
    reader.on_request = obey  # type: ignore[method-assign]
    reader.forget()
    await async_look(home)
    assert unnamed_slots(home) == [1, 2, 3, 7]


async def test_a_reader_that_falls_silent_in_the_middle_of_its_list_is_listed_when_it_is_back(
    home: Home, reader: FakeReader, anna: str, impatient: None
) -> None:
    reader.page = 3
    obey = reader.on_request

    def lose_power(request: dict[str, Any]) -> None:
        if request.get("command") == "list" and request["first"] > 0:
            reader.silent = True
        else:
            obey(request)

    reader.on_request = lose_power  # type: ignore[method-assign]
    reader.hold(7, ONE)
    await home.until(lambda: not home.available)
    await home.settle()
    assert home.missing() is None
    assert await home.named() == {5: "Anna"}
    assert await home.unnamed() == {1: None, 2: None, 3: None}
    reader.on_request = obey  # type: ignore[method-assign]
    reader.announce()
    await home.until(lambda: home.available and unnamed_slots(home) == [1, 2, 3, 7])


async def test_a_refused_list_changes_nothing_and_raises_nothing(
    home: Home, reader: FakeReader
) -> None:
    await home.enrolled()
    reader.refuses["list"] = "sensor_error"
    reader.lose(5)
    await home.settle()
    assert home.missing() is None
    assert await home.named() == {5: "Anna"}
    reader.refuses.clear()
    await async_look(home)
    assert home.missing() == "- Anna (5)"
    assert home.state("sensor", "stored_fingerprints").attributes["missing"] == 1


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
    await async_look(home)
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
    reader.answer(reader.held[0]["request"], page(OTHER, []))
    await home.settle()
    assert home.missing() is None
    assert await home.named() == {5: "Anna"}
    # What the former sensor holds says nothing of this one.
    assert unnamed_slots(home) == []


async def test_a_name_that_is_given_while_the_list_is_under_way_is_not_missing(
    home: Home, reader: FakeReader
) -> None:
    await home.enroll()
    reader.capture()
    reader.capture()
    reader.holds.add("list")
    lists = len(reader.heard_of("list"))
    reader.hold(7, ONE)
    await reader.hears("list", lists + 1)
    before = reader._list(0)
    # The list is that of a moment ago, and its revision no longer true.
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
    """The list may be here before the snapshot that says that it is completed."""
    template_id = (await home.enroll())["template_id"]
    reader.hold(5, template_id)
    await home.settle()
    assert unnamed_slots(home) == [1, 2, 3]
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
    assert unnamed_slots(home) == [1, 2, 3]
    lists = len(reader.heard_of("list"))
    await async_look(home)
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
    ben = (await home.enroll(name="Ben", slot=6))["template_id"]
    for _ in range(3):
        reader.capture()
    reader.stored[5] = ben
    reader.hold(6, anna)
    await home.settle()
    assert await home.named() == {5: "Ben", 6: "Anna"}
    reader.touch(ben, slot=5)
    assert home.state("event", "touch").attributes["name"] == "Ben"


async def test_a_template_that_is_known_on_another_reader_is_nobody_here(
    hass: HomeAssistant, home: Home, broker: FakeBroker
) -> None:
    """Whoever can put a template id into a slot would else open every door."""
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
    """The sensor is then as it was listed last, and so is the revision."""
    await home.enroll()
    reader.capture()
    reader.capture()
    await home.settle()
    before = reader.templates
    # What it holds meanwhile, nobody hears.
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
    assert unnamed_slots(home) == [1, 2, 3]


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
    """Put a backup in place of what is on the disk, while Home Assistant is down."""
    assert await home.unload()
    for key in _backup(hass_storage):
        del hass_storage[key]
    hass_storage.update(backup)
    assert await async_setup(home.hass, {})
    await home.set_up()


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
