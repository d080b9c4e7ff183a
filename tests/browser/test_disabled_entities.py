"""What the card shows when the user has disabled some entities of the reader."""

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.browser.steps import (
    PLACE,
    begin,
    button,
    enrolled,
    fingerprints,
    last_identified,
    shows,
    title,
)
from tests.browser.visit import shoot
from tests.support.house import CONNECTIVITY, ENROLLMENT, LAST_IDENTIFIED, STORED

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from tests.browser.house import CardHouse
    from tests.browser.visit import Visit

pytestmark = pytest.mark.asyncio(loop_scope="session")

_DISABLED = "The entity Enrollment of this reader is disabled"


@asynccontextmanager
async def _disabled(house: CardHouse, *entity_ids: str) -> AsyncGenerator[None]:
    """Disable entities, and enable them again at the end."""

    async def change(disabled_by: str | None) -> None:
        for entity_id in entity_ids:
            await house.client.async_command(
                type="config/entity_registry/update",
                entity_id=entity_id,
                disabled_by=disabled_by,
            )

    await change("user")
    try:
        yield
    finally:
        await change(None)
        # Otherwise Home Assistant does it half a minute later.
        await house.reload()


async def test_without_enrollment_the_card_says_which_entity_to_enable_and_shows_the_rest(
    house: CardHouse, visit: Visit
) -> None:
    await enrolled(house, "Anna", "left_thumb")
    card = await visit.overview()
    async with _disabled(house, ENROLLMENT):
        await expect(card.get_by_text(_DISABLED)).to_be_visible()
        await expect(button(card, "Enroll a fingerprint")).to_have_count(0)
        await expect(card.get_by_text("Online", exact=True)).to_be_visible()
        await expect(fingerprints(card, "Anna")).to_have_count(1)
        await shoot(visit.page, "without-enrollment")
        card = await visit.look()
        await expect(card.get_by_text(_DISABLED)).to_be_visible()
        await button(card, "Edit Anna, Left thumb").click()
        await expect(button(card, "Delete")).to_be_visible()
        await button(card, "Back").click()

    await expect(button(card, "Enroll a fingerprint")).to_be_visible()


async def test_without_connectivity_other_entities_tell_whether_the_reader_is_there(
    house: CardHouse, visit: Visit
) -> None:
    async with _disabled(house, CONNECTIVITY):
        card = await visit.overview()
        await expect(card.get_by_text("Online", exact=True)).to_be_visible()
        await expect(button(card, "Enroll a fingerprint")).to_be_visible()
        house.reader.kill()
        await expect(card.get_by_text("Offline", exact=True)).to_be_visible()
        house.reader.start()
        await expect(card.get_by_text("Online", exact=True)).to_be_visible()


async def test_without_all_that_is_not_vital_fingers_are_enrolled_and_deleted(
    house: CardHouse, visit: Visit
) -> None:
    async with _disabled(house, CONNECTIVITY, LAST_IDENTIFIED, STORED):
        card = await visit.overview()
        await expect(last_identified(card)).to_contain_text("Nobody yet")
        placement = await begin(house, "Anna", finger="left_thumb")
        await shows(card, PLACE, 0)
        await placement.go_on()
        await expect(title(card, "Enrolled")).to_be_visible()
        await button(card, "Done").click()
        await expect(fingerprints(card, "Anna")).to_have_count(1)
        await button(card, "Edit Anna, Left thumb").click()
        await button(card, "Delete").click()
        await button(card, "Delete").click()
        await expect(card.get_by_text("No finger is enrolled yet.")).to_be_visible()
