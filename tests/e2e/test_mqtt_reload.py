"""Home Assistant reloads its own MQTT, as it does when a user changes the broker settings."""

from typing import TYPE_CHECKING

import pytest

from emulator.fingers import Finger
from tests.support.house import TOUCH

if TYPE_CHECKING:
    from tests.support.house import House

pytestmark = pytest.mark.asyncio(loop_scope="session")

_EVE = Finger("eve")


async def test_touches_are_shown_after_mqtt_and_then_the_reader_were_reloaded(house: House) -> None:
    """After a reload of its own, Home Assistant's MQTT cannot remove our subscriptions."""
    answer = await house.enroll("Eve", _EVE)
    assert answer["outcome"] == "completed"
    [mqtt] = await house.client.async_command(type="config_entries/get", domain="mqtt")
    await house.client.async_action("homeassistant.reload_config_entry", entry_id=mqtt["entry_id"])
    await house.until_available()
    await house.reload()
    house.events.clear()

    before = house.client.states[TOUCH]
    await house.touch(_EVE)
    await house.client.async_until(lambda _: bool(house.events))
    await house.client.async_until(lambda _: house.client.states[TOUCH] != before, within=5)
    assert house.client.states[TOUCH].attributes["event_type"] == "identified"
    assert [event["type"] for event in house.events] == ["identified"]
