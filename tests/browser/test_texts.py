"""Names of people, readers and rooms are text, whatever they look like."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.util.yaml import load_yaml_dict
from playwright.async_api import expect

from custom_components.biometric_enroll.markdown import harmless
from tests.browser.house import CARD
from tests.browser.steps import begin, button, enrolled, fingerprints, open_form, title
from tests.browser.test_options_dialog import configure

if TYPE_CHECKING:
    from playwright.async_api import Locator

    from tests.browser.house import CardHouse
    from tests.browser.visit import Visit

pytestmark = pytest.mark.asyncio(loop_scope="session")

ELSEWHERE = "elsewhere.invalid"
NAMES = {
    "html": "\"'><img src=//elsewhere.invalid/a onerror='throw 1'><script>throw 2</script>",
    "template": "{{ 7 * 7 }}{% raw %} ${7*7} {name} %s &lt;b&gt; \\u003cb",
    "markdown": "![a](//elsewhere.invalid/b) [c](http://elsewhere.invalid) www.elsewhere.invalid",
    "svg": "<svg><a href='//elsewhere.invalid'>d</a></svg> <http://elsewhere.invalid> e@f.invalid",
}
GREETING = Path(__file__).parents[2] / "blueprints/automation/biometric_enroll/greet.yaml"


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    named: str = NAMES[request.param]
    return named


@pytest.fixture
def asked(visit: Visit) -> list[str]:
    """Return the addresses elsewhere that the page asks for."""
    addresses: list[str] = []

    def look(address: str) -> None:
        if ELSEWHERE in address:
            addresses.append(address)

    visit.page.on("request", lambda request: look(request.url))
    return addresses


async def expect_text(place: Locator, text: str) -> None:
    """Expect a text as it was typed, but for the invisible joiners, and no link elsewhere."""
    await expect(
        place.get_by_text(text).or_(place.get_by_text(harmless(text))).first
    ).to_be_visible()
    await expect(place.locator(f'[href*="{ELSEWHERE}"], [href^="mailto"]')).to_have_count(0)


async def test_a_name_is_text_in_the_card(
    house: CardHouse, visit: Visit, asked: list[str], name: str
) -> None:
    await house.lay_out({"type": CARD, "device_id": house.device_id, "name": name})
    person = await house.client.async_command(
        type="person/create", name=name, user_id=None, device_trackers=[]
    )
    try:
        card = await visit.overview(name)
        await open_form(card)
        await expect(card.get_by_role("radio", name=name, exact=True)).to_be_visible()
        placement = await begin(house, name)
        await expect(title(card, f"Enrolling {name}")).to_be_visible()
        await placement.go_on()
        await button(card, "Done").click()
        await expect(fingerprints(card, name)).to_have_count(1)
        await button(card, f"Edit {name}, Not specified").click()
        await expect(card.get_by_role("textbox", name="Name")).to_have_value(name)
        await button(card, "Delete").click()
        await expect(card.get_by_text(f"{name}, Not specified")).to_be_visible()
    finally:
        await house.client.async_command(type="person/delete", person_id=person["id"])
        await house.lay_out()
    assert asked == []
    assert name not in house.installation.home_assistant.log()


async def test_a_name_is_text_in_the_dialogs(
    house: CardHouse, visit: Visit, asked: list[str], name: str
) -> None:
    placement = await begin(house, name)
    dialog = await configure(visit)
    await dialog.get_by_text("Show the running enrollment").click()
    await expect_text(dialog, name)
    await placement.go_on()
    await expect(dialog.get_by_text("is stored on")).to_be_visible()
    await expect_text(dialog, name)
    await dialog.get_by_text("Back", exact=True).click()
    await dialog.get_by_text("Fingerprints", exact=True).click()
    await dialog.locator("ha-selector-select").click()
    await visit.page.get_by_text(f"{name} (0)").last.click()
    await dialog.get_by_role("button", name="Next").click()
    await expect_text(dialog, f"{name} (0)")
    await dialog.get_by_text("Change", exact=True).click()
    await expect(dialog.locator("ha-selector-text input")).to_have_value(name)
    await expect_text(dialog, f"{name} (0)")
    assert asked == []


async def test_the_names_of_a_reader_and_of_its_room_are_text_in_a_repair(
    house: CardHouse, visit: Visit, asked: list[str], name: str
) -> None:
    await enrolled(house, name)
    area = await house.client.async_command(type="config/area_registry/create", name=name)
    reader: dict[str, Any] = {
        "type": "config/device_registry/update",
        "device_id": house.device_id,
    }
    await house.client.async_command(**reader, name_by_user=name, area_id=area["area_id"])
    try:
        house.reader.kill()
        with house.reader.sensor_line.hold() as sensor:
            sensor.templates.clear()
        house.reader.start()
        await visit.page.goto(f"{visit.url}/config/repairs")
        await visit.page.get_by_text("Fingerprints are missing on").click()
        dialog = visit.page.locator("dialog-data-entry-flow")
        await expect_text(dialog, f"{name} (0)")
        await expect_text(visit.page.locator("ha-config-repairs"), name)
        await visit.page.goto(f"{visit.url}/config/devices/device/{house.device_id}")
        await expect(visit.page.get_by_text(name).first).to_be_visible()
    finally:
        await house.client.async_command(**reader, name_by_user=None, area_id=None)
        await house.client.async_command(
            type="config/area_registry/delete", area_id=area["area_id"]
        )
    assert asked == []


async def test_a_name_is_text_in_a_notification(
    house: CardHouse, visit: Visit, asked: list[str], name: str
) -> None:
    await house.client.async_command(
        type="execute_script",
        sequence=greeting(),
        variables={"name": name, "reader": name},
    )
    await visit.page.goto(f"{visit.url}/config/integrations/dashboard")
    await visit.page.get_by_text("Notifications", exact=True).first.click()
    drawer = visit.page.locator("notification-drawer")
    await expect(drawer.get_by_text(f"Welcome, {name}!", exact=True)).to_be_visible()
    await expect_text(drawer, name)
    await house.client.async_action("persistent_notification.dismiss_all")
    assert asked == []


def greeting() -> list[dict[str, Any]]:
    """Return what the blueprint does by default."""
    blueprint = load_yaml_dict(GREETING)["blueprint"]
    actions: list[dict[str, Any]] = blueprint["input"]["what"]["input"]["greeting"]["default"]
    return actions
