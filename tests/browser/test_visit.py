"""The fixtures of the browser tests: visits have the requested page, and report its errors."""

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.browser.axe import violations
from tests.browser.visit import Looks

if TYPE_CHECKING:
    from tests.browser.conftest import Welcome
    from tests.browser.house import CardHouse

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_visit_is_that_of_the_account_and_the_language_it_begins_with(
    house: CardHouse, welcome: Welcome
) -> None:
    german = Looks(language="de")
    owner, tablet = await welcome(looks=german), await welcome(house.tablet, german)
    for visit in (owner, tablet):
        await visit.look()

    await expect(owner.page.get_by_role("link", name="Demo")).to_be_visible()
    await expect(owner.page.get_by_role("link", name="Einstellungen")).to_be_visible()
    await expect(tablet.page.get_by_role("link", name="Wall tablet")).to_be_visible()
    await expect(tablet.page.get_by_role("link", name="Einstellungen")).to_have_count(0)


async def test_errors_of_a_page_are_recorded(welcome: Welcome) -> None:
    visit = await welcome()
    await visit.look()

    async with visit.page.expect_event("pageerror"):
        await visit.page.evaluate("void setTimeout(() => { throw new Error('broken'); })")
    async with visit.page.expect_event("console"):
        await visit.page.evaluate("console.error('biometric-enroll-card is broken')")
    async with visit.page.expect_event("console"):
        await visit.page.evaluate("console.error('another card is broken')")

    first, second = visit.errors
    visit.errors.clear()
    assert "broken" in first
    assert "biometric-enroll-card is broken" in second


async def test_axe_finds_what_is_wrong_deep_in_shadow_roots(welcome: Welcome) -> None:
    visit = await welcome()
    await visit.look()
    view = visit.page.locator("hui-view")
    before = await violations(view)
    await view.locator("hui-card").first.evaluate(
        "(element) => element.append(document.createElement('button'))"
    )

    after = await violations(view)

    assert len(after) == len(before) + 1
    assert any(told.startswith("button-name: ") for told in after)
