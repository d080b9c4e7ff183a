"""What the tests of repair issues share."""

from typing import TYPE_CHECKING

import pytest
from homeassistant.setup import async_setup_component

from tests.unit.repairs.home import RepairsHome

if TYPE_CHECKING:
    from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

    from tests.support.home import Home


@pytest.fixture
async def home(home: Home, hass_client: ClientSessionGenerator) -> RepairsHome:
    """Return the reader in use, with nothing wrong, and the page of repair issues."""
    for component in ("repairs", "websocket_api"):
        assert await async_setup_component(home.hass, component, {})
    return RepairsHome(home.hass, home.reader, home.entry, await hass_client())
