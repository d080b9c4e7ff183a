"""The Biometric Enroll integration: enroll fingers, and identify who touches which reader."""

from datetime import timedelta
from typing import TYPE_CHECKING

from homeassistant.components import mqtt
from homeassistant.const import Platform
from homeassistant.exceptions import ConfigEntryNotReady, HomeAssistantError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.event import async_track_time_interval

from . import card, storage, subjects
from .const import DOMAIN
from .coordinator import ReaderCoordinator
from .services import async_setup_services

if TYPE_CHECKING:
    from datetime import datetime

    from homeassistant.core import HomeAssistant
    from homeassistant.helpers.typing import ConfigType

    from .coordinator import BiometricEnrollConfigEntry

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)

PLATFORMS = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.EVENT,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
]

_DAY = timedelta(days=1)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:  # noqa: ARG001
    """Load the stores that all readers share, and register the actions and the card."""
    # First: a page that is loaded before this never learns of the card.
    await card.async_offer(hass)
    await storage.async_load(hass)
    async_setup_services(hass)
    subjects.async_unlink_when_removed(hass)

    async def expire(_: datetime) -> None:
        await storage.async_expire(hass)

    await storage.async_expire(hass)
    async_track_time_interval(hass, expire, _DAY, cancel_on_shutdown=True)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: BiometricEnrollConfigEntry) -> bool:
    """Set up one reader."""
    if not await mqtt.async_wait_for_mqtt_client(hass):
        raise _no_broker()
    # If it was added again, the names that it had when it was removed must no longer expire.
    await storage.async_expire(hass)
    entry.runtime_data = ReaderCoordinator(hass, entry)
    # The entities first: they must receive what arrives right after subscribing.
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    try:
        await entry.runtime_data.async_subscribe()
    except HomeAssistantError as err:
        # MQTT was unloaded meanwhile. Home Assistant does not undo a failed setup.
        await async_unload_entry(hass, entry)
        raise _no_broker() from err
    return True


async def async_unload_entry(hass: HomeAssistant, entry: BiometricEnrollConfigEntry) -> bool:
    """Unload one reader."""
    entry.runtime_data.unsubscribe()
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: BiometricEnrollConfigEntry) -> None:
    """Start the period after which the names of a removed reader are forgotten."""
    # A disabled entry can be removed while the integration is not set up.
    if storage.DATA_REGISTRY in hass.data:
        await storage.async_expire(hass, without=entry)


def _no_broker() -> ConfigEntryNotReady:
    return ConfigEntryNotReady(translation_domain=DOMAIN, translation_key="broker_unavailable")
