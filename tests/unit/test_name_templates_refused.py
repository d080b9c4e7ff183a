"""Templates that cannot be named: invalid names, or an unknown template."""

from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.exceptions import HomeAssistantError

from custom_components.biometric_enroll.protocol.words import Refusal
from tests.support.home import async_back_door, async_fails

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

    from tests.support.broker import FakeBroker
    from tests.support.home import Home
    from tests.support.reader import FakeReader

ROSTER = "biometric_enroll.roster"

KNOWN = "1b7d4e90c2a3f586"

NOTHING_KNOWN = {
    "capacity": None,
    "count": None,
    "revision": None,
    "sensor_error": "not_responding",
}
"""The templates message of a reader whose sensor has been silent since its start."""


# What else cannot be: test_enroll_action.py; all actions ask the same.
@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({}, "name_missing"),
        ({"name": "a\x00b"}, "name_forbidden"),
        ({"name": "Anna", "person": "person.nobody"}, "no_such_person"),
        ({"person": None}, "name_missing"),
    ],
    ids=["nothing", "a null", "a name and nobody", "no person"],
)
async def test_what_cannot_be_is_an_error_before_the_reader_is_asked(
    home: Home,
    reader: FakeReader,
    slot_2: dict[str, Any],
    hass_storage: dict[str, Any],
    data: dict[str, Any],
    key: str,
) -> None:
    hellos = len(reader.heard_of("hello"))
    assert await async_fails(home.update(**slot_2, **data)) == key
    assert len(reader.heard_of("hello")) == hellos
    assert reader.heard_of("adopt") == []
    assert await home.unnamed() == {1: None, 2: None, 3: None}
    assert ROSTER not in hass_storage


@pytest.mark.parametrize("refusal", Refusal)
async def test_a_refusal_is_an_error_that_says_why_and_nothing_has_changed(
    home: Home,
    reader: FakeReader,
    slot_2: dict[str, Any],
    hass_storage: dict[str, Any],
    refusal: Refusal,
) -> None:
    reader.refuses["adopt"] = refusal
    key = await async_fails(home.update(**slot_2, name="Anna"))
    assert key == f"refused_{refusal}"
    assert await home.named() == {}
    assert ROSTER not in hass_storage


async def test_while_an_enrollment_is_running_nothing_gets_an_id(
    home: Home, reader: FakeReader, slot_2: dict[str, Any]
) -> None:
    await home.enroll(name="Ben")
    assert await async_fails(home.update(**slot_2, name="Anna")) == "refused_busy"
    assert reader.stored[2] is None
    reader.capture(3)
    await home.settle()
    assert await home.named() == {5: "Ben"}


async def test_of_a_reader_without_power_nothing_is_named_that_has_no_id(
    home: Home,
    reader: FakeReader,
    slot_2: dict[str, Any],
    hass_storage: dict[str, Any],
    impatient: None,
) -> None:
    reader.silent = True
    assert await async_fails(home.update(**slot_2, name="Anna")) == "reader_unreachable"
    assert reader.heard_of("adopt") == []
    assert ROSTER not in hass_storage


async def test_an_adoption_without_an_answer_leaves_a_template_that_can_be_named(
    home: Home, reader: FakeReader, slot_2: dict[str, Any], impatient: None
) -> None:
    """It has an id now that Home Assistant has not got; no name was saved."""
    obey = reader.on_request

    def adopt_in_silence(request: dict[str, Any]) -> None:
        reader.speechless = request.get("command") == "adopt"
        obey(request)

    reader.on_request = adopt_in_silence  # type: ignore[method-assign]
    assert await async_fails(home.update(**slot_2, name="Anna")) == "reader_unreachable"
    reader.on_request = obey  # type: ignore[method-assign]
    reader.speechless = False
    reader.announce()
    await home.until(lambda: home.available)
    await home.settle()
    template_id = reader.stored[2]
    assert await home.named() == {}
    assert (await home.unnamed())[2] == template_id
    await home.update(**slot_2, name="Anna")
    assert reader.stored[2] == template_id
    assert await home.named() == {2: "Anna"}


async def test_a_crash_before_the_answer_leaves_a_template_that_can_be_named(
    home: Home, reader: FakeReader, slot_2: dict[str, Any]
) -> None:
    reader.holds.add("adopt")
    naming = home.hass.async_create_task(home.update(**slot_2, name="Anna"))
    await reader.hears("adopt")
    assert await home.unload()
    with pytest.raises(HomeAssistantError):
        await naming
    reader.on_request(reader.held[0])
    await home.restart_from_disk()
    assert await home.named() == {}
    assert (await home.unnamed())[2] == reader.held[0]["template_id"]
    await home.update(**slot_2, name="Anna")
    assert await home.named() == {2: "Anna"}


@pytest.mark.parametrize("by_slot", [True, False], ids=["by slot", "by id"])
async def test_what_is_not_there_any_more_gets_no_name(
    home: Home, reader: FakeReader, hass_storage: dict[str, Any], by_slot: bool
) -> None:
    """The list is outdated: templates that were deleted meanwhile are still on it."""
    reader.hold(7, KNOWN)
    await home.settle()
    which: dict[str, Any] = {"template_id": KNOWN}
    if by_slot:
        which = {"device_id": home.device_id, "slot": 7}
    with reader.unheard():
        reader.lose(7)
    assert (await home.unnamed())[7] == KNOWN
    assert await async_fails(home.update(**which, name="Ben")) == "refused_not_found"
    await home.settle()
    assert 7 not in await home.unnamed()
    assert await home.named() == {}
    assert ROSTER not in hass_storage


