"""axe-core finds no violation in any view of the card, in the light theme and in the dark one."""

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser.axe import violations
from tests.browser.steps import PLACE, begin, button, choice, enrolled, open_form, shows, title
from tests.browser.visit import Looks

if TYPE_CHECKING:
    from playwright.async_api import Locator

    from tests.browser.conftest import Welcome
    from tests.browser.house import CardHouse
    from tests.browser.visit import Visit

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session", params=["light", "dark"])
async def visit(request: pytest.FixtureRequest, welcome: Welcome) -> Visit:
    """Return a visit by the owner, in the light theme and in the dark one."""
    return await welcome(looks=Looks(scheme=request.param))


async def test_the_overview_is_accessible(house: CardHouse, visit: Visit) -> None:
    await enrolled(house, "Anna", "left_thumb", person="person.anna")
    disabled = await enrolled(house, "Window cleaner")
    card = await visit.overview()
    await button(card, "Edit Window cleaner, Not specified").click()
    await card.get_by_role("checkbox").uncheck()
    await button(card, "Save").click()
    await expect(card.get_by_text("Disabled", exact=True)).to_be_visible()
    await house.touch(disabled)
    await expect(card.locator(".touch")).to_be_visible()

    assert await violations(card) == []


async def test_an_empty_overview_of_a_reader_that_is_away_is_accessible(
    house: CardHouse, card: Locator
) -> None:
    house.reader.kill()
    await expect(card.get_by_text("Offline", exact=True)).to_be_visible()

    assert await violations(card) == []


async def test_the_form_to_enroll_is_accessible(house: CardHouse, visit: Visit) -> None:
    await enrolled(house, "Anna", "left_thumb", person="person.anna")
    card = await visit.overview()
    await open_form(card)
    await choice(card, "Right thumb").click()
    assert await violations(card) == []

    await choice(card, "Someone else").click()
    await card.get_by_role("textbox", name="Name").fill("unknown")
    await button(card, "Start").click()
    await expect(card.get_by_role("alert")).to_be_visible()
    assert await violations(card) == []


async def test_an_enrollment_and_its_end_are_accessible(house: CardHouse, card: Locator) -> None:
    placement = await begin(house, "Anna", finger="left_thumb")
    await shows(card, PLACE, 0)
    assert await violations(card) == []

    await placement.go_on()
    await expect(title(card, "Enrolled")).to_be_visible()
    assert await violations(card) == []


async def test_an_enrollment_that_has_failed_is_accessible(house: CardHouse, card: Locator) -> None:
    await begin(house, "Anna", scan_timeout=5)
    await expect(title(card, "Not enrolled")).to_be_visible()

    assert await violations(card) == []


async def test_managing_is_accessible(house: CardHouse, visit: Visit) -> None:
    await enrolled(house, "Anna", "left_thumb")
    card = await visit.overview()
    await button(card, "Edit Anna, Left thumb").click()
    await expect(title(card, "Edit fingerprint")).to_be_visible()
    assert await violations(card) == []

    await button(card, "Delete").click()
    await expect(title(card, "Delete this fingerprint?")).to_be_visible()
    assert await violations(card) == []
