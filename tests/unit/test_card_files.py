"""The dashboard card as Home Assistant serves it, and the words it shares with the integration.

What it shows and does is tested in a real browser, see tests/browser/.
"""

import json
import re
import shutil
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
    from pathlib import Path

    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

FOLDER = PACKAGE / "frontend"
MODULES = {file.name: file.read_text() for file in FOLDER.glob("*.js")}
SOURCE = "\n".join(MODULES.values())
MOST_BYTES = 64_000
"""Of all modules together: a tablet parses them at each load. They travel compressed."""
MOST_LINES = 400
"""Of one module: more asks for a better cut."""


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
    assert re.fullmatch(r"/biometric_enroll/[0-9a-f]{12}/loader\.js", url)
    client = await hass_client()
    for name, content in MODULES.items():
        response = await client.get(url.replace("loader.js", name))
        assert response.status == HTTPStatus.OK
        assert "javascript" in response.headers["Content-Type"]
        assert await response.text() == content
        assert response.headers["Content-Encoding"] in {"deflate", "gzip"}
    response = await client.get(url.replace("loader.js", "types.d.ts"))
    assert response.status == HTTPStatus.NOT_FOUND


@pytest.mark.usefixtures("with_frontend")
async def test_an_address_keeps_its_content_while_an_update_waits_for_the_restart(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Else browsers would keep the new one at the old address, also when it was taken back."""
    served = tmp_path / "loader.js"
    served.write_text("before")
    monkeypatch.setattr(card, "_FOLDER", tmp_path)
    await card.async_offer(hass)
    (url,) = hass.data[DATA_EXTRA_MODULE_URL].urls
    served.write_text("updated")
    response = await (await hass_client()).get(url)
    assert await response.text() == "before"


@pytest.mark.usefixtures("with_frontend")
async def test_another_content_of_any_module_has_another_address(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    await card.async_offer(hass)
    shutil.copytree(FOLDER, tmp_path, dirs_exist_ok=True)
    (tmp_path / "style.js").write_text(MODULES["style.js"] + "\n")
    monkeypatch.setattr(card, "_FOLDER", tmp_path)
    await card.async_offer(hass)
    assert len(hass.data[DATA_EXTRA_MODULE_URL].urls) == 2


async def test_an_installation_without_a_frontend_has_no_use_for_the_card(
    hass: HomeAssistant,
) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    assert DATA_EXTRA_MODULE_URL not in hass.data


def test_the_modules_are_small_and_ask_nobody_else() -> None:
    assert len(SOURCE.encode()) <= MOST_BYTES
    assert max(content.count("\n") for content in MODULES.values()) <= MOST_LINES
    imported = re.findall(r"""(?:\bfrom |\bimport\()["']([^"']+)""", SOURCE)
    assert {*imported} - {"./types"} == {f"./{name}" for name in MODULES if name != "loader.js"}
    # The only address is the name of a language, which no browser asks for.
    assert re.findall(r"\w+://[^\"`\s]+", SOURCE) == ["http://www.w3.org/2000/svg"]


def test_nothing_is_defined_before_the_app_has_chosen_the_registry() -> None:
    """Before 2026.11 the app exchanges it: defined at once, the card would be in the old one."""
    loader = MODULES["loader.js"]
    assert re.findall(r'^import .* from "(.*)";', loader, re.MULTILINE) == ["./names.js"]
    assert "import" not in re.sub(r"/\*.*?\*/|//.*", "", MODULES["names.js"], flags=re.DOTALL)
    assert 'whenDefined("home-assistant")\n  .then(() => import("./card.js"))' in loader


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
    assert len(asked) == 9
    assert asked <= described
    # The one without a text of its own is the one that the card takes for Connectivity.
    assert [each.key for each in BINARY_SENSORS if not each.translation_key] == ["connectivity"]


def test_the_card_knows_why_images_are_rejected() -> None:
    assert {*constant("HINTS")} == {*Rejection}


def test_the_note_about_a_disabled_entity_calls_it_by_its_name() -> None:
    name = TEXTS["entity"]["sensor"]["enrollment"]["name"]
    assert f"entity {name} " in TEXTS["common"]["enrollment_missing"]


def test_a_name_can_be_as_long_in_the_card_as_in_the_actions() -> None:
    assert f"maxlength: {LONGEST_NAME}," in SOURCE
