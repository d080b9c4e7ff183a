"""What unit tests ask Home Assistant, and how they wait for it."""

import asyncio
from typing import TYPE_CHECKING, Any

from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er

from custom_components.biometric_enroll import async_setup
from custom_components.biometric_enroll.const import CONF_DEVICE, DOMAIN
from tests.support.reader import DEVICE

if TYPE_CHECKING:
    from collections.abc import Callable

    from homeassistant.core import Context, Event, HomeAssistant, State
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from tests.support.reader import FakeReader


async def async_set_up(hass: HomeAssistant, reader: FakeReader, entry: MockConfigEntry) -> None:
    """Set up a config entry, and wait until its reader has been greeted."""
    greeted = len(reader.heard_of("hello"))
    assert await hass.config_entries.async_setup(entry.entry_id)
    await reader.hears("hello", greeted + 1)
    await hass.async_block_till_done()


def entity_id(hass: HomeAssistant, platform: str, key: str, device: str = DEVICE) -> str:
    """Return the id of an entity of the reader; `key` is that of its description."""
    found = er.async_get(hass).async_get_entity_id(platform, DOMAIN, f"{device}_{key}")
    assert found is not None
    return found


def state(hass: HomeAssistant, platform: str, key: str, device: str = DEVICE) -> State:
    """Return the state of an entity of the reader."""
    found = hass.states.get(entity_id(hass, platform, key, device))
    assert found is not None
    return found


def available(hass: HomeAssistant, device: str = DEVICE) -> bool:
    """Return whether the reader counts as available, after a check that all entities agree."""
    connected = state(hass, "binary_sensor", "connectivity", device).state == "on"
    for platform, key in (
        ("binary_sensor", "enrolling"),
        ("binary_sensor", "sensor"),
        ("button", "identify"),
        ("sensor", "stored_fingerprints"),
    ):
        assert (state(hass, platform, key, device).state != "unavailable") is connected
    return connected


def device_id(hass: HomeAssistant, entry: MockConfigEntry, hardware_id: str | None = None) -> str:
    """Return the registry id of the device of a reader, by its hardware id where that is given."""
    identifier = (DOMAIN, hardware_id or entry.data[CONF_DEVICE])
    device = dr.async_get(hass).async_get_device_by_identifier(identifier, entry.entry_id)
    assert device is not None
    return device.id


async def async_enroll(
    hass: HomeAssistant, entry: MockConfigEntry, context: Context | None = None, **data: Any
) -> dict[str, Any]:
    """Call the action that enrolls Anna's left thumb, or what `data` says; return its response."""
    response = await hass.services.async_call(
        DOMAIN,
        "enroll_fingerprint",
        {"device_id": device_id(hass, entry), "name": "Anna", "finger": "left_thumb", **data},
        blocking=True,
        return_response=True,
        context=context,
    )
    assert response is not None
    return dict(response)


async def async_enrolled(hass: HomeAssistant, entry: MockConfigEntry, reader: FakeReader) -> str:
    """Enroll Anna's left thumb; return the template id."""
    response = await async_enroll(hass, entry)
    for _ in range(3):
        reader.capture()
    await hass.async_block_till_done()
    template_id: str = response["template_id"]
    return template_id


async def async_restart(hass: HomeAssistant, entry: MockConfigEntry, reader: FakeReader) -> None:
    """Restart Home Assistant, as far as the integration can tell."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    # What it had in memory is gone; what it has saved, it reads again.
    assert await async_setup(hass, {})
    await async_set_up(hass, reader, entry)


async def async_fingerprints(
    hass: HomeAssistant, entry: MockConfigEntry, context: Context | None = None
) -> list[dict[str, Any]]:
    """Return what the action `get_fingerprints` lists."""
    response = await hass.services.async_call(
        DOMAIN,
        "get_fingerprints",
        {"device_id": device_id(hass, entry)},
        blocking=True,
        return_response=True,
        context=context,
    )
    assert response is not None
    found: Any = response["fingerprints"]
    return list(found)


async def async_until(hass: HomeAssistant, true: Callable[[], bool]) -> None:
    """Wait for what becomes true with a change of any state."""
    news = asyncio.Event()

    @callback
    def note(_: Event[Any]) -> None:
        news.set()

    stop = hass.bus.async_listen(EVENT_STATE_CHANGED, note)
    try:
        async with asyncio.timeout(5):
            while not true():
                news.clear()
                await news.wait()
    finally:
        stop()
