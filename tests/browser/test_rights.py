"""Who may do what: everybody sees, and only some may change."""

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.browser.steps import PLACE, begin, button, enrolled, fingerprints, shows, title
from tests.browser.visit import shoot

if TYPE_CHECKING:
    from tests.browser.conftest import Welcome
    from tests.browser.house import House

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_who_is_no_administrator_sees_but_cannot_change(
    house: House, welcome: Welcome
) -> None:
    await enrolled(house, "Anna", "left_thumb", person="person.anna")
    visit = await welcome(house.tablet)
    card = await visit.look()
    await button(card, "Done").click()

    await expect(fingerprints(card, "Anna")).to_contain_text(["Left thumb"])
    await expect(card.get_by_role("button")).to_have_count(0)
    await shoot(visit.page, "tablet")


async def test_who_is_no_administrator_sees_an_enrollment_but_cannot_end_or_repeat_it(
    house: House, welcome: Welcome
) -> None:
    visit = await welcome(house.tablet)
    card = await visit.overview()
    await begin(house, "Anna")

    await shows(card, PLACE, 0)
    await expect(title(card, "Enrolling Anna")).to_be_visible()
    await expect(card.get_by_role("button")).to_have_count(0)
    await house.bench.action("cancel_enrollment")
    await expect(title(card, "Cancelled")).to_be_visible()
    await expect(button(card, "Try again")).to_have_count(0)
