"""A reader of the first generation in Home Assistant, with each of the sketches or with one."""

from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest

from custom_components.biometric_enroll.legacy import enroller
from tests.support.first_generation.home import FakeFirstGenerationReader, FirstGenerationHome
from tests.support.first_generation.sketch import Sketch

if TYPE_CHECKING:
    from collections.abc import Generator

    from homeassistant.core import HomeAssistant

    from tests.support.broker import FakeBroker


@pytest.fixture(params=list(Sketch))
def sketch(request: pytest.FixtureRequest) -> Sketch:
    """Run a test with each of the sketches."""
    found: Sketch = request.param
    return found


@pytest.fixture
async def first_gen(broker: FakeBroker, sketch: Sketch) -> FakeFirstGenerationReader:
    """Return a reader that has power and answers."""
    return FakeFirstGenerationReader(broker, sketch)


@pytest.fixture
async def new_home(
    hass: HomeAssistant, first_gen: FakeFirstGenerationReader
) -> FirstGenerationHome:
    """Return Home Assistant with the reader's config entry, not set up."""
    return FirstGenerationHome(hass, first_gen)


@pytest.fixture
async def home(new_home: FirstGenerationHome) -> FirstGenerationHome:
    """Return Home Assistant with the reader set up and available."""
    await new_home.set_up()
    return new_home


@pytest.fixture
def short_scans(impatient: None) -> Generator[None]:
    """Let the longest time for a scan be over soon."""
    with patch.object(enroller, "SILENCE", -119.7):
        yield
