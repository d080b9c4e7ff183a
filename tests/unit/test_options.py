"""The options of a reader, which take effect at once."""

from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.auth.const import GROUP_ID_ADMIN, GROUP_ID_USER
from homeassistant.data_entry_flow import FlowResultType
from pytest_homeassistant_custom_component.common import MockUser

from custom_components.biometric_enroll.const import CONF_ENROLLERS, CONF_SCAN_TIMEOUT, CONF_SCANS
from tests.unit.dialog import Dialog

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

    from tests.support.home import Home
    from tests.support.reader import FakeReader


async def test_the_form_offers_what_holds_now_and_keeps_what_is_chosen(home: Home) -> None:
    dialog = await Dialog.open(home.hass, home.entry, "reader")
    usual = dialog.step["data_schema"]({})
    assert usual == {
        "min_confidence": 0,
        "live_limit": 5.0,
        "scans": 3,
        "scan_timeout": 30,
        "enrollers": [],
    }
    chosen = {**usual, "min_confidence": 80, "live_limit": 3}
    await dialog.submit(**chosen)
    assert dialog.step["type"] is FlowResultType.CREATE_ENTRY
    assert home.entry.options == chosen


async def test_the_menu_offers_what_can_be_done_now(home: Home) -> None:
    dialog = await Dialog.open(home.hass, home.entry)
    assert dialog.menu == ["enroll", "fingerprints", "reader"]
    await home.enroll()
    dialog = await Dialog.open(home.hass, home.entry)
    assert dialog.menu == ["watch", "cancel", "fingerprints", "reader"]


async def test_a_reader_that_is_not_loaded_has_only_its_settings(home: Home) -> None:
    assert await home.unload()
    dialog = await Dialog.open(home.hass, home.entry)
    assert dialog.step_id == "reader"
    await dialog.submit(min_confidence=80)
    assert home.entry.options["min_confidence"] == 80


async def test_an_enrollment_is_done_as_the_options_say_where_the_action_does_not(
    home: Home, reader: FakeReader
) -> None:
    reader.identity["max_scans"] = 7
    home.set_options({CONF_SCANS: 5, CONF_SCAN_TIMEOUT: 60})
    await home.enroll()
    reader.end("cancelled")
    await home.settle()
    await home.enroll(scans=4)
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


@pytest.fixture
async def tablet(hass: HomeAssistant) -> MockUser:
    """Return a user who is no administrator."""
    return await async_user(hass, "Tablet")


async def test_users_who_are_no_administrators_may_be_chosen_by_name(
    hass: HomeAssistant, home: Home, tablet: MockUser
) -> None:
    await async_user(hass, "anna")
    await async_user(hass, "Boss", GROUP_ID_ADMIN)
    await async_user(hass, "Former", is_active=False)
    await async_user(hass, "Machine", system_generated=True)
    dialog = await Dialog.open(hass, home.entry, "reader")
    assert list(dialog.offers(CONF_ENROLLERS)) == ["anna", "Tablet"]
    assert dialog.suggested == {CONF_ENROLLERS: []}
    await dialog.submit(enrollers=[tablet.id])
    assert home.entry.options[CONF_ENROLLERS] == [tablet.id]


async def test_who_is_chosen_stays_on_offer_and_who_is_gone_drops_out(
    hass: HomeAssistant, home: Home, tablet: MockUser
) -> None:
    """Administrators may lose their rights later, and disabled users may be enabled again."""
    boss = await async_user(hass, "Boss", GROUP_ID_ADMIN)
    former = await async_user(hass, "Former", is_active=False)
    chosen = [boss.id, "gone", former.id, tablet.id]
    home.set_options({CONF_ENROLLERS: chosen})
    dialog = await Dialog.open(hass, home.entry, "reader")
    assert list(dialog.offers(CONF_ENROLLERS)) == ["Boss", "Former", "Tablet"]
    still = [boss.id, former.id, tablet.id]
    assert dialog.suggested == {CONF_ENROLLERS: still}
    await dialog.submit(enrollers=still)
    assert home.entry.options[CONF_ENROLLERS] == still
