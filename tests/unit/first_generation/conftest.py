"""A reader of the first generation in Home Assistant, with each of the sketches or with one."""

from typing import TYPE_CHECKING

import pytest
from homeassistant.config_entries import ConfigEntryState

from custom_components.biometric_enroll.const import DOMAIN
from tests.support.first_generation.site import OldReader, Site
from tests.support.first_generation.sketch import Sketch

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from homeassistant.core import HomeAssistant

    from tests.support.broker import FakeBroker


@pytest.fixture(params=list(Sketch))
def sketch(request: pytest.FixtureRequest) -> Sketch:
    """Run a test with each of the sketches."""
    found: Sketch = request.param
    return found


@pytest.fixture
async def old(broker: FakeBroker, sketch: Sketch) -> OldReader:
    """Return a reader that has power and answers."""
    return OldReader(broker, sketch)


@pytest.fixture
async def bare_site(hass: HomeAssistant, old: OldReader) -> AsyncGenerator[Site]:
    """Return Home Assistant with the reader's config entry, not set up."""
    yield Site(hass, old)
    for entry in hass.config_entries.async_entries(DOMAIN):
        if entry.state is ConfigEntryState.LOADED:
            await hass.config_entries.async_unload(entry.entry_id)


@pytest.fixture
async def site(bare_site: Site) -> Site:
    """Return Home Assistant with the reader set up and available."""
    await bare_site.set_up()
    return bare_site
