"""A touch of which hello may tell more waits for its answer, and is judged once."""

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.biometric_enroll.client import touches
from custom_components.biometric_enroll.client.delivery_log import DeliveryLog
from custom_components.biometric_enroll.const import EVENT_BIOMETRIC_ENROLL
from tests.support.reader_publications import new_id

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from homeassistant.core import Event

    from custom_components.biometric_enroll.client.liveness import Clocks
    from tests.support.clock import LoopClocks
    from tests.support.home import Home
    from tests.support.reader import FakeReader


@pytest.fixture
def soon_over() -> Generator[None]:
    """Let a touch wait for a moment only."""
    with patch.object(touches, "WAIT_AT_MOST", 0.1):
        yield


def _types(events: list[Event[dict[str, Any]]]) -> list[str]:
    return [event.data["type"] for event in events]


async def _restarted(home: Home, reader: FakeReader) -> None:
    """Restart the reader, whose announcement is lost; it hears no hello."""
    reader.forget()
    reader.holds.add("hello")


async def test_a_touch_right_after_the_readers_start_waits_for_hello_and_is_live(
    home: Home, reader: FakeReader, anna: str, reader_events: list[Event[dict[str, Any]]]
) -> None:
    await _restarted(home, reader)
    said = len(reader.heard_of("hello"))
    touch = reader.touch(anna)
    await reader.hears("hello", said + 1)
    assert (reader_events, reader.acked) == ([], [])
    reader.on_request(reader.held[-1])
    await reader.until(lambda: reader.acked == [touch])
    assert _types(reader_events) == ["identified"]


async def test_a_touch_that_comes_again_meanwhile_is_judged_once(
    home: Home, reader: FakeReader, anna: str, reader_events: list[Event[dict[str, Any]]]
) -> None:
    await _restarted(home, reader)
    said = len(reader.heard_of("hello"))
    touch = reader.touch(anna)
    reader.touch(anna, touch=touch)
    await reader.hears("hello", said + 1)
    reader.on_request(reader.held[-1])
    await home.settle()
    assert _types(reader_events) == ["identified"]


async def test_eight_touches_wait_for_one_hello_and_a_ninth_is_left_to_its_reader(
    home: Home, reader: FakeReader, anna: str, reader_events: list[Event[dict[str, Any]]]
) -> None:
    await _restarted(home, reader)
    said = len(reader.heard_of("hello"))
    sent = [reader.touch() for _ in range(9)]
    await reader.hears("hello", said + 1)
    reader.on_request(reader.held[-1])
    await reader.until(lambda: len(reader.acked) == 8)
    assert len(reader.heard_of("hello")) == said + 1
    assert reader.acked == sent[:8]
    reader.touch(touch=sent[8])
    await reader.until(lambda: len(reader.acked) == 9)
    assert _types(reader_events) == 9 * ["not_identified"]


@pytest.mark.usefixtures("soon_over")
async def test_without_an_answer_a_touch_of_an_unknown_boot_is_left_to_its_reader(
    home: Home, reader: FakeReader, anna: str, reader_events: list[Event[dict[str, Any]]]
) -> None:
    """Neither told nor acknowledged, so it comes again."""
    await _restarted(home, reader)
    said = len(reader.heard_of("hello"))
    touch = reader.touch(anna)
    await reader.hears("hello", said + 1)
    await asyncio.sleep(2 * touches.WAIT_AT_MOST)
    assert (reader_events, reader.acked) == ([], [])
    reader.on_request(reader.held[-1])
    reader.touch(anna, touch=touch)
    await reader.until(lambda: reader.acked == [touch])
    assert _types(reader_events) == ["identified"]


@pytest.mark.usefixtures("soon_over")
async def test_without_an_answer_a_touch_from_the_future_is_late(
    home: Home, reader: FakeReader, anna: str, reader_events: list[Event[dict[str, Any]]]
) -> None:
    """Our clock stood still, or the reader's went wrong: nobody knows its age."""
    reader.holds.add("hello")
    touch = reader.touch(anna, age=-60)
    assert (reader_events, reader.acked) == ([], [])
    await reader.until(lambda: reader.acked == [touch])
    assert _types(reader_events) == ["late_identified"]


