"""Deleting a fingerprint: its name is removed when the sensor has deleted it, not earlier."""

from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from custom_components.biometric_enroll.const import DOMAIN
from custom_components.biometric_enroll.protocol.words import Refusal
from tests.support.home import async_back_door, async_fails, stored_names, stored_uses
from tests.support.reader_publications import new_id

if TYPE_CHECKING:
    from tests.support.broker import FakeBroker
    from tests.support.home import Home
    from tests.support.reader import FakeReader

MISTAKES = {Refusal.BUSY, Refusal.SLOT_OCCUPIED, Refusal.BAD_REQUEST, Refusal.NOT_RUNNING}


# Done


async def test_a_fingerprint_is_deleted_from_its_sensor_and_then_its_name_is_forgotten(
    home: Home, reader: FakeReader, hass_storage: dict[str, Any]
) -> None:
    anna = await home.enrolled()
    reader.touch(anna)
    await home.settle()
    await home.delete(template_id=anna)
    [request] = reader.heard_of("delete")
    assert (request["slot"], request["template_id"]) == (5, anna)
    assert 5 not in reader.stored
    assert stored_names(hass_storage) == []
    await home.settle()
    assert stored_uses(hass_storage) == []
    assert await home.named() == {}
    assert home.missing() is None
    assert home.state("sensor", "stored_fingerprints").state == "3"


async def test_a_fingerprint_can_be_named_by_reader_and_slot(
    home: Home, reader: FakeReader
) -> None:
    anna = await home.enrolled()
    await home.delete(device_id=home.device_id, slot=5)
    assert reader.heard_of("delete")[0]["template_id"] == anna
    assert await home.named() == {}


async def test_until_the_reader_answers_the_name_stays(
    home: Home, reader: FakeReader, hass_storage: dict[str, Any]
) -> None:
    anna = await home.enrolled()
    reader.holds.add("delete")
    deleting = home.hass.async_create_task(home.delete(template_id=anna))
    await reader.hears("delete")
    assert await home.named() == {5: "Anna"}
    assert not deleting.done()
    reader.on_request(reader.held[0])
    await deleting
    assert stored_names(hass_storage) == []


async def test_a_touch_after_the_deletion_is_of_an_unknown_fingerprint(
    home: Home, reader: FakeReader
) -> None:
    """The touch may have been sent before the deletion."""
    anna = await home.enrolled()
    await home.delete(template_id=anna)
    reader.touch(anna)
    touch = home.state("event", "touch").attributes
    assert (touch["event_type"], touch["reason"]) == ("not_identified", "unknown_fingerprint")
    assert (touch["name"], touch["person"]) == (None, None)
    assert home.state("sensor", "last_identified").state == "unknown"


async def test_what_is_not_there_any_more_counts_as_deleted(
    home: Home, reader: FakeReader, hass_storage: dict[str, Any]
) -> None:
    anna = await home.enrolled()
    reader.lose(5)
    await home.settle()
    assert home.missing() == "- Anna (5)"
    await home.delete(template_id=anna)
    assert len(reader.heard_of("delete")) == 1
    assert stored_names(hass_storage) == []
    assert home.missing() is None


async def test_in_a_slot_where_one_is_missing_and_one_is_there_the_latter_is_meant(
    home: Home, reader: FakeReader
) -> None:
    await home.enrolled()
    reader.lose(5)
    ben = await home.enrolled(name="Ben")
    assert home.missing() == "- Anna (5)"
    await home.delete(device_id=home.device_id, slot=5)
    assert reader.heard_of("delete")[0]["template_id"] == ben
    await home.settle()
    assert await home.named() == {5: "Anna"}


@pytest.mark.parametrize("template_id", [None, "1b7d4e90c2a3f586"])
async def test_an_unnamed_template_is_deleted_by_reader_and_slot(
    home: Home, reader: FakeReader, template_id: str | None
) -> None:
    reader.hold(7, template_id)
    await home.settle()
    await home.delete(device_id=home.device_id, slot=7)
    assert reader.heard_of("delete")[0]["template_id"] == template_id
    await home.settle()
    assert await home.unnamed() == {1: None, 2: None, 3: None}


async def test_an_unnamed_template_that_is_known_elsewhere_is_deleted_only_here(
    home: Home, broker: FakeBroker, reader: FakeReader
) -> None:
    anna = await home.enrolled()
    back = await async_back_door(home.hass, broker)
    back.reader.hold(4, anna)
    await home.settle()
    await home.delete(device_id=back.device_id, slot=4)
    assert back.reader.stored == {}
    assert reader.heard_of("delete") == []
    assert await home.named() == {5: "Anna"}
    reader.touch(anna)
    assert home.state("event", "touch").attributes["name"] == "Anna"
    assert await home.unload()


async def test_a_deleted_fingerprint_does_not_come_back_with_a_restart(
    home: Home, reader: FakeReader, hass_storage: dict[str, Any]
) -> None:
    """The reader's snapshot still says that its last enrollment was completed."""
    anna = await home.enrolled()
    await home.delete(template_id=anna)
    for _ in range(2):
        await home.restart()
        assert await home.named() == {}
        assert home.missing() is None
    reader.announce()
    await home.settle()
    assert stored_names(hass_storage) == []


# Refused


