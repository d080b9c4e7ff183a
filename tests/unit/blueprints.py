"""The blueprints of this repository, at work in Home Assistant's own automations."""

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import PropertyMock, patch

from homeassistant.components.blueprint.models import DomainBlueprints
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component

from custom_components.biometric_enroll.const import DOMAIN

if TYPE_CHECKING:
    from collections.abc import Generator

    from homeassistant.core import HomeAssistant


FOLDER = Path(__file__).parents[2] / "blueprints" / "automation"
AUTOMATION = "automation.under_test"


@contextmanager
def blueprints_at_home() -> Generator[None]:
    """Let Home Assistant find the blueprints as if they had been copied into its configuration."""
    with patch.object(
        DomainBlueprints, "blueprint_folder", new_callable=PropertyMock, return_value=FOLDER
    ):
        yield


async def async_automate(hass: HomeAssistant, blueprint: str, **inputs: Any) -> None:
    """Have an automation made from a blueprint, as the automation editor would save it."""
    config = {
        "id": "under_test",
        "alias": "Under test",
        "use_blueprint": {"path": f"biometric_enroll/{blueprint}.yaml", "input": inputs},
    }
    with blueprints_at_home():
        assert await async_setup_component(hass, "automation", {"automation": [config]})
        await hass.async_block_till_done()
    state = hass.states.get(AUTOMATION)
    assert state is not None
    assert state.state == "on"


def reader_device(hass: HomeAssistant, hardware_id: str) -> str:
    """Return the registry id of the device of a reader."""
    registry = dr.async_get(hass)
    (found,) = (
        device.id for device in registry.devices if (DOMAIN, hardware_id) in device.identifiers
    )
    return found


def rename_entities(hass: HomeAssistant) -> None:
    """Give every entity of the readers an entity id that tells nothing."""
    registry = er.async_get(hass)
    ours = [entry for entry in registry.entities.values() if entry.platform == DOMAIN]
    for number, entry in enumerate(ours):
        registry.async_update_entity(
            entry.entity_id, new_entity_id=f"{entry.domain}.renamed_{number}"
        )
