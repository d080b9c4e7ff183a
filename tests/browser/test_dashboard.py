"""How the card is added to a dashboard: picked, suggested, configured, and loaded twice."""

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser.house import BACK, CARD, DASHBOARD
from tests.browser.steps import PLACE, begin, shows, title
from tests.browser.visit import shoot

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from playwright.async_api import Locator

    from tests.browser.house import CardHouse
    from tests.browser.visit import Visit

pytestmark = pytest.mark.asyncio(loop_scope="session")

_LOAD_AGAIN = """async () => {
    const loaded = performance.getEntriesByType("resource").map(({ name }) => name);
    const ours = loaded.find((name) => name.endsWith("/loader.js"));
    await import(ours.replace("loader.js", "loader.js?another"));
    await import(ours.replace("loader.js", "card.js?another"));
    return window.customCards.filter(({ type }) => type === "biometric-enroll-card").length;
}"""


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def _dashboard(house: CardHouse) -> AsyncGenerator[None]:
    """Restore the dashboard afterwards."""
    yield
    await house.lay_out()


@pytest_asyncio.fixture(loop_scope="session")
async def dialog(visit: Visit) -> Locator:
    """Return the dialog that offers cards for the dashboard."""
    page = visit.page
    await page.goto(f"{visit.url}/{DASHBOARD}/0?edit=1")
    await page.get_by_role("button", name="Add card").first.click()
    return page.locator("hui-dialog-create-card")


async def test_the_card_is_picked_from_its_preview_and_set_up_in_a_form(
    house: CardHouse, visit: Visit, dialog: Locator
) -> None:
    await dialog.get_by_role("tab", name="By card").click()
    await dialog.get_by_placeholder("Search cards").fill("biometric")
    offer = dialog.locator(".card").filter(has_text="Biometric Enroll")
    await expect(offer.get_by_role("heading", name="Front door")).to_be_visible()
    await shoot(visit.page, "picker")
    # The preview itself cannot be clicked.
    await offer.locator(".overlay").click()

    editor = visit.page.locator("hui-dialog-edit-card")
    await editor.get_by_role("textbox", name="Name").fill("Garage")
    await expect(editor.get_by_role("heading", name="Garage")).to_be_visible()
    await editor.locator("ha-device-picker").get_by_text("Front door").click()
    await editor.get_by_text("Back door", exact=True).click()
    await shoot(visit.page, "editor")
    await editor.get_by_role("button", name="Save").click()
    on_dashboard = visit.page.locator("hui-view").get_by_role("heading", name="Garage")
    await expect(on_dashboard).to_be_visible()

    garage = {"type": CARD, "device_id": house.back_device_id, "name": "Garage"}
    assert garage in await house.cards()


async def test_the_card_is_suggested_for_what_belongs_to_a_reader(
    visit: Visit, dialog: Locator
) -> None:
    await dialog.get_by_placeholder("Search entities").fill("Touch")
    await dialog.get_by_text("Touch", exact=True).first.click()

    await expect(dialog.get_by_role("button", name="Biometric Enroll")).to_be_visible()
    await expect(dialog.locator("biometric-enroll-card")).to_contain_text("Online")
    await shoot(visit.page, "suggestion")


async def test_the_card_is_not_suggested_for_anything_else(dialog: Locator) -> None:
    await dialog.get_by_placeholder("Search entities").fill("Anna")
    await dialog.get_by_text("Anna", exact=True).first.click()

    await expect(dialog.get_by_role("button", name="Tile")).to_be_visible()
    await expect(dialog.get_by_role("button", name="Biometric Enroll")).to_have_count(0)


async def test_a_module_that_is_loaded_twice_does_no_harm(
    house: CardHouse, visit: Visit, card: Locator
) -> None:
    assert await visit.page.evaluate(_LOAD_AGAIN) == 1

    await begin(house, "Anna")
    await shows(card, PLACE, 0)


async def test_a_card_without_a_reader_says_what_to_do(house: CardHouse, visit: Visit) -> None:
    await house.lay_out({"type": CARD}, {"type": CARD, "device_id": "of a reader that is gone"})
    await visit.page.goto(f"{visit.url}/{DASHBOARD}/0")
    unset, gone = (visit.page.locator("biometric-enroll-card").nth(at) for at in (0, 1))

    await expect(unset).to_contain_text("Choose a fingerprint reader")
    await expect(gone).to_contain_text("This reader is not set up")


async def test_a_card_without_a_heading_has_the_name_of_its_reader(
    house: CardHouse, visit: Visit
) -> None:
    await house.lay_out({"type": CARD, "device_id": house.back_device_id})
    await visit.page.goto(f"{visit.url}/{DASHBOARD}/0")

    await expect(title(visit.page.locator("biometric-enroll-card"), BACK)).to_be_visible()
