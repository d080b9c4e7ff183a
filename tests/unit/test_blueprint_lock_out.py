"""The blueprint that warns of unknown fingers and locks out: after so many within so long."""

import asyncio
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import async_fire_time_changed, async_mock_service

from tests.support.home import async_back_door
from tests.support.reader_publications import new_id
from tests.unit.blueprints import AUTOMATION, async_automate, rename_entities

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from datetime import datetime

    from homeassistant.core import HomeAssistant, ServiceCall

    from tests.support.broker import FakeBroker
    from tests.support.home import Home
    from tests.support.reader import FakeReader

WORDS = {
    "touches": "{{ touches }}",
    "at": "{{ reader }}",
    "locked_out": "{{ locked_out }}",
    "not_locked_out": "{{ not_locked_out }}",
}
LOCKED_OUT = {"touches": 3, "at": "Front door", "locked_out": True, "not_locked_out": []}


@pytest.fixture
def warnings(hass: HomeAssistant) -> list[ServiceCall]:
    """Return the warnings."""
    return async_mock_service(hass, "test", "warn")


async def _watch(home: Home, **inputs: Any) -> None:
    """Have the blueprint watch the front door for three touches within five minutes."""
    given = {"readers": [home.device_id], "touches": 3, "minutes": 5}
    warning = [{"action": "test.warn", "data": WORDS}]
    await async_automate(home.hass, "lock_out", **{**given, "warning": warning, **inputs})


@contextmanager
def _clock_at(now: datetime) -> Generator[None]:
    """Set the wall clock; timers are not affected."""
    with (
        patch("homeassistant.util.dt.utcnow", return_value=now),
        patch("homeassistant.util.dt.now", return_value=now),
    ):
        yield


async def _settle() -> None:
    """Run all callbacks that are ready: `async_block_till_done` would wait for a waiting run."""
    for _ in range(500):
        await asyncio.sleep(0)


async def _touch(touch: Callable[[], object]) -> None:
    """Touch a reader, and let the automation go on as far as it can."""
    touch()
    await _settle()


def _identification(home: Home) -> str:
    return home.state("switch", "identification").state


async def test_the_third_unknown_touch_warns_and_locks_out(
    home: Home, reader: FakeReader, warnings: list[ServiceCall]
) -> None:
    await _watch(home)
    for _ in range(2):
        await _touch(reader.touch)
    assert (warnings, _identification(home)) == ([], "on")
    await _touch(reader.touch)
    assert [call.data for call in warnings] == [LOCKED_OUT]
    assert _identification(home) == "off"


async def test_it_counts_from_zero_after_a_warning(
    home: Home, reader: FakeReader, warnings: list[ServiceCall]
) -> None:
    await _watch(home)
    for warned in (0, 0, 1, 1, 1, 2):
        await _touch(reader.touch)
        assert len(warnings) == warned


async def test_touches_older_than_the_window_do_not_count(
    home: Home, reader: FakeReader, warnings: list[ServiceCall]
) -> None:
    """Two touches, one when the first is too old, and one while the second still counts."""
    await _watch(home)
    start = dt_util.utcnow()
    for minutes in (0, 3, 6, 7):
        now = start + timedelta(minutes=minutes)
        with _clock_at(now):
            await _touch(reader.touch)
        assert len(warnings) == (minutes == 7)


async def test_the_run_ends_when_nothing_counts_any_more(
    hass: HomeAssistant, home: Home, reader: FakeReader, warnings: list[ServiceCall]
) -> None:
    await _watch(home)
    await _touch(reader.touch)
    automation = hass.states.get(AUTOMATION)
    assert automation is not None
    assert automation.attributes["current"] == 1
    later = dt_util.utcnow() + timedelta(minutes=5, seconds=1)
    with _clock_at(later):
        async_fire_time_changed(hass, later)
        await _settle()
    automation = hass.states.get(AUTOMATION)
    assert automation is not None
    assert (automation.attributes["current"], warnings) == (0, [])


