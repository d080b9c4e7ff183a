from typing import TYPE_CHECKING

from homeassistant.config_entries import ConfigEntryState

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from .fake_reader import FakeReader


async def test_a_reader_that_answers_is_available(
    hass: HomeAssistant, loaded: MockConfigEntry, reader: FakeReader
) -> None:
    assert loaded.state is ConfigEntryState.LOADED
