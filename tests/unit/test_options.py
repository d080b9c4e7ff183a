"""What a user decides about a reader, and that it holds at once."""

from typing import TYPE_CHECKING

from custom_components.biometric_enroll.const import CONF_SCAN_TIMEOUT, CONF_SCANS
from tests.unit.helpers import async_enroll

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from tests.unit.fake_reader import FakeReader


async def test_the_form_offers_what_holds_now_and_keeps_what_is_chosen(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    form = await hass.config_entries.options.async_init(loaded.entry_id)
    assert form["step_id"] == "reader"
    schema = form["data_schema"]
    assert schema is not None
    usual = schema({})
    assert usual == {"min_confidence": 0, "live_limit": 5.0, "scans": 3, "scan_timeout": 30}
    chosen = {**usual, "min_confidence": 80, "live_limit": 3}
    await hass.config_entries.options.async_configure(form["flow_id"], chosen)
    assert loaded.options == chosen


async def test_an_enrollment_is_done_as_the_options_say_where_the_action_does_not(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    reader.identity["max_scans"] = 7
    hass.config_entries.async_update_entry(loaded, options={CONF_SCANS: 5, CONF_SCAN_TIMEOUT: 60})
    await async_enroll(hass, loaded)
    reader.end("cancelled")
    await hass.async_block_till_done()
    await async_enroll(hass, loaded, scans=4)
    asked = [(each["total"], each["scan_timeout_s"]) for each in reader.heard_of("start")]
    assert asked == [(5, 60), (4, 60)]
