"""What a user decides about a reader, and that it holds at once."""

from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.auth.const import GROUP_ID_ADMIN, GROUP_ID_USER
from homeassistant.helpers.selector import SelectSelector
from pytest_homeassistant_custom_component.common import MockUser

from custom_components.biometric_enroll.const import CONF_ENROLLERS, CONF_SCAN_TIMEOUT, CONF_SCANS
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
    assert usual == {
        "min_confidence": 0,
        "live_limit": 5.0,
        "scans": 3,
        "scan_timeout": 30,
        "enrollers": [],
    }
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


# Who may enroll


async def async_user(
    hass: HomeAssistant, name: str, group: str = GROUP_ID_USER, **user: Any
) -> MockUser:
    """Add a user of Home Assistant."""
    found = await hass.auth.async_get_group(group)
    assert found is not None
    return MockUser(name=name, groups=[found], **user).add_to_hass(hass)


async def async_offered(
    hass: HomeAssistant, entry: MockConfigEntry
) -> tuple[str, list[str], list[str]]:
    """Open the form; return its flow, who may be chosen, by name, and whose ids are chosen."""
    form = await hass.config_entries.options.async_init(entry.entry_id)
    schema = form["data_schema"]
    assert schema is not None
    [(key, selector)] = [each for each in schema.schema.items() if each[0] == CONF_ENROLLERS]
    assert isinstance(selector, SelectSelector)
    offers: list[Any] = list(selector.config["options"])
    names = [offer["label"] for offer in offers]
    return form["flow_id"], names, key.description["suggested_value"]


@pytest.fixture
async def tablet(hass: HomeAssistant) -> MockUser:
    """Return a user who is no administrator."""
    return await async_user(hass, "Tablet")


async def test_users_who_are_no_administrators_may_be_chosen_by_name(
    hass: HomeAssistant, loaded: MockConfigEntry, tablet: MockUser
) -> None:
    await async_user(hass, "anna")
    await async_user(hass, "Boss", GROUP_ID_ADMIN)
    await async_user(hass, "Former", is_active=False)
    await async_user(hass, "Machine", system_generated=True)
    flow_id, names, chosen = await async_offered(hass, loaded)
    assert (names, chosen) == (["anna", "Tablet"], [])
    await hass.config_entries.options.async_configure(flow_id, {CONF_ENROLLERS: [tablet.id]})
    assert loaded.options[CONF_ENROLLERS] == [tablet.id]


async def test_who_is_chosen_stays_on_offer_and_who_is_gone_drops_out(
    hass: HomeAssistant, loaded: MockConfigEntry, tablet: MockUser
) -> None:
    """An administrator of today may be none tomorrow, and a disabled user may come back."""
    boss = await async_user(hass, "Boss", GROUP_ID_ADMIN)
    former = await async_user(hass, "Former", is_active=False)
    chosen = [boss.id, "gone", former.id, tablet.id]
    hass.config_entries.async_update_entry(loaded, options={CONF_ENROLLERS: chosen})
    flow_id, names, still = await async_offered(hass, loaded)
    assert names == ["Boss", "Former", "Tablet"]
    assert still == [boss.id, former.id, tablet.id]
    await hass.config_entries.options.async_configure(flow_id, {CONF_ENROLLERS: still})
    assert loaded.options[CONF_ENROLLERS] == still
