"""Home Assistant reloads its own MQTT, as it does when a user changes the broker settings."""

from typing import TYPE_CHECKING

import pytest

from emulator.fingers import Finger
from tests.e2e.bench import TOUCH

if TYPE_CHECKING:
    from tests.e2e.bench import Bench

pytestmark = pytest.mark.asyncio(loop_scope="session")

_EVE = Finger("eve")


async def test_touches_are_shown_after_mqtt_and_then_the_reader_were_reloaded(
    bench: Bench,
) -> None:
    """Home Assistant's MQTT forgets, over a reload of its own, how to unsubscribe us."""
    answer = await bench.enroll("Eve", _EVE)
    assert answer["outcome"] == "completed"
    [mqtt] = await bench.client.async_command(type="config_entries/get", domain="mqtt")
    await bench.client.async_action("homeassistant.reload_config_entry", entry_id=mqtt["entry_id"])
    await bench.until_available()
    await bench.reload()
    bench.events.clear()

    before = bench.client.states[TOUCH]
    await bench.touch(_EVE)
    await bench.client.async_until(lambda _: bool(bench.events))
    await bench.client.async_until(lambda _: bench.client.states[TOUCH] != before, within=5)
    assert bench.client.states[TOUCH].attributes["event_type"] == "identified"
    assert [event["type"] for event in bench.events] == ["identified"]
