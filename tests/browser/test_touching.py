"""Somebody touches the reader while the card is in view."""

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from emulator.fingers import Finger, Quality
from tests.browser.steps import enrolled
from tests.browser.visit import shoot
from tests.e2e.bench import LATE_TOUCH, TOUCH

if TYPE_CHECKING:
    from playwright.async_api import Locator

    from tests.browser.house import House
    from tests.browser.visit import Visit

pytestmark = pytest.mark.asyncio(loop_scope="session")

_SHOWN_FOR_MS = 8_000


def _touch(card: Locator) -> Locator:
    """Return where a live touch is shown."""
    return card.locator(".touch")


async def test_a_live_touch_shows_who_it_is_and_how_well_it_matches(
    house: House, visit: Visit
) -> None:
    finger = await enrolled(house, "Anna", "left_thumb", person="person.anna")
    card = await visit.overview()
    await house.bench.touch(finger)

    await expect(_touch(card)).to_contain_text("Anna")
    await expect(_touch(card)).to_contain_text("Left thumb")
    confidence = house.bench.client.states[TOUCH].attributes["confidence"]
    await expect(_touch(card)).to_contain_text(f"Match score {confidence}")
    await shoot(visit.page, "touch")


async def test_a_live_touch_is_shown_for_a_moment_only(house: House, visit: Visit) -> None:
    await visit.page.clock.install()
    finger = await enrolled(house, "Anna")
    card = await visit.overview()
    await house.bench.touch(finger)
    await expect(_touch(card)).to_contain_text("Anna")

    await visit.page.clock.run_for(_SHOWN_FOR_MS)
    await expect(_touch(card)).to_have_count(0)
    await expect(card.get_by_text("Anna", exact=True).first).to_be_visible()


async def test_an_unknown_finger_is_not_recognized(
    house: House, visit: Visit, card: Locator
) -> None:
    await house.bench.touch(house.bench.new_finger())

    await expect(_touch(card)).to_contain_text("Not recognized")
    await expect(_touch(card)).to_contain_text("No stored fingerprint matches")
    await shoot(visit.page, "not-recognized")


async def test_a_finger_that_cannot_be_read_is_told_with_the_reason(
    house: House, card: Locator
) -> None:
    await house.bench.touch(Finger("wet", Quality.TOO_MESSY))

    await expect(_touch(card)).to_contain_text("The finger could not be read")
    await expect(_touch(card)).to_contain_text("Finger too wet or dirty")


async def test_a_touch_of_before_is_not_shown_on_a_page_that_is_opened_later(
    house: House, visit: Visit, card: Locator
) -> None:
    await house.bench.touch(house.bench.new_finger())
    await expect(_touch(card)).to_be_visible()

    card = await visit.overview()
    # At once: to wait until it is gone would take any touch for none.
    assert await _touch(card).count() == 0


async def test_a_late_touch_is_never_shown_as_a_live_one(house: House, visit: Visit) -> None:
    finger = await enrolled(house, "Anna")
    card = await visit.overview()
    bench = house.bench
    await bench.touch(finger)
    await expect(_touch(card)).to_contain_text("Anna")
    card = await visit.overview()
    late = bench.client.states[LATE_TOUCH].state

    # As one that comes out of the reader's journal.
    old = bench.wire.of("fingerprint")[-1]
    bench.wire.say("fingerprint", {**old, "touch": "00000000000000ee", "hello": None})
    await bench.client.async_until_other(LATE_TOUCH, late, lambda state: state.state)
    # What comes afterwards is in view: so would this touch be, if ever.
    await bench.client.async_action(
        "biometric_enroll.update_fingerprint", name="Annabel", template_id=old["template_id"]
    )
    await expect(card.get_by_role("heading", name="Annabel")).to_be_visible()
    assert await _touch(card).count() == 0
