"""Permissions: every user sees the card, and only some may change anything."""

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.browser.steps import (
    PLACE,
    begin,
    button,
    choice,
    enrolled,
    fingerprints,
    open_form,
    shows,
    start,
    title,
)
from tests.browser.visit import shoot
from tests.support.finger_placement import FingerPlacement
from tests.support.house import ENROLLING

if TYPE_CHECKING:
    from tests.browser.conftest import Welcome
    from tests.browser.house import CardHouse

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_who_is_no_administrator_sees_but_cannot_change(
    house: CardHouse, welcome: Welcome
) -> None:
    await enrolled(house, "Anna", "left_thumb", person="person.anna")
    visit = await welcome(house.tablet)
    card = await visit.look()
    await button(card, "Done").click()

    await expect(fingerprints(card, "Anna")).to_contain_text(["Left thumb"])
    await expect(card.get_by_role("button")).to_have_count(0)
    await shoot(visit.page, "tablet")


async def test_who_is_no_administrator_sees_an_enrollment_but_cannot_end_or_repeat_it(
    house: CardHouse, welcome: Welcome
) -> None:
    visit = await welcome(house.tablet)
    card = await visit.overview()
    await begin(house, "Anna")

    await shows(card, PLACE, 0)
    await expect(title(card, "Enrolling Anna")).to_be_visible()
    await expect(card.get_by_role("button")).to_have_count(0)
    await house.action("cancel_enrollment")
    await expect(title(card, "Cancelled")).to_be_visible()
    await expect(button(card, "Try again")).to_have_count(0)


async def test_who_was_allowed_to_enroll_may_do_that_and_nothing_else(
    house: CardHouse, welcome: Welcome
) -> None:
    await enrolled(house, "Anna", "left_thumb", person="person.anna")
    placement = FingerPlacement(house.reader.sensor_line, house.new_finger())
    async with house.allowing(house.tablet):
        card = await (await welcome(house.tablet)).overview()
        await start(card, "Ben", "Right thumb")
        await shows(card, PLACE, 0)
        await button(card, "Cancel").click()
        await button(card, "Try again").click()
        await shows(card, PLACE, 0)
        await placement.go_on()
        await button(card, "Done").click()

        await expect(fingerprints(card, "Ben")).to_contain_text(["Right thumb"])
        await expect(card.get_by_role("button")).to_have_text(["Enroll a fingerprint"])


async def test_a_permission_that_was_taken_away_is_gone_at_once(
    house: CardHouse, welcome: Welcome
) -> None:
    async with house.allowing(house.tablet):
        card = await (await welcome(house.tablet)).overview()
        await open_form(card)
        await choice(card, "Anna").click()
    await button(card, "Start").click()

    await expect(card.get_by_role("alert")).not_to_be_empty()
    assert house.client.states[ENROLLING].state == "off"
