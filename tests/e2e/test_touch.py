"""Touches with every part real: each kind of automation runs once for each live touch only."""

import asyncio
from typing import TYPE_CHECKING

import pytest

from custom_components.biometric_enroll.client.liveness import LIVE_AGE
from emulator.fingers import Finger, Quality
from tests.e2e.conftest import AUTOMATIONS
from tests.support.house import CONNECTIVITY, LAST_IDENTIFIED, LATE_TOUCH, TOUCH

if TYPE_CHECKING:
    from tests.support.house import House

pytestmark = pytest.mark.asyncio(loop_scope="session")

_ALL = sorted(automation["alias"] for automation in AUTOMATIONS)
_ANNA = Finger("anna")


async def _anna_is_known(house: House) -> None:
    if "Anna" not in await house.names():
        answer = await house.enroll("Anna", _ANNA)
        assert answer["outcome"] == "completed"
    house.events.clear()
    house.ran.clear()


async def _all_ran(house: House, times: int) -> None:
    """Wait for the automations, and check that none has run too often."""
    await house.client.async_until(lambda _: len(house.ran) >= times * len(_ALL))
    await _nothing_more(house)
    assert sorted(house.ran) == sorted(_ALL * times)


async def _nothing_more(house: House) -> None:
    unreadable = [event for event in house.events if event["type"] == "unreadable"]
    await house.touch(Finger("wet", Quality.TOO_MESSY))
    await house.client.async_until(
        lambda _: len([e for e in house.events if e["type"] == "unreadable"]) > len(unreadable)
    )


async def test_each_live_touch_runs_each_automation_once(house: House) -> None:
    await _anna_is_known(house)
    await house.touch(_ANNA)
    await _all_ran(house, 1)
    # The same finger again triggers again.
    await house.touch(_ANNA)
    await _all_ran(house, 2)

    assert house.client.states[LAST_IDENTIFIED].state == "Anna"
    touch = next(event for event in house.events if event["type"] == "identified")
    assert (touch["name"], touch["confidence"] > 0) == ("Anna", True)


async def test_a_stranger_is_told_and_opens_nothing(house: House) -> None:
    await _anna_is_known(house)
    await house.touch(Finger("stranger"))
    await _nothing_more(house)

    assert [event["type"] for event in house.events] == ["not_identified", "unreadable"]
    assert house.client.states[TOUCH].attributes["event_type"] == "unreadable"
    assert house.ran == []


async def test_reload_and_reconnect_open_nothing(house: House) -> None:
    await _anna_is_known(house)
    await house.touch(_ANNA)
    await _all_ran(house, 1)
    await house.reload()
    house.installation.broker.kill()
    await house.client.async_until_state(CONNECTIVITY, "off")
    await house.installation.broker.async_start()
    await house.client.async_until_state(CONNECTIVITY, "on", within=60)
    await _nothing_more(house)

    assert sorted(house.ran) == _ALL


async def test_touches_while_home_assistant_is_away_come_late_and_open_nothing(
    house: House,
) -> None:
    await _anna_is_known(house)
    await house.client.async_close()
    house.installation.home_assistant.stop()
    await house.touch(_ANNA)
    await house.touch(Finger("stranger"))
    # Younger ones are live, also if Home Assistant was stopped: only the age matters.
    await asyncio.sleep(LIVE_AGE)
    await house.installation.home_assistant.async_start()
    await house.connect()
    await house.until_available()
    await house.client.async_until(
        lambda states: (
            states.get(LATE_TOUCH) is not None
            and states[LATE_TOUCH].attributes.get("event_type") == "not_identified"
        )
    )
    await _nothing_more(house)

    late = [event for event in house.events if event["type"].startswith("late_")]
    # The first may have been reported before this client was connected.
    assert [event["type"] for event in late][-1] == "late_not_identified"
    assert house.ran == []
    assert house.client.states[LAST_IDENTIFIED].state == "unknown"


async def test_a_touch_that_is_replayed_opens_nothing(house: House) -> None:
    await _anna_is_known(house)
    await house.touch(_ANNA)
    await _all_ran(house, 1)
    message = next(m for m in house.wire.of("fingerprint")[::-1] if m["result"] == "identified")
    told = house.wire.count("fingerprint")
    house.wire.say("fingerprint", message)
    house.wire.say("fingerprint", message, retain=True)
    journaled = {"touch": "00000000000000ee", "boot": None, "at_ms": None}
    house.wire.say("fingerprint", {**message, **journaled})
    # Wait until they have arrived, or they would be taken for the next touch.
    await house.wire.until(lambda wire: wire.count("fingerprint") == told + 3)
    await house.reload()
    house.wire.say("fingerprint", b"", retain=True)
    await _nothing_more(house)

    assert sorted(house.ran) == _ALL
