"""The card in Chromium 92, to which Home Assistant serves its legacy build, as on old wall tablets.

Playwright's locators ask a browser for more than that one can do, so these tests look by script.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import pytest
import pytest_asyncio

from tests.browser.house import DASHBOARD
from tests.browser.steps import PLACE, begin, enrolled
from tests.browser.visit import Visit, open_old_browser, shoot

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from playwright.async_api import Browser, Page

    from tests.browser.house import CardHouse

pytestmark = pytest.mark.asyncio(loop_scope="session")

_FIND = """window.inCard = (selector, text) => {
    const roots = (root) => [root, ...[...root.querySelectorAll("*")].flatMap(
        (element) => element.shadowRoot ? roots(element.shadowRoot) : [])];
    const card = roots(document).map((root) => root.querySelector("biometric-enroll-card"))
        .find(Boolean);
    return [...(card ? card.shadowRoot.querySelectorAll(selector) : [])]
        .find((element) => element.textContent.includes(text));
}"""
_NOTHING = "rgba(0, 0, 0, 0)"


@pytest_asyncio.fixture(loop_scope="session")
async def browser() -> AsyncGenerator[Browser]:
    """Return an old browser in the place of the usual one."""
    async with open_old_browser() as browser:
        yield browser


@dataclass(frozen=True, slots=True)
class _Card:
    """The first card of a page; what is in it is named by a CSS selector and its text."""

    page: Page

    @classmethod
    async def look(cls, visit: Visit) -> Self:
        """Open the dashboard."""
        await visit.page.add_init_script(_FIND)
        await visit.page.goto(f"{visit.url}/{DASHBOARD}/0")
        card = cls(visit.page)
        await card.until("h2", "Front door")
        return card

    async def until(self, selector: str, text: str = "") -> None:
        """Wait until there is such an element."""
        await self.page.wait_for_function("(what) => inCard(...what)", arg=[selector, text])

    async def click(self, selector: str, text: str = "") -> None:
        """Click on an element as soon as it is there."""
        await self.until(selector, text)
        await self.page.evaluate("(what) => inCard(...what).click()", [selector, text])

    async def style(self, name: str, selector: str, text: str = "") -> str:
        """Return what an element's computed style has under a name."""
        await self.until(selector, text)
        script = "([name, ...what]) => getComputedStyle(inCard(...what))[name]"
        found: str = await self.page.evaluate(script, [name, selector, text])
        return found

    async def open_form(self) -> None:
        """Open the form to enroll, after putting away how the last enrollment has ended."""
        await self.until("button", "n")
        if await self.page.evaluate("Boolean(inCard('button', 'Done'))"):
            await self.click("button", "Done")
        await self.click("button", "Enroll a fingerprint")


async def test_the_form_shows_hands_and_fingers_and_what_is_chosen(
    house: CardHouse, browser: Browser, visit: Visit
) -> None:
    assert browser.version.startswith("92.")
    await enrolled(house, "Anna", "left_thumb", person="person.anna")
    card = await _Card.look(visit)
    assert not await visit.page.evaluate("window.latestJS")
    await card.open_form()
    await card.click(".chip", "Anna")
    await card.click(".finger[title='Right thumb']")
    await card.until(".finger[title='Left thumb, already enrolled']")
    await shoot(visit.page, "old-form")

    for name in ("borderTopColor", "backgroundColor"):
        assert await card.style(name, ".chip", "Anna") != await card.style(name, ".chip", "Ben")
    fingers = ("Left index finger", "Right thumb", "Left thumb, already enrolled")
    drawn = [".palm", *(f".finger[title='{finger}']" for finger in fingers)]
    colors = [await card.style("backgroundColor", each) for each in drawn]
    assert _NOTHING not in colors
    assert len({*colors}) == len(colors)
    assert await card.style("width", ".hand") == await card.style("height", ".hand") != "0px"


@pytest.mark.usefixtures("house")
async def test_the_keyboard_shows_where_it_is(visit: Visit) -> None:
    card = await _Card.look(visit)
    await card.open_form()
    await visit.page.evaluate("inCard('.chip', 'Anna').firstElementChild.focus()")

    assert await card.style("outlineStyle", ".chip", "Anna") == "solid"
    assert await card.style("outlineStyle", ".chip", "Ben") == "none"


async def test_a_finger_is_enrolled_and_deleted(house: CardHouse, visit: Visit) -> None:
    card = await _Card.look(visit)
    placement = await begin(house, "Anna", finger="left_thumb")
    await card.until(".sentence", PLACE)
    waiting = ".segment:not(.current)"
    assert await card.style("stroke", ".current") != await card.style("stroke", waiting)
    await shoot(visit.page, "old-enrolling")
    await placement.go_on()
    await card.until("h3", "Enrolled")
    await card.click("button", "Done")

    await card.click("button[aria-label='Edit Anna, Left thumb']")
    usual = await card.style("backgroundColor", "button", "Back")
    assert await card.style("backgroundColor", "button", "Delete") not in {usual, _NOTHING}
    await card.click("button", "Delete")
    await card.until("h3", "Delete this fingerprint?")
    await card.click("button", "Delete")
    await card.until(".panel", "No finger is enrolled yet.")
