"""Home Assistant is away for a minute, and people go on touching the sensor."""

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from emulator.fingers import Finger, Quality
from tests.e2e.bench import LAST_IDENTIFIED, LATE_TOUCH
from tests.e2e.database import async_all_recorded, recorded

if TYPE_CHECKING:
    from tests.e2e.bench import Bench

pytestmark = pytest.mark.asyncio(loop_scope="session")

_AWAY = 60.0
"""Seconds, from before the first touch."""


async def test_touches_of_a_minute_without_home_assistant_come_late_in_order_and_once(
    bench_on_lines: Bench,
) -> None:
    bench = bench_on_lines
    mira, noah = bench.new_finger(), bench.new_finger()
    for name, finger in (("Mira", mira), ("Noah", noah)):
        answer = await bench.enroll(name, finger)
        assert answer["outcome"] == "completed"
    await async_all_recorded(bench)
    before, ran_before = len(_touches(bench)), len(recorded(bench, "automation_ran"))
    await bench.client.async_close()
    bench.stage.home_assistant.stop()

    loop = asyncio.get_running_loop()
    back_at = loop.time() + _AWAY
    touched = [mira, noah, mira, mira, Finger("stranger"), noah, mira, noah, noah, mira]
    for finger in touched:
        await bench.touch_unheard(finger)
    await bench.touch_unheard(Finger("wet", Quality.TOO_MESSY))
    await asyncio.sleep(back_at - loop.time())
    await bench.stage.home_assistant.async_start()
    await bench.connect()
    await bench.until_available()
    await bench.client.async_until(
        lambda states: (
            states.get(LATE_TOUCH) is not None
            and states[LATE_TOUCH].attributes.get("event_type") == "unreadable"
        ),
        within=60,
    )

    await async_all_recorded(bench)
    told = [(each["type"], each["late_name"]) for each in _touches(bench)[before:]]
    assert told == [
        *(
            ("late_not_identified", None)
            if finger.name == "stranger"
            else ("late_identified", "Mira" if finger == mira else "Noah")
            for finger in touched
        ),
        ("late_unreadable", None),
    ]
    # However an automation listens, and also while Home Assistant was starting.
    assert len(recorded(bench, "automation_ran")) == ran_before
    assert bench.client.states[LAST_IDENTIFIED].state == "unknown"
    counts = {each["name"]: each["count"] for each in await _fingerprints(bench)}
    assert (counts["Mira"], counts["Noah"]) == (5, 4)


def _touches(bench: Bench) -> list[dict[str, Any]]:
    """Return the touches that Home Assistant told, in all its runs."""
    return [event for event in recorded(bench, "biometric_enroll_event") if "confidence" in event]


async def _fingerprints(bench: Bench) -> list[dict[str, Any]]:
    answer = await bench.action("get_fingerprints")
    found: list[dict[str, Any]] = answer["fingerprints"]
    return found
