"""The card in Chromium 92, to which Home Assistant serves its legacy build, as on old wall tablets."""

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser.steps import PLACE, begin, button, choice, enrolled, open_form, shows, title
from tests.browser.visit import Visit, open_old_browser, shoot

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from playwright.async_api import Browser, Locator

    from tests.browser.house import CardHouse

pytestmark = pytest.mark.asyncio(loop_scope="session")

_STYLE = "(element, name) => getComputedStyle(element)[name]"
_NOTHING = "rgba(0, 0, 0, 0)"


@pytest_asyncio.fixture(loop_scope="session")
async def browser() -> AsyncGenerator[Browser]:
    """Return an old browser in the place of the usual one."""
    async with open_old_browser() as browser:
        yield browser


async def _style(element: Locator, name: str) -> str:
    found: str = await element.evaluate(_STYLE, name)
    return found


async def test_the_form_shows_hands_and_fingers_and_what_is_chosen(
    house: CardHouse, browser: Browser, visit: Visit
) -> None:
    assert browser.version.startswith("92.")
    await enrolled(house, "Anna", "left_thumb", person="person.anna")
    card = await visit.overview()
    assert await visit.page.evaluate("window.latestJS") is None
    await open_form(card)
    chosen, other = choice(card, "Anna"), choice(card, "Ben")
    await chosen.click()
    await choice(card, "Right thumb").click()
    await visit.page.mouse.move(0, 0)
    await shoot(visit.page, "old-form")

    assert await _style(chosen, "borderColor") != await _style(other, "borderColor")
    assert await _style(chosen, "backgroundColor") != await _style(other, "backgroundColor")
    palm, plain = card.locator(".palm").first, choice(card, "Left index finger")
    thumb, known = choice(card, "Right thumb"), choice(card, "Left thumb, already enrolled")
    looks = [await _style(each, "backgroundColor") for each in (palm, plain, thumb, known)]
    assert _NOTHING not in looks
    assert len({*looks}) == 4
    hand = await card.get_by_role("group", name="Left hand").bounding_box()
    assert hand is not None
    assert hand["height"] == pytest.approx(hand["width"], abs=1)


async def test_the_keyboard_shows_where_it_is(visit: Visit) -> None:
    card = await visit.overview()
    await open_form(card)
    await card.get_by_role("radio", name="Anna").focus()

    assert await _style(choice(card, "Anna"), "outlineStyle") == "solid"
    assert await _style(choice(card, "Ben"), "outlineStyle") == "none"


async def test_a_finger_is_enrolled_and_deleted(house: CardHouse, visit: Visit) -> None:
    card = await visit.overview()
    placement = await begin(house, "Anna", finger="left_thumb")
    await shows(card, PLACE, 0)
    current = card.locator(".current")
    assert await _style(current, "stroke") != await _style(card.locator(".segment").last, "stroke")
    await shoot(visit.page, "old-enrolling")
    await placement.go_on()
    await expect(title(card, "Enrolled")).to_be_visible()
    await button(card, "Done").click()

    await button(card, "Edit Anna, Left thumb").click()
    delete = button(card, "Delete")
    assert await _style(delete, "backgroundColor") != await _style(
        button(card, "Back"), "backgroundColor"
    )
    await delete.click()
    await delete.click()
    await expect(card.get_by_text("No finger is enrolled yet.")).to_be_visible()