async def test_known_unreadable_disabled_and_late_touches_do_not_count(
    home: Home, reader: FakeReader, anna: str, warnings: list[ServiceCall]
) -> None:
    await _watch(home, touches=2)
    await _touch(reader.touch)
    await _touch(lambda: reader.touch(anna))
    await _touch(lambda: reader.touch(result="unreadable", reason="too_messy"))
    await _touch(lambda: reader.touch(age=60))
    await home.update(template_id=anna, enabled=False)
    await _touch(lambda: reader.touch(anna))
    assert warnings == []
    await _touch(lambda: reader.touch(new_id()))
    assert len(warnings) == 1


async def test_a_disabled_fingerprint_counts_if_it_is_wished(
    home: Home, reader: FakeReader, anna: str, warnings: list[ServiceCall]
) -> None:
    await _watch(home, touches=1, reasons=["disabled"])
    await _touch(reader.touch)
    assert warnings == []
    await home.update(template_id=anna, enabled=False)
    await _touch(lambda: reader.touch(anna))
    assert len(warnings) == 1


async def test_reload_and_restart_and_repeated_touches_do_not_count(
    home: Home, reader: FakeReader, warnings: list[ServiceCall], hass_storage: dict[str, Any]
) -> None:
    """One touch suffices here: Home Assistant never becomes idle while a run waits."""
    await _watch(home, touches=1)
    touch = reader.touch()
    await home.settle()
    assert await home.hass.config_entries.async_reload(home.entry.entry_id)
    await home.until(lambda: home.available)
    await home.restart()
    reader.touch(touch=touch)
    await home.settle()
    assert len(warnings) == 1
    reader.touch()
    await home.settle()
    assert len(warnings) == 2


async def test_all_readers_count_together_and_are_all_locked_out(
    hass: HomeAssistant,
    home: Home,
    broker: FakeBroker,
    reader: FakeReader,
    warnings: list[ServiceCall],
) -> None:
    other = await async_back_door(hass, broker)
    await _watch(home, readers=[home.device_id, other.device_id])
    rename_entities(hass)
    await home.settle()
    for each in (reader, reader, other.reader):
        await _touch(each.touch)
    assert [call.data for call in warnings] == [{**LOCKED_OUT, "at": "Back door"}]
    assert (_identification(home), _identification(other)) == ("off", "off")


async def test_a_reader_that_is_away_is_told_of(
    hass: HomeAssistant,
    home: Home,
    broker: FakeBroker,
    reader: FakeReader,
    warnings: list[ServiceCall],
) -> None:
    other = await async_back_door(hass, broker)
    await _watch(home, readers=[home.device_id, other.device_id], touches=1)
    other.reader.die()
    await home.until(lambda: not other.available)
    await _touch(reader.touch)
    later = dt_util.utcnow() + timedelta(seconds=11)
    async_fire_time_changed(hass, later)
    await _settle()
    missed = {"touches": 1, "locked_out": False, "not_locked_out": ["Back door"]}
    assert [call.data for call in warnings] == [{**LOCKED_OUT, **missed}]
    assert _identification(home) == "off"


async def test_it_only_warns_if_it_is_wished(
    home: Home, reader: FakeReader, warnings: list[ServiceCall]
) -> None:
    await _watch(home, touches=1, lock_out=False)
    await _touch(reader.touch)
    told = {"touches": 1, "locked_out": False}
    assert [call.data for call in warnings] == [{**LOCKED_OUT, **told}]
    assert _identification(home) == "on"


async def test_a_reader_that_refuses_is_told_of(
    home: Home, reader: FakeReader, warnings: list[ServiceCall], caplog: pytest.LogCaptureFixture
) -> None:
    await _watch(home, touches=1)
    reader.refuses["settings"] = "bad_request"
    await _touch(reader.touch)
    async_fire_time_changed(home.hass, dt_util.utcnow() + timedelta(seconds=11))
    await _settle()
    missed = {"touches": 1, "locked_out": False, "not_locked_out": ["Front door"]}
    assert [call.data for call in warnings] == [{**LOCKED_OUT, **missed}]
    # Home Assistant logs that the switch could not be turned off, as it should.
    assert "Front door rejected the request as invalid" in caplog.text
    caplog.clear()
