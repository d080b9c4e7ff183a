"""What the tests of repair issues share."""

from typing import TYPE_CHECKING

import pytest
from homeassistant.setup import async_setup_component

from tests.unit.repairs.site import (
    Site,
)

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry
    from pytest_homeassistant_custom_component.typing import (
        ClientSessionGenerator,
    )

    from tests.support.reader import FakeReader


@pytest.fixture
async def site(
    hass: HomeAssistant,
    reader: FakeReader,
    loaded: MockConfigEntry,
    hass_client: ClientSessionGenerator,
) -> Site:
    """Return the reader in use, with nothing wrong."""
    for component in ("repairs", "websocket_api"):
        assert await async_setup_component(hass, component, {})
    return Site(hass, reader, loaded, await hass_client())
