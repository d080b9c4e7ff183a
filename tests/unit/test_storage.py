"""Reading files that a crash, a backup or another version has left."""

import asyncio
import json
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from homeassistant.exceptions import HomeAssistantError

from custom_components.biometric_enroll.storage import DATA_DELIVERY_LOG, DATA_REGISTRY
from tests.support.home import async_walk_away
from tests.support.reader import DEVICE

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

    from tests.support.home import Home
    from tests.support.reader import FakeReader


async def test_a_name_is_not_lost_when_only_the_marks_were_saved(
    home: Home, reader: FakeReader, hass_storage: dict[str, Any]
) -> None:
    """A touch, or another reader, may have caused a save right before a power cut."""
    await home.enroll()
    reader.capture(2)
    await home.settle()
    before = json.loads(json.dumps(hass_storage["biometric_enroll.roster"]))
    reader.capture()
    await home.settle()
    assert await home.unload()
    hass_storage["biometric_enroll.roster"] = before
    await home.restart_from_disk()
    assert [found["name"] for found in await home.fingerprints()] == ["Anna"]


@pytest.mark.parametrize(
    "snapshot", [{"stage": "storing"}, {"stage": "failed", "reason": "eaten"}, {}]
)
async def test_what_a_newer_minor_version_has_saved_is_read(
    home: Home, reader: FakeReader, hass_storage: dict[str, Any], snapshot: dict[str, Any]
) -> None:
    """Home Assistant lets an older version load it, as after a downgrade."""
    anna = await home.enrolled()
    assert await home.unload()
    delivery_log = json.loads(json.dumps(hass_storage["biometric_enroll.marks"]))
    registry = json.loads(json.dumps(hass_storage["biometric_enroll.roster"]))
    delivery_log["minor_version"] = registry["minor_version"] = 9
    delivery_log["data"][DEVICE]["snapshot"] |= snapshot
    for fingerprint in registry["data"]["fingerprints"]:
        fingerprint["enabled"] = True
        fingerprint["subject"]["note"] = "new"
    hass_storage["biometric_enroll.marks"] = delivery_log
    hass_storage["biometric_enroll.roster"] = registry
    await home.restart_from_disk()
    reader.touch(anna)
    assert home.state("event", "touch").attributes["event_type"] == "identified"


async def test_what_an_older_version_has_named_is_not_deleted_although_it_was_given_up(
    home: Home, reader: FakeReader, hass_storage: dict[str, Any]
) -> None:
    """That version told that the start had failed, and named the finger all the same."""
    anna = await home.enrolled()
    assert await home.unload()
    registry = json.loads(json.dumps(hass_storage["biometric_enroll.roster"]))
    registry["minor_version"] = 3
    del registry["data"]["unwanted"]
    registry["data"]["enrollments"][DEVICE]["given_up"] = True
    hass_storage["biometric_enroll.roster"] = registry
    await home.restart_from_disk()
    await home.settle()
    assert reader.heard_of("delete") == []
    reader.touch(anna)
    assert home.state("event", "touch").attributes["event_type"] == "identified"


async def test_whoever_waits_for_an_outcome_is_told_when_the_entry_is_unloaded(home: Home) -> None:
    """It is not reported any more in this run."""
    waiting = home.hass.async_create_task(home.enroll(wait=True))
    await home.until_stage("place_finger")
    assert await home.unload()
    with pytest.raises(HomeAssistantError) as raised:
        await waiting
    assert raised.value.translation_key == "no_outcome"


async def test_what_was_changed_is_saved_although_its_caller_has_gone_away(
    hass: HomeAssistant, home: Home
) -> None:
    """Home Assistant's own store would drop it, if it still waited for the save before."""
    registry, delivery_log = hass.data[DATA_REGISTRY], hass.data[DATA_DELIVERY_LOG]
    for saved in (registry._saved, delivery_log._saved):
        writing = asyncio.Event()
        written: list[dict[str, Any]] = []

        async def write(
            data: dict[str, Any], writing: Any = writing, written: Any = written
        ) -> None:
            await writing.wait()
            written.append(data["data"])

        with patch.object(saved, "_async_write_data", write):
            first = hass.async_create_task(saved.async_save({"change": 1}))
            second = hass.async_create_task(saved.async_save({"change": 2}))
            await asyncio.sleep(0)
            for caller in (first, second):
                await async_walk_away(caller)
            writing.set()
            await home.settle()
        assert written == [{"change": 1}, {"change": 2}]
