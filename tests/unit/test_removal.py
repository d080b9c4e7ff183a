"""Removed readers: their names are kept for 30 days."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from homeassistant.config_entries import ConfigEntryDisabler
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.biometric_enroll import async_setup
from custom_components.biometric_enroll.const import DOMAIN
from custom_components.biometric_enroll.storage import DATA_DELIVERY_LOG, DATA_REGISTRY
from tests.support.home import OTHER_DEVICE, Home, async_back_door, reader_entry
from tests.support.reader import DEVICE

if TYPE_CHECKING:
    from collections.abc import Generator

    from homeassistant.core import HomeAssistant

    from tests.support.broker import FakeBroker
    from tests.support.reader import FakeReader


class Clock:
    """Date and time. Unlike a frozen clock it does not affect the clock of the event loop."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        """Return the date and time in UTC."""
        return datetime.now(UTC) + self._ahead

    def tick(self, time: timedelta) -> None:
        """Let time pass."""
        self._ahead += time


@pytest.fixture
def clock() -> Generator[Clock]:
    """Return the wall clock of Home Assistant."""
    clock = Clock()
    with patch("homeassistant.util.dt.utcnow", clock.now):
        yield clock


@pytest.fixture
async def anna(home: Home, reader: FakeReader) -> str:
    """Return the template id of Anna, who was identified once."""
    template_id = await home.enrolled()
    reader.touch(template_id)
    await home.settle()
    return template_id


async def async_remove(home: Home) -> None:
    """Remove a reader from Home Assistant."""
    await home.hass.config_entries.async_remove(home.entry.entry_id)
    await home.settle()


async def async_add(home: Home) -> Home:
    """Add the reader again, as a new entry."""
    again = Home(home.hass, home.reader, reader_entry())
    await again.set_up()
    await again.until(lambda: again.available)
    return again


async def async_days_pass(home: Home, clock: Clock, days: float) -> None:
    """Let time pass while Home Assistant runs."""
    clock.tick(timedelta(days=days))
    async_fire_time_changed(home.hass, clock.now())
    await home.settle()


def known(hass: HomeAssistant) -> list[str]:
    """Return the names of all fingerprints that the registry has."""
    return [fingerprint.subject.name for fingerprint, _ in hass.data[DATA_REGISTRY].all()]


def kept(storage: dict[str, Any]) -> tuple[list[str], set[str]]:
    """Return the names on disk, and the readers that are in the delivery log."""
    registry, delivery_log = (storage[f"{DOMAIN}.{name}"]["data"] for name in ("roster", "marks"))
    return [each["subject"]["name"] for each in registry["fingerprints"]], set(delivery_log)


# Within 30 days


@pytest.mark.parametrize("days", [0, 1, 29, 29.99])
async def test_who_removes_a_reader_and_adds_it_again_loses_nothing(
    home: Home, reader: FakeReader, anna: str, clock: Clock, days: float
) -> None:
    [before] = await home.fingerprints()
    assert (before["name"], before["count"]) == ("Anna", 1)
    await async_remove(home)
    if days:
        await async_days_pass(home, clock, days)
    again = await async_add(home)
    [after] = await again.fingerprints()
    del before["device_id"], after["device_id"]
    assert after == before
    reader.touch(anna)
    assert again.state("event", "touch").attributes["name"] == "Anna"


async def test_the_days_begin_again_with_the_next_removal(
    home: Home, anna: str, clock: Clock
) -> None:
    await async_remove(home)
    await async_days_pass(home, clock, 20)
    await async_remove(await async_add(home))
    await async_days_pass(home, clock, 20)
    assert known(home.hass) == ["Anna"]
    await async_days_pass(home, clock, 10)
    assert known(home.hass) == []


# After 30 days


async def test_after_30_days_a_removed_reader_is_forgotten(
    hass: HomeAssistant, home: Home, anna: str, clock: Clock, hass_storage: dict[str, Any]
) -> None:
    await async_remove(home)
    for _ in range(29):
        await async_days_pass(home, clock, 1)
    assert kept(hass_storage) == (["Anna"], {DEVICE})
    await async_days_pass(home, clock, 1)
    assert known(hass) == []
    assert hass.data[DATA_DELIVERY_LOG].of(DEVICE).uses == {}
    assert hass.data[DATA_REGISTRY].enrollment(DEVICE) is None
    assert kept(hass_storage) == ([], set())


async def test_they_are_forgotten_at_the_start_when_home_assistant_was_off_as_they_ended(
    home: Home, anna: str, clock: Clock, hass_storage: dict[str, Any]
) -> None:
    await async_remove(home)
    clock.tick(timedelta(days=29))
    assert await async_setup(home.hass, {})
    assert kept(hass_storage) == (["Anna"], {DEVICE})
    clock.tick(timedelta(days=1))
    assert await async_setup(home.hass, {})
    assert kept(hass_storage) == ([], set())


async def test_a_reader_that_is_added_again_too_late_is_a_new_one(
    home: Home, reader: FakeReader, anna: str, clock: Clock, hass_storage: dict[str, Any]
) -> None:
    """Without any reader, Home Assistant does not even start this integration meanwhile."""
    await async_remove(home)
    clock.tick(timedelta(days=31))
    again = Home(home.hass, reader, reader_entry())
    await again.restart_from_disk()
    await again.until(lambda: again.available)
    assert await again.fingerprints() == []
    assert kept(hass_storage)[0] == []
    reader.touch(anna)
    touch = again.state("event", "touch").attributes
    assert (touch["event_type"], touch["name"]) == ("not_identified", None)


# Those who are still there


async def test_a_reader_that_is_disabled_is_not_removed(
    hass: HomeAssistant, home: Home, anna: str, clock: Clock
) -> None:
    await hass.config_entries.async_set_disabled_by(home.entry.entry_id, ConfigEntryDisabler.USER)
    for _ in range(2):
        await async_days_pass(home, clock, 40)
    assert await async_setup(hass, {})
    await hass.config_entries.async_set_disabled_by(home.entry.entry_id, None)
    await home.until(lambda: home.available)
    assert [each["name"] for each in await home.fingerprints()] == ["Anna"]


async def test_the_names_of_another_reader_stay(
    hass: HomeAssistant,
    home: Home,
    broker: FakeBroker,
    anna: str,
    clock: Clock,
    hass_storage: dict[str, Any],
) -> None:
    other = await async_back_door(hass, broker)
    ben = await other.enrolled()
    await async_remove(home)
    await async_days_pass(home, clock, 30)
    assert kept(hass_storage) == (["Anna"], {OTHER_DEVICE})
    [place] = [place for _, place in hass.data[DATA_REGISTRY].all()]
    assert (place.device, place.template_id) == (OTHER_DEVICE, ben)
    assert [each["name"] for each in await other.fingerprints()] == ["Anna"]


# A removal while the integration does not run


async def test_the_days_of_a_reader_that_was_removed_unseen_begin_at_the_next_start(
    hass: HomeAssistant, home: Home, anna: str, clock: Clock, hass_storage: dict[str, Any]
) -> None:
    """As a disabled one, while there is no other reader for which the integration would start."""
    assert await home.unload()
    del hass.data[DATA_REGISTRY], hass.data[DATA_DELIVERY_LOG]
    await async_remove(home)
    clock.tick(timedelta(days=40))
    assert await async_setup(hass, {})
    assert kept(hass_storage) == (["Anna"], {DEVICE})
    clock.tick(timedelta(days=30))
    assert await async_setup(hass, {})
    assert kept(hass_storage) == ([], set())


# What earlier versions have kept


def _kept_by(minor_version: int, anna: str) -> dict[str, Any]:
    """Return what an earlier version has saved of her, by the name of the file."""
    subject = {"name": "Anna", "finger": "left_thumb", "person": None}
    fingerprint: dict[str, Any] = {
        "subject": subject,
        "enrolled_at": "2026-01-02T03:04:05+00:00",
        "places": [{"device": DEVICE, "slot": 5, "template_id": anna}],
    }
    record: dict[str, Any] = {
        "snapshot": {
            "template_id": anna, "seq": 9, "slot": 5, "stage": "completed", "step": 3, "total": 3,
            "captured": [{"attempts": 1}] * 3, "rejected": {"count": 0, "last": None},
            "timeout_ms": None, "reason": None, "duplicate_of": None,
        },
        "touches": ["0011223344556677"],
    }  # fmt: skip
    if minor_version > 1:
        fingerprint["enabled"] = True
        record["uses"] = {anna: {"count": 7, "last_at": "2026-02-03T04:05:06+00:00"}}
    enrollment = {"template_id": anna, "subject": subject, "given_up": False}
    data = {
        "roster": {"fingerprints": [fingerprint], "enrollments": {DEVICE: enrollment}},
        "marks": {DEVICE: record},
    }
    return {
        f"{DOMAIN}.{name}": {
            "version": 1,
            "minor_version": minor_version,
            "key": f"{DOMAIN}.{name}",
            "data": kept,
        }
        for name, kept in data.items()
    }


@pytest.mark.parametrize(("minor_version", "count"), [(1, 0), (2, 7)])
async def test_what_an_earlier_version_has_kept_is_taken_over(
    new_home: Home,
    reader: FakeReader,
    clock: Clock,
    hass_storage: dict[str, Any],
    minor_version: int,
    count: int,
) -> None:
    anna = "9f2c01ab44d0e1f7"
    hass_storage.update(_kept_by(minor_version, anna))
    reader.stored[5] = anna
    await new_home.set_up()
    await new_home.until(lambda: new_home.available)
    reader.touch(anna, touch="0011223344556677")
    assert new_home.state("event", "touch").state == "unknown"
    reader.touch(anna)
    assert new_home.state("event", "touch").attributes["name"] == "Anna"
    await new_home.settle()
    [fingerprint] = await new_home.fingerprints()
    assert (fingerprint["enabled"], fingerprint["count"]) == (True, count + 1)
    await async_remove(new_home)
    await async_days_pass(new_home, clock, 30)
    assert kept(hass_storage) == ([], set())
    for name in ("roster", "marks"):
        assert hass_storage[f"{DOMAIN}.{name}"]["minor_version"] == 4
