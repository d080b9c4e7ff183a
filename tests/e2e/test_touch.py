"""Touches with every part real: each way to automate runs once for each live touch, or never."""

import asyncio
from typing import TYPE_CHECKING

import pytest

from custom_components.biometric_enroll.client.liveness import LIVE_AGE
from emulator.fingers import Finger, Quality
from tests.e2e.bench import CONNECTIVITY, LAST_IDENTIFIED, LATE_TOUCH, TOUCH
from tests.e2e.conftest import AUTOMATIONS

if TYPE_CHECKING:
    from tests.e2e.bench import Bench

pytestmark = pytest.mark.asyncio(loop_scope="session")

_ALL = sorted(automation["alias"] for automation in AUTOMATIONS)
_ANNA = Finger("anna")


async def _anna_is_known(bench: Bench) -> None:
    if "Anna" not in await bench.names():
        answer = await bench.enroll("Anna", _ANNA)
        assert answer["outcome"] == "completed"
    bench.events.clear()
    bench.ran.clear()


async def _all_ran(bench: Bench, times: int) -> None:
    """Wait for the automations; then a touch that opens nothing flushes out what is too much."""
    await bench.client.async_until(lambda _: len(bench.ran) >= times * len(_ALL))
    await _nothing_more(bench)
    assert sorted(bench.ran) == sorted(_ALL * times)


async def _nothing_more(bench: Bench) -> None:
    unreadable = [event for event in bench.events if event["type"] == "unreadable"]
    await bench.touch(Finger("wet", Quality.TOO_MESSY))
    await bench.client.async_until(
        lambda _: len([e for e in bench.events if e["type"] == "unreadable"]) > len(unreadable)
    )


async def test_each_live_touch_runs_each_automation_once(bench: Bench) -> None:
    await _anna_is_known(bench)
    await bench.touch(_ANNA)
    await _all_ran(bench, 1)
    # The same finger again is news again.
    await bench.touch(_ANNA)
    await _all_ran(bench, 2)

    assert bench.client.states[LAST_IDENTIFIED].state == "Anna"
    touch = next(event for event in bench.events if event["type"] == "identified")
    assert (touch["name"], touch["confidence"] > 0) == ("Anna", True)


async def test_a_stranger_is_told_and_opens_nothing(bench: Bench) -> None:
    await _anna_is_known(bench)
    await bench.touch(Finger("stranger"))
    await _nothing_more(bench)

    assert [event["type"] for event in bench.events] == ["not_identified", "unreadable"]
    assert bench.client.states[TOUCH].attributes["event_type"] == "unreadable"
    assert bench.ran == []


async def test_reload_and_reconnect_open_nothing(bench: Bench) -> None:
    await _anna_is_known(bench)
    await bench.touch(_ANNA)
    await _all_ran(bench, 1)
    await bench.reload()
    bench.stage.broker.kill()
    await bench.client.async_until_state(CONNECTIVITY, "off")
    await bench.stage.broker.async_start()
    await bench.client.async_until_state(CONNECTIVITY, "on", within=60)
    await _nothing_more(bench)

    assert sorted(bench.ran) == _ALL


async def test_touches_while_home_assistant_is_away_come_late_and_open_nothing(
    bench: Bench,
) -> None:
    await _anna_is_known(bench)
    await bench.client.async_close()
    bench.stage.home_assistant.stop()
    await bench.touch(_ANNA)
    await bench.touch(Finger("stranger"))
    # Younger ones are live, also for a Home Assistant that was not there: what counts is the age.
    await asyncio.sleep(LIVE_AGE)
    await bench.stage.home_assistant.async_start()
    await bench.connect()
    await bench.until_available()
    await bench.client.async_until(
        lambda states: (
            states.get(LATE_TOUCH) is not None
            and states[LATE_TOUCH].attributes.get("event_type") == "not_identified"
        )
    )
    await _nothing_more(bench)

    late = [event for event in bench.events if event["type"].startswith("late_")]
    # The first may have been told before this client was there.
    assert [event["type"] for event in late][-1] == "late_not_identified"
    assert bench.ran == []
    assert bench.client.states[LAST_IDENTIFIED].state == "unknown"


async def test_a_touch_that_is_replayed_opens_nothing(bench: Bench) -> None:
    await _anna_is_known(bench)
    await bench.touch(_ANNA)
    await _all_ran(bench, 1)
    message = next(m for m in bench.wire.of("fingerprint")[::-1] if m["result"] == "identified")
    told = bench.wire.count("fingerprint")
    bench.wire.say("fingerprint", message)
    bench.wire.say("fingerprint", message, retain=True)
    bench.wire.say("fingerprint", {**message, "touch": "00000000000000ee", "hello": None})
    # Not before they have come back, or they would pass for the touch that comes next.
    await bench.wire.until(lambda wire: wire.count("fingerprint") == told + 3)
    await bench.reload()
    bench.wire.say("fingerprint", b"", retain=True)
    await _nothing_more(bench)

    assert sorted(bench.ran) == _ALL