async def test_a_touch_from_the_future_is_judged_by_the_next_answer(
    home: Home, reader: FakeReader, anna: str, reader_events: list[Event[dict[str, Any]]]
) -> None:
    """All our clocks stood still, as in a virtual machine that was paused."""
    reader.forward(60)
    touch = reader.touch(anna)
    await reader.until(lambda: reader.acked == [touch])
    assert _types(reader_events) == ["identified"]


@pytest.mark.parametrize("step", [-3600.0, 3600.0])
async def test_after_the_wall_clock_was_set_a_touch_waits_for_hello_and_is_live(
    home: Home,
    reader: FakeReader,
    anna: str,
    reader_events: list[Event[dict[str, Any]]],
    loop_clocks: LoopClocks,
    step: float,
) -> None:
    loop_clocks.off = replace(loop_clocks.off, utc=loop_clocks.off.utc + step)
    said = len(reader.heard_of("hello"))
    touch = reader.touch(anna)
    await reader.until(lambda: reader.acked == [touch])
    assert len(reader.heard_of("hello")) == said + 1
    assert _types(reader_events) == ["identified"]


async def test_a_touch_of_before_a_suspend_is_late_after_it(
    home: Home,
    reader: FakeReader,
    anna: str,
    reader_events: list[Event[dict[str, Any]]],
    loop_clocks: LoopClocks,
) -> None:
    """It lay in a buffer while the machine slept; two of four clocks slept as well."""
    off, touched_at = loop_clocks.off, reader.uptime_ms
    loop_clocks.off = replace(off, boottime=off.boottime + 600, utc=off.utc + 600)
    reader.forward(600)
    touch = reader.touch(anna, at_ms=touched_at)
    await reader.until(lambda: reader.acked == [touch])
    assert _types(reader_events) == ["late_identified"]


async def test_a_touch_of_before_the_first_hello_may_be_live(
    new_home: Home,
    reader: FakeReader,
    loop_clocks: LoopClocks,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """But not one of before the reported touches were loaded."""
    load = DeliveryLog.async_load

    async def load_slowly(log: DeliveryLog, clocks: Callable[[], Clocks]) -> None:
        await load(log, clocks)
        loop_clocks.forward(1)
        reader.forward(1)

    monkeypatch.setattr(DeliveryLog, "async_load", load_slowly)
    reader_events = async_capture_events(new_home.hass, EVENT_BIOMETRIC_ENROLL)
    reader.holds.add("hello")
    assert await new_home.start()
    await reader.hears("hello")
    touch, old = reader.touch(), reader.touch(age=3)
    assert (reader_events, reader.acked) == ([], [])
    reader.on_request(reader.held[-1])
    await reader.until(lambda: reader.acked == [touch, old])
    assert _types(reader_events) == ["not_identified", "late_not_identified"]


async def test_what_waits_when_the_entry_is_reloaded_is_left_to_its_reader(
    home: Home, reader: FakeReader, anna: str, reader_events: list[Event[dict[str, Any]]]
) -> None:
    await _restarted(home, reader)
    touch = reader.touch(anna)
    reader.holds.clear()
    await home.restart()
    assert (reader_events, reader.acked) == ([], [])
    reader.touch(anna, touch=touch)
    await reader.until(lambda: reader.acked == [touch])
    assert len(reader_events) == 1


async def test_a_boot_of_an_answer_to_somebody_else_is_not_known(
    home: Home, reader: FakeReader, anna: str, reader_events: list[Event[dict[str, Any]]]
) -> None:
    """Nobody knows when that hello was said."""
    await _restarted(home, reader)
    reader.answer(new_id(), reader.hello())
    reader.touch(anna)
    await home.settle()
    assert (reader_events, reader.acked) == ([], [])
