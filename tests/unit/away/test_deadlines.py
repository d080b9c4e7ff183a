"""How long callers wait for an unavailable reader, to the second."""

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.setup import async_setup_component

from tests.support.home import async_fails

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from homeassistant.core import HomeAssistant

    from tests.support.first_generation.home import FakeFirstGenerationReader, FirstGenerationHome
    from tests.support.home import Home
    from tests.support.reader import FakeReader

KNOWN_TO_BE_AWAY = pytest.approx(5.0, abs=0.01)
THOUGHT_TO_BE_THERE = pytest.approx(10.0, abs=0.01)

LATER = 30.0
"""Seconds after a last will at which no background hello is under way."""


async def _async_in_vain(asking: Awaitable[object]) -> float:
    """Await a call that fails; return its duration in seconds."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert await async_fails(asking) == "reader_unreachable"
    return loop.time() - began


async def _async_lost(reader: FakeReader, after: float) -> None:
    """Publish the last will, and let so many seconds pass."""
    reader.die()
    await asyncio.sleep(after)


async def _enroll(home: Home) -> None:
    await home.enroll()


async def _delete(home: Home) -> None:
    await home.delete(device_id=home.device_id, slot=1)


_ACTIONS = [_enroll, _delete]


# A reader of version 1


@pytest.mark.parametrize("action", _ACTIONS)
async def test_a_reader_that_is_known_to_be_away_is_asked_for_five_seconds(
    home: Home, reader: FakeReader, action: Callable[..., Any]
) -> None:
    await _async_lost(reader, LATER)
    assert await _async_in_vain(action(home)) == KNOWN_TO_BE_AWAY


@pytest.mark.parametrize("action", _ACTIONS)
@pytest.mark.parametrize("since", [0.0, 1.0, 4.9])
async def test_a_reader_that_is_just_being_asked_in_the_background_takes_no_longer(
    home: Home, reader: FakeReader, action: Callable[..., Any], since: float
) -> None:
    """As right after the last will, which may be late itself."""
    await _async_lost(reader, since)
    assert await _async_in_vain(action(home)) == KNOWN_TO_BE_AWAY


async def test_a_caller_queued_behind_a_failing_one_gets_the_same_error(
    home: Home, reader: FakeReader
) -> None:
    await _async_lost(reader, 8)
    # The background hello at the last will took ten seconds, for which no caller waited.
    assert await _async_in_vain(home.enroll()) == pytest.approx(2.0, abs=0.01)


async def test_a_caller_queued_behind_a_failing_one_is_served_by_a_reader_that_is_back(
    home: Home, reader: FakeReader
) -> None:
    """A background hello was sent in between, because the reader had announced its start."""
    reader.silent = True
    in_vain = asyncio.create_task(_async_in_vain(home.enroll()))
    await asyncio.sleep(9)
    reader.announce()
    reader.silent = True
    await asyncio.sleep(0.1)
    waiting = asyncio.create_task(_delete(home))
    await in_vain
    reader.silent = False
    await waiting
    assert 1 not in reader.stored


async def test_several_actions_at_once_take_no_longer_than_one(
    home: Home, reader: FakeReader
) -> None:
    await _async_lost(reader, LATER)
    waited = await asyncio.gather(
        *(_async_in_vain(action(home)) for action in _ACTIONS for _ in range(2)),
        return_exceptions=True,
    )
    # The second enrollment is not requested while the first one is.
    refused = [each for each in waited if not isinstance(each, float)]
    assert len(refused) == 1
    assert [each for each in waited if isinstance(each, float)] == [KNOWN_TO_BE_AWAY] * 3


async def test_a_cancel_for_a_reader_that_is_away_takes_no_longer(
    home: Home, reader: FakeReader
) -> None:
    await home.enroll()
    await _async_lost(reader, LATER)
    assert await _async_in_vain(home.cancel()) == KNOWN_TO_BE_AWAY


async def test_an_update_that_a_user_wants_of_a_reader_that_is_away_takes_no_longer(
    hass: HomeAssistant, home: Home, reader: FakeReader
) -> None:
    assert await async_setup_component(hass, "homeassistant", {})
    await _async_lost(reader, LATER)
    enrollment = {"entity_id": home.entity_id("sensor", "enrollment")}
    began = hass.loop.time()
    await hass.services.async_call("homeassistant", "update_entity", enrollment, blocking=True)
    assert hass.loop.time() - began == KNOWN_TO_BE_AWAY


@pytest.mark.parametrize("action", _ACTIONS)
async def test_a_reader_that_did_not_answer_lately_is_known_to_be_away(
    home: Home, reader: FakeReader, action: Callable[..., Any]
) -> None:
    reader.silent = True
    assert await _async_in_vain(_enroll(home)) == THOUGHT_TO_BE_THERE
    assert not home.available
    assert await _async_in_vain(action(home)) == KNOWN_TO_BE_AWAY


@pytest.mark.parametrize("action", _ACTIONS)
async def test_a_reader_that_is_thought_to_be_there_has_ten_seconds(
    home: Home, reader: FakeReader, action: Callable[..., Any]
) -> None:
    reader.silent = True
    assert await _async_in_vain(action(home)) == THOUGHT_TO_BE_THERE


@pytest.mark.parametrize("away_for", [0.0, 1.0, LATER])
async def test_a_reader_that_is_back_is_found_although_it_is_thought_to_be_away(
    home: Home, reader: FakeReader, away_for: float
) -> None:
    """Its return was not announced: the hello of the action finds it."""
    await _async_lost(reader, away_for)
    reader.silent = False
    assert not home.available
    assert (await home.enroll())["slot"] == 5
    assert home.available


async def test_a_reader_that_comes_back_in_time_has_ten_seconds_for_the_rest(
    home: Home, reader: FakeReader
) -> None:
    await _async_lost(reader, 0)
    waiting = asyncio.create_task(_async_in_vain(home.enroll()))
    # The background hello finds it; the hello of the action is not answered.
    await asyncio.sleep(1)
    reader.deaf.add("start")
    reader.silent = False
    assert await waiting == pytest.approx(12.0, abs=0.01)


async def test_once_the_background_has_found_it_it_has_ten_seconds_for_hello_too(
    home: Home, reader: FakeReader
) -> None:
    await _async_lost(reader, 0)
    waiting = asyncio.create_task(_async_in_vain(home.enroll()))
    obey = reader.on_request

    def answer_once(request: dict[str, Any]) -> None:
        obey(request)
        reader.silent = True

    reader.on_request = answer_once  # type: ignore[method-assign]
    await asyncio.sleep(1)
    reader.silent = False
    assert await waiting == pytest.approx(12.0, abs=0.01)


async def test_the_background_still_finds_a_reader_that_takes_longer_to_answer(
    home: Home, reader: FakeReader
) -> None:
    await _async_lost(reader, LATER)
    reader.holds.add("hello")
    reader.silent = False
    # It gave up after ten seconds, and retries once a minute; that was eight seconds ago.
    await asyncio.sleep(78 - LATER)
    assert reader.held
    reader.holds.clear()
    reader.on_request(reader.held[0])
    await home.until(lambda: home.available)


# A reader of the first generation


async def test_a_reader_of_the_first_generation_that_is_away_is_asked_for_five_seconds(
    first_gen_home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    first_gen.publish("status", {"status": "offline"})
    first_gen.silent = True
    assert await _async_in_vain(first_gen_home.enroll()) == KNOWN_TO_BE_AWAY


async def test_a_reader_of_the_first_generation_that_is_there_has_ten_seconds(
    first_gen_home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    first_gen.silent = True
    assert await _async_in_vain(first_gen_home.enroll()) == THOUGHT_TO_BE_THERE


async def test_a_cancel_for_a_reader_of_the_first_generation_that_is_away_takes_no_longer(
    first_gen_home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    await first_gen_home.enroll(scan_timeout=120)
    first_gen.publish("status", {"status": "offline"})
    first_gen.silent = True
    assert await _async_in_vain(first_gen_home.cancel()) == KNOWN_TO_BE_AWAY


async def test_a_reader_of_the_first_generation_that_is_back_is_found(
    first_gen_home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    first_gen.publish("status", {"status": "offline"})
    assert not first_gen_home.available
    assert (await first_gen_home.enroll())["slot"] is not None
    assert first_gen_home.available
