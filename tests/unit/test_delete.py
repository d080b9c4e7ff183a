"""Deleting a fingerprint: gone when the sensor has done it, and not a moment earlier."""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from homeassistant.core import Context
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized

from custom_components.biometric_enroll import async_setup
from custom_components.biometric_enroll.const import CONF_FEATURES, DOMAIN
from custom_components.biometric_enroll.protocol.words import Refusal
from custom_components.biometric_enroll.storage import DATA_REGISTRY
from tests.support.home import (
    async_enroll,
    async_enrolled,
    async_restart,
    async_set_up,
    async_until,
    available,
    device_id,
    state,
)
from tests.support.reader import new_id
from tests.unit.roster_actions import (
    BACK_DOOR,
    async_back_door,
    async_delete,
    async_fails,
    async_named,
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

MISTAKES = {Refusal.BUSY, Refusal.SLOT_OCCUPIED, Refusal.BAD_REQUEST, Refusal.NOT_RUNNING}


def stored_names(hass_storage: dict[str, Any]) -> list[str]:
    stored = hass_storage["biometric_enroll.roster"]["data"]["fingerprints"]
    return [each["subject"]["name"] for each in stored]


def uses(hass_storage: dict[str, Any]) -> list[str]:
    delivery_log = hass_storage["biometric_enroll.marks"]["data"]
    return [template_id for mark in delivery_log.values() for template_id in mark["uses"]]


# Done


async def test_a_fingerprint_is_deleted_from_its_sensor_and_then_its_name_is_forgotten(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    anna = await async_enrolled(hass, loaded, reader)
    reader.touch(anna)
    await hass.async_block_till_done()
    await async_delete(hass, template_id=anna)
    [request] = reader.heard_of("delete")
    assert (request["slot"], request["template_id"]) == (5, anna)
    assert 5 not in reader.stored
    assert stored_names(hass_storage) == []
    await hass.async_block_till_done()
    assert uses(hass_storage) == []
    assert await async_named(hass) == {}
    assert missing(hass) is None
    assert state(hass, "sensor", "stored_fingerprints").state == "3"


async def test_a_fingerprint_can_be_named_by_reader_and_slot(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    anna = await async_enrolled(hass, loaded, reader)
    await async_delete(hass, device_id=device_id(hass, loaded), slot=5)
    assert reader.heard_of("delete")[0]["template_id"] == anna
    assert await async_named(hass) == {}


async def test_until_the_reader_answers_the_name_stays(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    anna = await async_enrolled(hass, loaded, reader)
    reader.holds.add("delete")
    deleting = hass.async_create_task(async_delete(hass, template_id=anna))
    await reader.hears("delete")
    assert await async_named(hass) == {5: "Anna"}
    assert not deleting.done()
    reader.on_request(reader.held[0])
    await deleting
    assert stored_names(hass_storage) == []


async def test_a_touch_after_the_deletion_is_of_an_unknown_fingerprint(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    """It may have been on its way already."""
    anna = await async_enrolled(hass, loaded, reader)
    await async_delete(hass, template_id=anna)
    reader.touch(anna)
    touch = state(hass, "event", "touch").attributes
    assert (touch["event_type"], touch["reason"]) == ("not_identified", "unknown_fingerprint")
    assert (touch["name"], touch["person"]) == (None, None)
    assert state(hass, "sensor", "last_identified").state == "unknown"


async def test_what_is_not_there_any_more_counts_as_deleted(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    anna = await async_enrolled(hass, loaded, reader)
    reader.lose(5)
    await hass.async_block_till_done()
    assert missing(hass) == "- Anna (5)"
    await async_delete(hass, template_id=anna)
    assert len(reader.heard_of("delete")) == 1
    assert stored_names(hass_storage) == []
    assert missing(hass) is None


async def test_in_a_slot_where_one_is_missing_and_one_is_there_the_latter_is_meant(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    await async_enrolled(hass, loaded, reader)
    reader.lose(5)
    ben = (await async_enroll(hass, loaded, name="Ben"))["template_id"]
    for _ in range(3):
        reader.capture()
    await hass.async_block_till_done()
    assert missing(hass) == "- Anna (5)"
    await async_delete(hass, device_id=device_id(hass, loaded), slot=5)
    assert reader.heard_of("delete")[0]["template_id"] == ben
    await hass.async_block_till_done()
    assert await async_named(hass) == {5: "Anna"}


@pytest.mark.parametrize("template_id", [None, "1b7d4e90c2a3f586"])
async def test_an_unnamed_template_is_deleted_by_reader_and_slot(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, template_id: str | None
) -> None:
    reader.hold(7, template_id)
    await hass.async_block_till_done()
    await async_delete(hass, device_id=device_id(hass, loaded), slot=7)
    assert reader.heard_of("delete")[0]["template_id"] == template_id
    await hass.async_block_till_done()
    assert await async_unnamed(hass) == {1: None, 2: None, 3: None}


async def test_an_unnamed_template_that_is_known_elsewhere_is_deleted_only_here(
    hass: HomeAssistant, broker: FakeBroker, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    anna = await async_enrolled(hass, loaded, reader)
    back, entry = await async_back_door(hass, broker)
    back.hold(4, anna)
    await hass.async_block_till_done()
    await async_delete(hass, device_id=device_id(hass, entry, BACK_DOOR), slot=4)
    assert back.stored == {}
    assert reader.heard_of("delete") == []
    assert await async_named(hass) == {5: "Anna"}
    reader.touch(anna)
    assert state(hass, "event", "touch").attributes["name"] == "Anna"
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_deleted_fingerprint_does_not_come_back_with_a_restart(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    """The reader goes on to tell that its last enrollment was completed."""
    anna = await async_enrolled(hass, loaded, reader)
    await async_delete(hass, template_id=anna)
    for _ in range(2):
        await async_restart(hass, loaded, reader)
        assert await async_named(hass) == {}
        assert missing(hass) is None
    reader.announce()
    await hass.async_block_till_done()
    assert stored_names(hass_storage) == []


# Refused


@pytest.mark.parametrize("refusal", [each for each in Refusal if each is not Refusal.NOT_FOUND])
async def test_a_refusal_is_an_error_that_says_why_and_the_name_stays(
    hass: HomeAssistant,
    reader: FakeReader,
    loaded: MockConfigEntry,
    hass_storage: dict[str, Any],
    refusal: Refusal,
) -> None:
    anna = await async_enrolled(hass, loaded, reader)
    reader.refuses["delete"] = refusal
    with pytest.raises(HomeAssistantError) as error:
        await async_delete(hass, template_id=anna)
    assert error.value.translation_domain == DOMAIN
    assert error.value.translation_key == f"refused_{refusal}"
    assert error.value.translation_placeholders == {"reader": "Front door"}
    assert isinstance(error.value, ServiceValidationError) is (refusal in MISTAKES)
    assert await async_named(hass) == {5: "Anna"}
    reader.touch(anna)
    assert state(hass, "event", "touch").attributes["name"] == "Anna"


async def test_while_an_enrollment_is_running_nothing_is_deleted(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    anna = await async_enrolled(hass, loaded, reader)
    await async_enroll(hass, loaded, name="Ben", slot=6)
    reader.capture()
    await hass.async_block_till_done()
    before = hass_storage["biometric_enroll.roster"]["data"]
    assert await async_fails(async_delete(hass, template_id=anna)) == "refused_busy"
    assert hass_storage["biometric_enroll.roster"]["data"] == before
    assert reader.stored[5] == anna
    reader.capture()
    reader.capture()
    await hass.async_block_till_done()
    assert await async_named(hass) == {5: "Anna", 6: "Ben"}
    # What was refused is not expected: if it goes now, the user has to know.
    reader.lose(5)
    await hass.async_block_till_done()
    assert missing(hass) == "- Anna (5)"


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
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, data: dict[str, Any]
) -> None:
    anna = await async_enrolled(hass, loaded, reader)
    real = {"device_id": device_id(hass, loaded), "template_id": anna}
    said = {key: real.get(key, value) for key, value in data.items()}
    assert await async_fails(async_delete(hass, **said)) == "which_fingerprint"
    assert await async_fails(async_update(hass, **said, name="Ben")) == "which_fingerprint"
    assert await async_named(hass) == {5: "Anna"}
    assert reader.heard_of("delete") == []


async def test_what_nobody_has_listed_is_not_deleted(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    calls: list[dict[str, Any]] = [
        {"template_id": new_id()},
        {"device_id": device_id(hass, loaded), "slot": 9},
    ]
    for data in calls:
        assert await async_fails(async_delete(hass, **data)) == "no_such_fingerprint"
    assert reader.heard_of("delete") == []


async def test_only_an_admin_may_delete(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, hass_read_only_user: User
) -> None:
    anna = await async_enrolled(hass, loaded, reader)
    context = Context(user_id=hass_read_only_user.id)
    for force in (False, True):
        with pytest.raises(Unauthorized):
            await async_delete(hass, context, template_id=anna, force=force)
    assert reader.heard_of("delete") == []
    assert await async_named(hass) == {5: "Anna"}


@pytest.mark.parametrize("features", [["led"], ["list"], []])
async def test_a_firmware_that_cannot_delete_is_not_asked(
    hass: HomeAssistant,
    reader: FakeReader,
    entry: MockConfigEntry,
    hass_storage: dict[str, Any],
    features: list[str],
) -> None:
    reader.identity = {**reader.identity, "features": features}
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_FEATURES: features})
    await async_set_up(hass, reader, entry)
    anna = await async_enrolled(hass, entry, reader)
    before = hass_storage["biometric_enroll.roster"]["data"]
    assert await async_fails(async_delete(hass, template_id=anna)) == "firmware_too_old"
    assert reader.heard_of("delete") == []
    assert hass_storage["biometric_enroll.roster"]["data"] == before


# Unreachable


async def test_of_a_reader_without_power_nothing_is_deleted_and_nothing_changes(
    hass: HomeAssistant,
    reader: FakeReader,
    loaded: MockConfigEntry,
    hass_storage: dict[str, Any],
    anna: str,
    impatient: None,
) -> None:
    before = hass_storage["biometric_enroll.roster"]["data"]
    reader.silent = True
    assert await async_fails(async_delete(hass, template_id=anna)) == "reader_unreachable"
    assert hass_storage["biometric_enroll.roster"]["data"] is before
    assert await async_named(hass) == {5: "Anna"}
    # And nothing comes later: that it goes was not asked for.
    reader.announce()
    await async_until(hass, lambda: available(hass))
    assert reader.heard_of("delete") == []
    reader.lose(5)
    await hass.async_block_till_done()
    assert missing(hass) == "- Anna (5)"


async def test_a_deletion_without_an_answer_is_done_when_the_list_says_so(
    hass: HomeAssistant,
    reader: FakeReader,
    loaded: MockConfigEntry,
    hass_storage: dict[str, Any],
    anna: str,
    impatient: None,
) -> None:
    reader.touch(anna)
    reader.holds.add("delete")
    assert await async_fails(async_delete(hass, template_id=anna)) == "reader_unreachable"
    assert await async_named(hass) == {5: "Anna"}
    seen: list[str | None] = []
    stop = loaded.runtime_data.async_add_listener(lambda: seen.append(missing(hass)))
    reader.lose(5)
    await hass.async_block_till_done()
    stop()
    assert set(seen) == {None}
    assert stored_names(hass_storage) == []
    assert uses(hass_storage) == []


@pytest.mark.parametrize("refusal", [Refusal.SENSOR_ERROR, Refusal.STALE])
async def test_a_deletion_that_may_still_be_done_stays_open(
    hass: HomeAssistant,
    reader: FakeReader,
    loaded: MockConfigEntry,
    hass_storage: dict[str, Any],
    refusal: Refusal,
) -> None:
    """The reader does it when its sensor is back, perhaps after a restart of Home Assistant.

    `stale` was said by another reader under the same id.
    """
    anna = await async_enrolled(hass, loaded, reader)
    reader.refuses["delete"] = refusal
    assert await async_fails(async_delete(hass, template_id=anna)) == f"refused_{refusal}"
    # A change of something else: it is still there.
    reader.hold(9, None)
    await hass.async_block_till_done()
    assert await async_named(hass) == {5: "Anna"}
    await async_restart(hass, loaded, reader)
    assert await async_named(hass) == {5: "Anna"}
    reader.lose(5)
    await hass.async_block_till_done()
    assert stored_names(hass_storage) == []
    assert missing(hass) is None


async def test_the_reader_hears_of_a_second_deletion_only_when_it_is_on_disk_that_it_is_open(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    """The caller of the first has gone away, while its save was under way."""
    anna = await async_enrolled(hass, loaded, reader)
    saved, write = hass.data[DATA_REGISTRY]._saved, asyncio.Event()
    saving = asyncio.Event()

    async def written_slowly(_: dict[str, Any]) -> None:
        saving.set()
        await write.wait()

    with patch.object(saved, "_async_write_data", written_slowly):
        gone = hass.async_create_task(async_delete(hass, template_id=anna))
        await saving.wait()
        gone.cancel()
        with suppress(asyncio.CancelledError):
            await gone
        hellos = len(reader.heard_of("hello"))
        deleting = hass.async_create_task(async_delete(hass, template_id=anna))
        await reader.hears("hello", hellos + 1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await reader.hears("delete")
        write.set()
        await deleting
    assert 5 not in reader.stored


async def test_a_deletion_is_done_only_when_it_is_on_disk_that_the_name_was_forgotten_before(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    """Whoever had it forgotten has gone away, while that save was under way."""
    anna = await async_enrolled(hass, loaded, reader)
    await hass.async_block_till_done()
    saved, write = hass.data[DATA_REGISTRY]._saved, asyncio.Event()
    saving, written = asyncio.Event(), list[bool]()

    async def written_slowly(data: dict[str, Any]) -> None:
        saving.set()
        await write.wait()
        written.append(data["data"]["fingerprints"] == [])

    with patch.object(saved, "_async_write_data", written_slowly):
        gone = hass.async_create_task(async_delete(hass, template_id=anna, force=True))
        await saving.wait()
        gone.cancel()
        with suppress(asyncio.CancelledError):
            await gone
        where = {"device_id": device_id(hass, loaded), "slot": 5}
        deleting = hass.async_create_task(async_delete(hass, None, **where))
        done, _ = await asyncio.wait([deleting], timeout=0.05)
        assert not done
        # Nor has the reader heard of it: it could do it, and a crash bring the name back.
        assert reader.heard_of("delete") == []
        write.set()
        await deleting
    assert written[0]
    assert 5 not in reader.stored


@pytest.mark.parametrize("refusal", [Refusal.BUSY, Refusal.SENSOR_CHANGED])
async def test_a_no_to_a_second_deletion_leaves_the_first_one_open(
    hass: HomeAssistant,
    reader: FakeReader,
    loaded: MockConfigEntry,
    hass_storage: dict[str, Any],
    refusal: Refusal,
) -> None:
    anna = await async_enrolled(hass, loaded, reader)
    for error in (Refusal.SENSOR_ERROR, refusal):
        reader.refuses["delete"] = error
        await async_fails(async_delete(hass, template_id=anna))
    reader.lose(5)
    await hass.async_block_till_done()
    assert stored_names(hass_storage) == []
    assert missing(hass) is None


async def test_in_the_slot_of_one_that_is_not_found_another_is_still_shown(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    """As after a reader has lost its ids."""
    anna = await async_enrolled(hass, loaded, reader)
    reader.hold(5, None)
    await hass.async_block_till_done()
    await async_delete(hass, template_id=anna)
    assert await async_named(hass) == {}
    assert 5 in await async_unnamed(hass)


@pytest.mark.parametrize("done", [True, False])
async def test_a_crash_before_the_answer_is_saved_loses_nothing(
    hass: HomeAssistant,
    reader: FakeReader,
    loaded: MockConfigEntry,
    hass_storage: dict[str, Any],
    done: bool,
) -> None:
    anna = await async_enrolled(hass, loaded, reader)
    reader.holds.add("delete")
    deleting = hass.async_create_task(async_delete(hass, template_id=anna))
    await reader.hears("delete")
    assert await hass.config_entries.async_unload(loaded.entry_id)
    with pytest.raises(HomeAssistantError):
        await deleting
    if done:
        del reader.stored[5]
        changed = {"revision": new_id(), "count": len(reader.stored)}
        reader.templates = {**reader.templates, **changed}
    assert await async_setup(hass, {})
    await async_set_up(hass, reader, loaded)
    assert await async_named(hass) == ({} if done else {5: "Anna"})
    assert missing(hass) is None
    assert stored_names(hass_storage) == ([] if done else ["Anna"])


# Forced


async def test_with_force_only_home_assistant_forgets(
    hass: HomeAssistant,
    reader: FakeReader,
    loaded: MockConfigEntry,
    hass_storage: dict[str, Any],
    anna: str,
    impatient: None,
) -> None:
    reader.touch(anna)
    await hass.async_block_till_done()
    reader.deaf.add("hello")
    await async_delete(hass, template_id=anna, force=True)
    assert reader.heard_of("delete") == []
    assert stored_names(hass_storage) == []
    assert uses(hass_storage) == []
    assert reader.stored[5] == anna
    # It is on the sensor still, and nobody's.
    assert (await async_unnamed(hass))[5] == anna
    reader.touch(anna)
    assert state(hass, "event", "touch").attributes["reason"] == "unknown_fingerprint"
    reader.deaf.clear()
    await async_restart(hass, loaded, reader)
    assert await async_named(hass) == {}
    assert (await async_unnamed(hass))[5] == anna


async def test_there_is_nothing_to_forget_of_what_has_no_name(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    await hass.async_block_till_done()
    data: dict[str, Any] = {"device_id": device_id(hass, loaded), "slot": 1, "force": True}
    assert await async_fails(async_delete(hass, **data)) == "nothing_to_forget"
    assert reader.stored[1] is None
    assert 1 in await async_unnamed(hass)


async def test_a_reader_that_is_not_set_up_cannot_be_asked_but_forgotten(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    anna = await async_enrolled(hass, loaded, reader)
    assert await hass.config_entries.async_unload(loaded.entry_id)
    assert await async_fails(async_delete(hass, template_id=anna)) == "reader_not_set_up"
    assert stored_names(hass_storage) == ["Anna"]
    await async_delete(hass, template_id=anna, force=True)
    assert stored_names(hass_storage) == []


async def test_a_template_without_an_id_is_deleted_as_it_was_listed_or_not_at_all(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    """By now somebody else's finger may be in that slot."""
    await hass.async_block_till_done()
    with reader.unheard():
        reader.lose(2)
        reader.hold(2, None)
    where: dict[str, Any] = {"device_id": device_id(hass, loaded), "slot": 2}
    assert await async_fails(async_delete(hass, **where)) == "refused_not_found"
    assert 2 in reader.stored
    await hass.async_block_till_done()
    await async_delete(hass, **where)
    assert 2 not in reader.stored
