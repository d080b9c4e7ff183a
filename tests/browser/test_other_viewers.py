"""Pages that are opened during an enrollment, or after it, show the same as the first one."""

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.browser.steps import (
    LIFT,
    PLACE,
    PLACE_AGAIN,
    begin,
    button,
    enrolled,
    fingerprints,
    shows,
    title,
)
from tests.support.finger_placement import ScanStep

if TYPE_CHECKING:
    from playwright.async_api import Locator

    from tests.browser.conftest import Welcome
    from tests.browser.house import CardHouse
    from tests.browser.visit import Visit

pytestmark = pytest.mark.asyncio(loop_scope="session")

_OVERVIEW = "Last identified"
_SHOWN_FOR_MS = 60_000


async def test_a_page_loaded_again_in_the_middle_shows_the_same(
    house: CardHouse, visit: Visit, card: Locator
) -> None:
    placement = await begin(house, "Anna", finger="left_thumb")
    await placement.go_on(ScanStep.LIFT_2)
    await shows(card, LIFT, 2)

    card = await visit.look()
    await expect(title(card, "Enrolling Anna")).to_be_visible()
    await expect(card.get_by_text("Left thumb", exact=True)).to_be_visible()
    await shows(card, LIFT, 2)
    await placement.go_on()
    await shows(card, "The reader now recognizes this finger.", 3)


async def test_a_page_whose_clock_is_ahead_does_not_show_a_timeout(
    house: CardHouse, visit: Visit
) -> None:
    placement = await begin(house, "Anna")
    await visit.live_later(timedelta(hours=5))
    card = await visit.look()
    await shows(card, PLACE, 0)
    await expect(card.get_by_role("timer")).to_have_count(0)

    # This stage is received live, so the remaining time is known.
    await placement.go_on(ScanStep.PLACE_2)
    await shows(card, PLACE_AGAIN, 1)
    await expect(card.get_by_role("timer")).to_have_text(re.compile("^[1-9]"))


async def test_a_second_browser_in_the_middle_shows_the_same(
    house: CardHouse, welcome: Welcome, card: Locator
) -> None:
    placement = await begin(house, "Anna")
    await placement.go_on(ScanStep.PLACE_2)
    other = await (await welcome()).look()

    for each in (card, other):
        await expect(title(each, "Enrolling Anna")).to_be_visible()
        await shows(each, PLACE_AGAIN, 1)
    await button(other, "Cancel").click()
    for each in (card, other):
        await expect(title(each, "Cancelled")).to_be_visible()


async def test_a_recent_end_is_shown_on_a_page_that_is_opened_later(
    house: CardHouse, visit: Visit
) -> None:
    await enrolled(house, "Anna")
    card = await visit.look()

    await expect(title(card, "Enrolled")).to_be_visible()
    await button(card, "Done").click()
    await expect(card.get_by_text(_OVERVIEW)).to_be_visible()
    await expect(fingerprints(card, "Anna")).to_have_count(1)


async def test_an_end_of_long_ago_is_not_shown(house: CardHouse, visit: Visit) -> None:
    await enrolled(house, "Anna")
    await visit.live_later()
    card = await visit.look()

    await expect(card.get_by_text(_OVERVIEW)).to_be_visible()
    await expect(title(card, "Enrolled")).to_have_count(0)


async def test_an_end_is_hidden_by_itself(house: CardHouse, visit: Visit) -> None:
    card = await visit.overview()
    await visit.page.clock.install()
    await enrolled(house, "Anna")
    await expect(title(card, "Enrolled")).to_be_visible()

    await visit.page.clock.run_for(_SHOWN_FOR_MS)
    await expect(title(card, "Enrolled")).to_have_count(0)
    await expect(card.get_by_text(_OVERVIEW)).to_be_visible()
