"""Deletions with an unknown outcome; a crash loses nothing."""

import asyncio
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from homeassistant.exceptions import HomeAssistantError

from custom_components.biometric_enroll.protocol.words import Refusal
from custom_components.biometric_enroll.storage import DATA_REGISTRY
from tests.support.home import async_fails, async_walk_away, stored_names, stored_uses
from tests.support.reader_publications import new_id

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

    from tests.support.home import Home
    from tests.support.reader import FakeReader


async def test_of_a_reader_without_power_nothing_is_deleted_and_nothing_changes(
    home: Home, reader: FakeReader, hass_storage: dict[str, Any], anna: str, impatient: None
) -> None:
    before = hass_storage["biometric_enroll.roster"]["data"]
    reader.silent = True
    assert await async_fails(home.delete(template_id=anna)) == "reader_unreachable"
    assert hass_storage["biometric_enroll.roster"]["data"] is before
    assert await home.named() == {5: "Anna"}
    # Nothing follows later either: its deletion is not pending.
    reader.announce()
    await home.until(lambda: home.available)
    assert reader.heard_of("delete") == []
    reader.lose(5)
    await home.settle()
    assert home.missing() == "- Anna (5)"


async def test_a_deletion_without_an_answer_is_done_when_the_list_says_so(
    home: Home, reader: FakeReader, hass_storage: dict[str, Any], anna: str, impatient: None
) -> None:
    reader.touch(anna)
    reader.holds.add("delete")
    assert await async_fails(home.delete(template_id=anna)) == "reader_unreachable"
    assert await home.named() == {5: "Anna"}
    seen: list[str | None] = []
    stop = home.entry.runtime_data.async_add_listener(lambda: seen.append(home.missing()))
    reader.lose(5)
    await home.settle()
    stop()
    assert set(seen) == {None}
    assert stored_names(hass_storage) == []
    assert stored_uses(hass_storage) == []


@pytest.mark.parametrize("refusal", [Refusal.SENSOR_ERROR, Refusal.STALE])
async def test_a_deletion_that_may_still_be_done_stays_open(
    home: Home, reader: FakeReader, hass_storage: dict[str, Any], refusal: Refusal
) -> None:
    """The reader does it when its sensor is back, perhaps after a restart of Home Assistant.

    `stale` is the answer of another reader under the same id.
    """
    anna = await home.enrolled()
    reader.refuses["delete"] = refusal
    assert await async_fails(home.delete(template_id=anna)) == f"refused_{refusal}"
    # An unrelated change: the template is still there.
    reader.hold(9, None)
    await home.settle()
    assert await home.named() == {5: "Anna"}
    await home.restart()
    assert await home.named() == {5: "Anna"}
    reader.lose(5)
    await home.settle()
    assert stored_names(hass_storage) == []
    assert home.missing() is None


async def test_a_second_deletion_is_sent_only_after_it_was_saved_as_open(
    hass: HomeAssistant, home: Home, reader: FakeReader
) -> None:
    """The caller of the first was cancelled while its save was under way."""
    anna = await home.enrolled()
    saved, write = hass.data[DATA_REGISTRY]._saved, asyncio.Event()
    saving = asyncio.Event()

    async def written_slowly(_: dict[str, Any]) -> None:
        saving.set()
        await write.wait()

    with patch.object(saved, "_async_write_data", written_slowly):
        gone = hass.async_create_task(home.delete(template_id=anna))
        await saving.wait()
        await async_walk_away(gone)
        hellos = len(reader.heard_of("hello"))
        deleting = hass.async_create_task(home.delete(template_id=anna))
        await reader.hears("hello", hellos + 1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await reader.hears("delete")
        write.set()
        await deleting
    assert 5 not in reader.stored


async def test_a_deletion_is_sent_only_after_an_earlier_removal_of_the_name_was_saved(
    hass: HomeAssistant, home: Home, reader: FakeReader
) -> None:
    """The caller who removed the name was cancelled while that save was under way."""
    anna = await home.enrolled()
    await home.settle()
    saved, write = hass.data[DATA_REGISTRY]._saved, asyncio.Event()
    saving, written = asyncio.Event(), list[bool]()

    async def written_slowly(data: dict[str, Any]) -> None:
        saving.set()
        await write.wait()
        written.append(data["data"]["fingerprints"] == [])

    with patch.object(saved, "_async_write_data", written_slowly):
        gone = hass.async_create_task(home.delete(template_id=anna, force=True))
        await saving.wait()
        await async_walk_away(gone)
        where = {"device_id": home.device_id, "slot": 5}
        deleting = hass.async_create_task(home.delete(None, **where))
        done, _ = await asyncio.wait([deleting], timeout=0.05)
        assert not done
        # The request is not sent yet: the reader could execute it, and a crash restore the name.
        assert reader.heard_of("delete") == []
        write.set()
        await deleting
    assert written[0]
    assert 5 not in reader.stored


@pytest.mark.parametrize("refusal", [Refusal.BUSY, Refusal.SENSOR_CHANGED])
async def test_a_refusal_of_a_second_deletion_leaves_the_first_one_open(
    home: Home, reader: FakeReader, hass_storage: dict[str, Any], refusal: Refusal
) -> None:
    anna = await home.enrolled()
    for error in (Refusal.SENSOR_ERROR, refusal):
        reader.refuses["delete"] = error
        await async_fails(home.delete(template_id=anna))
    reader.lose(5)
    await home.settle()
    assert stored_names(hass_storage) == []
    assert home.missing() is None


async def test_another_template_in_the_slot_of_one_that_is_not_found_is_still_shown(
    home: Home, reader: FakeReader
) -> None:
    """As after the reader has lost its ids."""
    anna = await home.enrolled()
    reader.hold(5, None)
    await home.settle()
    await home.delete(template_id=anna)
    assert await home.named() == {}
    assert 5 in await home.unnamed()


@pytest.mark.parametrize("done", [True, False])
async def test_a_crash_before_the_answer_is_saved_loses_nothing(
    home: Home, reader: FakeReader, hass_storage: dict[str, Any], done: bool
) -> None:
    anna = await home.enrolled()
    reader.holds.add("delete")
    deleting = home.hass.async_create_task(home.delete(template_id=anna))
    await reader.hears("delete")
    assert await home.unload()
    with pytest.raises(HomeAssistantError):
        await deleting
    if done:
        del reader.stored[5]
        changed = {"revision": new_id(), "count": len(reader.stored)}
        reader.templates = {**reader.templates, **changed}
    await home.restart_from_disk()
    assert await home.named() == ({} if done else {5: "Anna"})
    assert home.missing() is None
    assert stored_names(hass_storage) == ([] if done else ["Anna"])
