"""The dashboard card as Home Assistant serves it, and the words it shares with the integration.

What it shows and does is tested in a real browser, see tests/browser/.
"""

import json
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.components.frontend import DATA_EXTRA_MODULE_URL
from homeassistant.setup import async_setup_component

from custom_components.biometric_enroll import card
from custom_components.biometric_enroll.binary_sensor import BINARY_SENSORS
from custom_components.biometric_enroll.client.enrollment import REASONS
from custom_components.biometric_enroll.const import DOMAIN, FINGERS
from custom_components.biometric_enroll.event import EVENTS
from custom_components.biometric_enroll.protocol.words import Rejection, Stage
from custom_components.biometric_enroll.sensor import SENSORS
from custom_components.biometric_enroll.subjects import LONGEST_NAME
from custom_components.biometric_enroll.switch import SWITCHES
from tests.unit.translation_files import PACKAGE, TEXTS

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

MODULE = PACKAGE / "frontend" / "biometric-enroll-card.js"
SOURCE = MODULE.read_text()


def constant(name: str) -> Any:
    """Return a constant of the card that is a list or a table of words."""
    found = re.search(rf"const {name} = (.*?);", SOURCE)
    assert found
    return json.loads(re.sub(r"(\w+):(?= )", r'"\1":', found[1]).replace(" }", "}"))


@pytest.fixture
async def with_frontend(hass: HomeAssistant) -> None:
    """Have a frontend, as every installation that people look at."""
    assert await async_setup_component(hass, "frontend", {})


@pytest.mark.usefixtures("with_frontend")
async def test_every_page_loads_the_card_from_an_address_that_changes_with_its_content(
    hass: HomeAssistant, hass_client: ClientSessionGenerator
) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    (url,) = hass.data[DATA_EXTRA_MODULE_URL].urls
    assert re.fullmatch(r"/biometric_enroll/[0-9a-f]{12}/biometric-enroll-card\.js", url)
    response = await (await hass_client()).get(url)
    assert response.status == HTTPStatus.OK
    assert "javascript" in response.headers["Content-Type"]
    assert await response.text() == SOURCE


@pytest.mark.usefixtures("with_frontend")
async def test_an_address_keeps_its_content_while_an_update_waits_for_the_restart(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Any,
) -> None:
    """Else browsers would keep the new one at the old address, also when it was taken back."""
    served = tmp_path / MODULE.name
    served.write_text(SOURCE)
    monkeypatch.setattr(card, "_FILE", served)
    await card.async_offer(hass)
    (url,) = hass.data[DATA_EXTRA_MODULE_URL].urls
    served.write_text("updated")
    response = await (await hass_client()).get(url)
    assert await response.text() == SOURCE


@pytest.mark.usefixtures("with_frontend")
async def test_another_content_has_another_address(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    await card.async_offer(hass)
    changed = tmp_path / MODULE.name
    changed.write_text(SOURCE + "\n")
    monkeypatch.setattr(card, "_FILE", changed)
    await card.async_offer(hass)
    assert len(hass.data[DATA_EXTRA_MODULE_URL].urls) == 2


async def test_an_installation_without_a_frontend_has_no_use_for_the_card(
    hass: HomeAssistant,
) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    assert DATA_EXTRA_MODULE_URL not in hass.data


def test_the_card_is_one_module_of_at_most_40_kb_that_asks_nobody_else() -> None:
    assert len(MODULE.read_bytes()) <= 40_000
    assert not re.findall(r"^\s*(?:import|export)\b|import\(|require\(", SOURCE, re.MULTILINE)
    # The only address is the name of a language, which no browser asks for.
    assert re.findall(r"\w+://[^\"`\s]+", SOURCE) == ["http://www.w3.org/2000/svg"]


def test_each_text_of_the_card_exists_and_none_is_left_over() -> None:
    texts = TEXTS["common"]
    used = set(re.findall(r'"([a-z_]+)"', SOURCE)) & texts.keys()
    used |= {f"hint_{rejection}" for rejection in Rejection}
    used |= {f"reason_{reason}" for reason in REASONS}
    used |= {f"stage_{stage}" for stage in (*constant("RUNNING"), "completed", "cancelled")}
    used |= {"left_hand", "right_hand", "card_description"}
    assert used == texts.keys()
    asked = set(re.findall(r'(?:\btext\(|button\(card, )"([a-z_]+)"', SOURCE))
    assert asked <= texts.keys()
    assert len(asked) > 20


def test_the_card_knows_the_stages_and_the_fingers() -> None:
    assert {"idle", *constant("RUNNING"), *constant("ENDED")} == {*Stage}
    assert constant("SIGNS").keys() == {*constant("ENDED")}
    fingers = {f"{side}_{name}" for side in ("left", "right") for name in constant("FINGERS")}
    assert fingers == {*FINGERS}


def test_the_card_finds_the_entities_by_what_they_tell() -> None:
    described = {
        *(f"sensor.{each.translation_key}" for each in SENSORS),
        *(f"event.{each.translation_key}" for each in EVENTS),
        *(f"switch.{each.translation_key}" for each in SWITCHES),
        *(f"binary_sensor.{each.translation_key or ''}" for each in BINARY_SENSORS),
    }
    asked = set(re.findall(r'state\("([^"]+)"\)', SOURCE))
    assert len(asked) == 7
    assert asked <= described
    # The one without a text of its own is the one that the card takes for Connectivity.
    assert [each.key for each in BINARY_SENSORS if not each.translation_key] == ["connectivity"]


def test_a_name_can_be_as_long_in_the_card_as_in_the_actions() -> None:
    assert f"maxlength: {LONGEST_NAME}," in SOURCE