@pytest.mark.parametrize("refusal", [each for each in Refusal if each is not Refusal.NOT_FOUND])
async def test_a_refusal_is_an_error_that_says_why_and_the_name_stays(
    home: Home, reader: FakeReader, hass_storage: dict[str, Any], refusal: Refusal
) -> None:
    anna = await home.enrolled()
    reader.refuses["delete"] = refusal
    with pytest.raises(HomeAssistantError) as error:
        await home.delete(template_id=anna)
    assert error.value.translation_domain == DOMAIN
    assert error.value.translation_key == f"refused_{refusal}"
    assert error.value.translation_placeholders == {"reader": "Front door"}
    assert isinstance(error.value, ServiceValidationError) is (refusal in MISTAKES)
    assert await home.named() == {5: "Anna"}
    reader.touch(anna)
    assert home.state("event", "touch").attributes["name"] == "Anna"


async def test_while_an_enrollment_is_running_nothing_is_deleted(
    home: Home, reader: FakeReader, hass_storage: dict[str, Any]
) -> None:
    anna = await home.enrolled()
    await home.enroll(name="Ben", slot=6)
    reader.capture()
    await home.settle()
    before = hass_storage["biometric_enroll.roster"]["data"]
    assert await async_fails(home.delete(template_id=anna)) == "refused_busy"
    assert hass_storage["biometric_enroll.roster"]["data"] == before
    assert reader.stored[5] == anna
    reader.capture(2)
    await home.settle()
    assert await home.named() == {5: "Anna", 6: "Ben"}
    # A refused deletion is not pending: if the template disappears now, the user has to know.
    reader.lose(5)
    await home.settle()
    assert home.missing() == "- Anna (5)"


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"slot": 5},
        {"device_id": "…"},
        {"template_id": "…", "slot": 5},
        {"template_id": "…", "device_id": "…"},
        {"template_id": "…", "device_id": "…", "slot": 5},
    ],
    ids=["nothing", "slot", "reader", "id and slot", "id and reader", "all"],
)
async def test_which_fingerprint_is_meant_must_be_clear(
    home: Home, reader: FakeReader, data: dict[str, Any]
) -> None:
    anna = await home.enrolled()
    real = {"device_id": home.device_id, "template_id": anna}
    said = {key: real.get(key, value) for key, value in data.items()}
    assert await async_fails(home.delete(**said)) == "which_fingerprint"
    assert await async_fails(home.update(**said, name="Ben")) == "which_fingerprint"
    assert await home.named() == {5: "Anna"}
    assert reader.heard_of("delete") == []


async def test_what_nobody_has_listed_is_not_deleted(home: Home, reader: FakeReader) -> None:
    calls: list[dict[str, Any]] = [
        {"template_id": new_id()},
        {"device_id": home.device_id, "slot": 9},
    ]
    for data in calls:
        assert await async_fails(home.delete(**data)) == "no_such_fingerprint"
    assert reader.heard_of("delete") == []


@pytest.mark.parametrize("features", [["led"], ["list"], []])
async def test_a_firmware_that_cannot_delete_is_not_asked(
    new_home: Home, reader: FakeReader, hass_storage: dict[str, Any], features: list[str]
) -> None:
    new_home.offer(features)
    await new_home.set_up()
    anna = await new_home.enrolled()
    before = hass_storage["biometric_enroll.roster"]["data"]
    assert await async_fails(new_home.delete(template_id=anna)) == "unsupported_delete"
    assert reader.heard_of("delete") == []
    assert hass_storage["biometric_enroll.roster"]["data"] == before


# Forced


async def test_with_force_only_home_assistant_forgets(
    home: Home, reader: FakeReader, hass_storage: dict[str, Any], anna: str, impatient: None
) -> None:
    reader.touch(anna)
    await home.settle()
    reader.deaf.add("hello")
    await home.delete(template_id=anna, force=True)
    assert reader.heard_of("delete") == []
    assert stored_names(hass_storage) == []
    assert stored_uses(hass_storage) == []
    assert reader.stored[5] == anna
    # The template is still on the sensor, and unnamed.
    assert (await home.unnamed())[5] == anna
    reader.touch(anna)
    assert home.state("event", "touch").attributes["reason"] == "unknown_fingerprint"
    reader.deaf.clear()
    await home.restart()
    assert await home.named() == {}
    assert (await home.unnamed())[5] == anna


async def test_force_is_an_error_for_a_template_without_a_name(
    home: Home, reader: FakeReader
) -> None:
    await home.settle()
    data: dict[str, Any] = {"device_id": home.device_id, "slot": 1, "force": True}
    assert await async_fails(home.delete(**data)) == "nothing_to_forget"
    assert reader.stored[1] is None
    assert 1 in await home.unnamed()


async def test_a_reader_that_is_not_set_up_cannot_be_asked_but_forgotten(
    home: Home, hass_storage: dict[str, Any]
) -> None:
    anna = await home.enrolled()
    assert await home.unload()
    assert await async_fails(home.delete(template_id=anna)) == "reader_not_set_up"
    assert stored_names(hass_storage) == ["Anna"]
    await home.delete(template_id=anna, force=True)
    assert stored_names(hass_storage) == []


async def test_a_template_without_an_id_is_deleted_as_it_was_listed_or_not_at_all(
    home: Home, reader: FakeReader
) -> None:
    """By now the slot may hold another person's finger."""
    await home.settle()
    with reader.unheard():
        reader.lose(2)
        reader.hold(2, None)
    where: dict[str, Any] = {"device_id": home.device_id, "slot": 2}
    assert await async_fails(home.delete(**where)) == "refused_not_found"
    assert 2 in reader.stored
    await home.settle()
    await home.delete(**where)
    assert 2 not in reader.stored
