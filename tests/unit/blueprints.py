"""The blueprints of this repository, used by automations of Home Assistant."""

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import PropertyMock, patch

from homeassistant.components.blueprint.models import DomainBlueprints
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import async_mock_service

from custom_components.biometric_enroll.const import DOMAIN

if TYPE_CHECKING:
    from collections.abc import Generator

    from homeassistant.core import HomeAssistant

    from tests.support.home import Home

FOLDER = Path(__file__).parents[2] / "blueprints" / "automation"
AUTOMATION = "automation.under_test"

LOCK = "lock.any"
PANEL = "alarm_control_panel.any"
ACTS: dict[str, tuple[str, dict[str, Any]]] = {
    "open_lock": ("lock.unlock", {"locks": [LOCK]}),
    "disarm_alarm": ("alarm_control_panel.alarm_disarm", {"panel": PANEL}),
    "greet": ("test.greet", {"greeting": [{"action": "test.greet"}]}),
}
"""What each blueprint calls, and the inputs that only it has."""


@contextmanager
def blueprints_at_home() -> Generator[None]:
    """Let Home Assistant find the blueprints as if they had been copied into its configuration."""
    with patch.object(
        DomainBlueprints, "blueprint_folder", new_callable=PropertyMock, return_value=FOLDER
    ):
        yield


async def async_automate(hass: HomeAssistant, blueprint: str, **inputs: Any) -> None:
    """Create an automation from a blueprint, as the automation editor would save it."""
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


class Acting:
    """A blueprint that acts on identified people at the front door, with Anna enrolled there."""

    def __init__(self, home: Home, blueprint: str, anna: str) -> None:
        """Record the calls of its action; there is no automation yet."""
        self.home, self.blueprint, self.anna = home, blueprint, anna
        domain, action = ACTS[blueprint][0].split(".")
        self.calls = async_mock_service(home.hass, domain, action)

    async def automate(self, **inputs: Any) -> None:
        """Create an automation from it."""
        usual = {"readers": [self.home.device_id], **ACTS[self.blueprint][1]}
        await async_automate(self.home.hass, self.blueprint, **{**usual, **inputs})

    async def touch(self, **changes: Any) -> str:
        """Touch the reader with Anna's finger, or as `changes` say; return the id of the touch."""
        touch = self.home.reader.touch(**{"template_id": self.anna, **changes})
        await self.home.settle()
        return touch


def rename_entities(hass: HomeAssistant) -> None:
    """Give every entity of the readers a meaningless entity id."""
    registry = er.async_get(hass)
    ours = [entry for entry in registry.entities.values() if entry.platform == DOMAIN]
    for number, entry in enumerate(ours):
        registry.async_update_entity(
            entry.entity_id, new_entity_id=f"{entry.domain}.renamed_{number}"
        )
