"""What the card shows while the reader is unavailable."""

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.browser.steps import PLACE_AGAIN, begin, button, enrolled, fingerprints, shows, title
from tests.browser.visit import shoot
from tests.support.finger_placement import ScanStep

if TYPE_CHECKING:
    from playwright.async_api import Locator

    from tests.browser.house import CardHouse
    from tests.browser.visit import Visit

pytestmark = pytest.mark.asyncio(loop_scope="session")

_AWAY = "The reader does not answer."


async def test_an_unavailable_reader_is_shown_as_such_and_nothing_is_offered_that_would_fail(
    house: CardHouse, visit: Visit
) -> None:
    await enrolled(house, "Anna", "left_thumb")
    card = await visit.overview()
    house.reader.kill()

    await expect(card.get_by_text("Offline", exact=True)).to_be_visible()
    await expect(card.get_by_text(_AWAY)).to_be_visible()
    await expect(button(card, "Enroll a fingerprint")).to_have_count(0)
    await shoot(visit.page, "away")
    await button(card, "Edit Anna, Left thumb").click()
    await expect(button(card, "Save")).to_be_visible()
    await expect(button(card, "Delete")).to_have_count(0)
    await button(card, "Back").click()

    house.reader.start()
    await expect(card.get_by_text("Online", exact=True)).to_be_visible()
    await expect(button(card, "Enroll a fingerprint")).to_be_visible()


async def test_a_reader_that_loses_power_in_the_middle_says_so_when_it_is_back(
    house: CardHouse, card: Locator
) -> None:
    placement = await begin(house, "Anna")
    await placement.go_on(ScanStep.PLACE_2)
    await shows(card, PLACE_AGAIN, 1)
    house.reader.kill()

    await expect(card.get_by_text(_AWAY)).to_be_visible()
    await expect(button(card, "Cancel")).to_have_count(0)

    house.reader.sensor_line.lift()
    house.reader.start()
    await expect(title(card, "Not enrolled")).to_be_visible()
    await expect(
        card.get_by_text("The reader restarted during the enrollment.", exact=True)
    ).to_be_visible()
    await expect(button(card, "Try again")).to_be_visible()


async def test_a_form_that_is_open_when_the_reader_goes_away_comes_back_with_what_was_typed(
    house: CardHouse, card: Locator
) -> None:
    await button(card, "Enroll a fingerprint").click()
    await card.get_by_role("radio", name="Someone else").locator("xpath=..").click()
    await card.get_by_role("textbox", name="Name").fill("Window cleaner")
    house.reader.kill()
    await expect(card.get_by_text(_AWAY)).to_be_visible()
    await expect(button(card, "Start")).to_have_count(0)

    house.reader.start()
    await expect(card.get_by_role("textbox", name="Name")).to_have_value("Window cleaner")


async def test_a_disabled_reader_is_shown_as_such_and_comes_back_by_itself(
    house: CardHouse, visit: Visit
) -> None:
    await enrolled(house, "Anna", "left_thumb")
    await visit.overview()
    card = visit.page.locator("biometric-enroll-card").first
    await house.disable(disabled=True)
    try:
        await expect(card).to_contain_text("This reader is not set up, or not loaded.")
        await expect(card.get_by_role("button")).to_have_count(0)
    finally:
        await house.disable(disabled=False)

    await expect(card.get_by_text("Online", exact=True)).to_be_visible()
    await expect(fingerprints(card, "Anna")).to_have_count(1)
    await expect(button(card, "Enroll a fingerprint")).to_be_visible()
