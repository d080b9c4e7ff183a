"""These tests run in virtual time, with a reader of version 1 or of the first generation."""

from typing import TYPE_CHECKING

import pytest

from tests.support.clock import pytest_asyncio_loop_factories, virtual_time
from tests.support.first_generation.home import FakeFirstGenerationReader, FirstGenerationHome
from tests.support.first_generation.sketch import Sketch

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

    from tests.support.broker import FakeBroker

__all__ = ["pytest_asyncio_loop_factories", "virtual_time"]


@pytest.fixture
async def first_gen(broker: FakeBroker) -> FakeFirstGenerationReader:
    """Return a reader of the first generation that has power and answers."""
    return FakeFirstGenerationReader(broker, Sketch.LATER)


@pytest.fixture
async def first_gen_home(
    hass: HomeAssistant, first_gen: FakeFirstGenerationReader
) -> FirstGenerationHome:
    """Return Home Assistant with that reader set up and available."""
    home = FirstGenerationHome(hass, first_gen)
    await home.set_up()
    return home