async def test_what_may_be_about_to_be_deleted_gets_no_name(home: Home, reader: FakeReader) -> None:
    """The answer to the delete was lost, and the reader may still execute it."""
    reader.hold(7, KNOWN)
    await home.settle()
    reader.changing = True
    which: dict[str, Any] = {"template_id": KNOWN}
    assert await async_fails(home.update(**which, name="Ben")) == "refused_busy"
    assert await home.named() == {}
    reader.changing = False
    await home.update(**which, name="Ben")
    assert await home.named() == {7: "Ben"}


@pytest.mark.parametrize(
    ("templates", "key"),
    [
        ({"sensor_changed": True}, "refused_sensor_changed"),
        (NOTHING_KNOWN, "refused_sensor_error"),
        ({"sensor_error": "not_responding"}, "refused_sensor_error"),
        ({"sensor_error": "missing_command"}, "refused_sensor_error"),
        # With this one the sensor works, so what is under way will end.
        ({"sensor_error": "always_finger"}, "refused_busy"),
    ],
    ids=[
        "another sensor",
        "no list",
        "a delete that waits for the sensor",
        "a sensor that lacks a command",
        "a delete while a sensor sees a finger all the time",
    ],
)
async def test_what_gets_no_name_because_of_the_sensor_says_so(
    home: Home, reader: FakeReader, templates: dict[str, Any], key: str
) -> None:
    reader.hold(7, KNOWN)
    await home.settle()
    reader.changing = "revision" not in templates
    reader.templates = {**reader.templates, **templates}
    assert await async_fails(home.update(template_id=KNOWN, name="Ben")) == key
    assert await home.named() == {}


async def test_of_two_callers_who_name_the_same_at_once_the_second_gets_an_error(
    home: Home, reader: FakeReader
) -> None:
    """Otherwise a fingerprint that the first has disabled would be enabled again."""
    reader.hold(7, KNOWN)
    await home.settle()
    first, second = (
        home.hass.async_create_task(home.update(template_id=KNOWN, name=name, enabled=enabled))
        for name, enabled in (("Anna", False), ("Ben", True))
    )
    await first
    assert await async_fails(second) == "refused_not_found"
    [found] = await home.fingerprints()
    assert (found["name"], found["enabled"]) == ("Anna", False)


async def test_an_id_is_for_what_was_listed_not_for_what_is_in_the_slot_by_now(
    home: Home, reader: FakeReader, slot_2: dict[str, Any]
) -> None:
    with reader.unheard():
        reader.lose(2)
        reader.hold(2, None)
    assert await async_fails(home.update(**slot_2, name="Anna")) == "refused_not_found"
    assert reader.stored[2] is None
    await home.settle()
    # Now it is listed again.
    await home.update(**slot_2, name="Anna")
    assert await home.named() == {2: "Anna"}


async def test_several_are_named_one_after_the_other_before_any_list_is_made_again(
    home: Home, reader: FakeReader, slot_2: dict[str, Any]
) -> None:
    """Each answer has the revision that the next request needs."""
    reader.deaf.add("list")
    lists = len(reader.heard_of("list"))
    for slot, name in ((1, "Anna"), (2, "Ben"), (3, "Clara")):
        await home.update(**{**slot_2, "slot": slot}, name=name)
    assert len(reader.heard_of("list")) == lists
    reader.deaf.clear()
    await home.settle()
    assert await home.named() == {1: "Anna", 2: "Ben", 3: "Clara"}


async def test_what_is_known_on_another_reader_gets_no_name_here(
    hass: HomeAssistant, home: Home, broker: FakeBroker
) -> None:
    """Otherwise whoever controls one reader could rename the fingerprints of another."""
    anna = await home.enrolled()
    back = await async_back_door(hass, broker)
    back.reader.hold(4, anna)
    await home.settle()
    which: dict[str, Any] = {"device_id": back.device_id, "slot": 4}
    assert await async_fails(home.update(**which, name="Eve")) == "known_elsewhere"
    assert back.reader.heard_of("adopt") == []
    assert await home.named() == {5: "Anna"}
    back.reader.touch(anna, slot=4)
    shown = hass.states.get("event.back_door_touch")
    assert shown is not None
    assert shown.attributes["reason"] == "unknown_fingerprint"
    assert await home.unload()


async def test_a_firmware_that_cannot_adopt_is_not_asked(
    new_home: Home, reader: FakeReader
) -> None:
    """It may support lists nevertheless."""
    features = ["list"]
    new_home.offer(features)
    await new_home.set_up()
    which: dict[str, Any] = {"device_id": new_home.device_id, "slot": 2}
    assert await async_fails(new_home.update(**which, name="Anna")) == "unsupported_adopt"
    assert reader.heard_of("adopt") == []
    assert await new_home.named() == {}


async def test_what_is_neither_named_nor_listed_cannot_be_named(
    home: Home, slot_2: dict[str, Any]
) -> None:
    calls: list[dict[str, Any]] = [{**slot_2, "slot": 9}, {"template_id": KNOWN}]
    for data in calls:
        assert await async_fails(home.update(**data, name="Eve")) == "no_such_fingerprint"
