"""Home Assistant is stopped for a minute while people touch the sensor."""

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from emulator.fingers import Finger, Quality
from tests.e2e.database import async_all_recorded, recorded
from tests.support.house import LAST_IDENTIFIED, LATE_TOUCH

if TYPE_CHECKING:
    from tests.support.house import House

pytestmark = pytest.mark.asyncio(loop_scope="session")

_AWAY = 60.0
"""Seconds, from before the first touch."""


async def test_touches_of_a_minute_without_home_assistant_come_late_in_order_and_once(
    house_with_proxies: House,
) -> None:
    house = house_with_proxies
    mira, noah = house.new_finger(), house.new_finger()
    for name, finger in (("Mira", mira), ("Noah", noah)):
        answer = await house.enroll(name, finger)
        assert answer["outcome"] == "completed"
    await async_all_recorded(house)
    before, ran_before = len(_touches(house)), len(recorded(house, "automation_ran"))
    await house.client.async_close()
    house.installation.home_assistant.stop()

    loop = asyncio.get_running_loop()
    back_at = loop.time() + _AWAY
    touched = [mira, noah, mira, mira, Finger("stranger"), noah, mira, noah, noah, mira]
    for finger in touched:
        await house.touch_unheard(finger)
    await house.touch_unheard(Finger("wet", Quality.TOO_MESSY))
    await asyncio.sleep(back_at - loop.time())
    await house.installation.home_assistant.async_start()
    await house.connect()
    await house.until_available()
    await house.client.async_until(
        lambda states: (
            states.get(LATE_TOUCH) is not None
            and states[LATE_TOUCH].attributes.get("event_type") == "unreadable"
        ),
        within=60,
    )

    await async_all_recorded(house)
    told = [(each["type"], each["late_name"]) for each in _touches(house)[before:]]
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
    assert len(recorded(house, "automation_ran")) == ran_before
    assert house.client.states[LAST_IDENTIFIED].state == "unknown"
    counts = {each["name"]: each["count"] for each in await _fingerprints(house)}
    assert (counts["Mira"], counts["Noah"]) == (5, 4)


def _touches(house: House) -> list[dict[str, Any]]:
    """Return the touches that Home Assistant has reported, in all its runs."""
    return [event for event in recorded(house, "biometric_enroll_event") if "confidence" in event]


async def _fingerprints(house: House) -> list[dict[str, Any]]:
    answer = await house.action("get_fingerprints")
    found: list[dict[str, Any]] = answer["fingerprints"]
    return found
