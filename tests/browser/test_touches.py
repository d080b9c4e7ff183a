"""What the card shows when the reader is touched."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import expect

from emulator.fingers import Finger, Quality
from tests.browser.steps import enrolled, last_identified
from tests.browser.visit import shoot
from tests.support.house import LAST_IDENTIFIED, LATE_TOUCH, TOUCH

if TYPE_CHECKING:
    from playwright.async_api import Locator

    from tests.browser.house import CardHouse
    from tests.browser.visit import Visit

pytestmark = pytest.mark.asyncio(loop_scope="session")

_SHOWN_FOR_MS = 8_000
_CHANGED_AT = "id => document.querySelector('home-assistant').hass.states[id].last_changed"
_CHANGED_SINCE = "([id, before]) => (" + _CHANGED_AT + ")(id) !== before"


def _touch(card: Locator) -> Locator:
    """Return where a live touch is shown."""
    return card.locator(".touch")


async def test_a_live_touch_shows_who_it_is_and_how_well_it_matches(
    house: CardHouse, visit: Visit
) -> None:
    finger = await enrolled(house, "Anna", "left_thumb", person="person.anna")
    card = await visit.overview()
    await house.touch(finger)

    await expect(_touch(card)).to_contain_text("Anna")
    await expect(_touch(card)).to_contain_text("Left thumb")
    confidence = house.client.states[TOUCH].attributes["confidence"]
    await expect(_touch(card)).to_contain_text(f"Confidence {confidence}")
    await shoot(visit.page, "touch")


async def test_who_was_identified_last_is_still_known_after_a_reload(
    house: CardHouse, visit: Visit
) -> None:
    """The sensor forgets it, the fingerprints say when each was used."""
    finger = await enrolled(house, "Anna", "left_thumb")
    await house.touch(finger)
    await house.client.async_until_state(LAST_IDENTIFIED, "Anna")
    await house.reload()
    card = await visit.overview()

    await expect(last_identified(card)).to_contain_text("Anna")
    await expect(last_identified(card)).to_contain_text("this minute")
    assert house.client.states[LAST_IDENTIFIED].state == "unknown"


async def test_a_live_touch_is_shown_for_a_moment_only(house: CardHouse, visit: Visit) -> None:
    finger = await enrolled(house, "Anna")
    card = await visit.overview()
    await visit.page.clock.install()
    await house.touch(finger)
    await expect(_touch(card)).to_contain_text("Anna")

    await visit.page.clock.run_for(_SHOWN_FOR_MS)
    await expect(_touch(card)).to_have_count(0)
    await expect(card.get_by_text("Anna", exact=True).first).to_be_visible()


async def test_a_tablet_that_slept_after_a_touch_does_not_show_it_when_it_wakes(
    house: CardHouse, visit: Visit, card: Locator
) -> None:
    await house.touch(house.new_finger())
    await expect(_touch(card)).to_be_visible()

    # Only the clock has advanced.
    await visit.live_later(timedelta(milliseconds=_SHOWN_FOR_MS))
    await expect(_touch(card)).to_have_count(0, timeout=_SHOWN_FOR_MS / 2)


async def test_an_unknown_finger_is_not_recognized(
    house: CardHouse, visit: Visit, card: Locator
) -> None:
    await house.touch(house.new_finger())

    await expect(_touch(card)).to_contain_text("Not recognized")
    await expect(_touch(card)).to_contain_text("No stored fingerprint matches")
    await shoot(visit.page, "not-recognized")


async def test_a_finger_that_cannot_be_read_is_told_with_the_reason(
    house: CardHouse, card: Locator
) -> None:
    await house.touch(Finger("wet", Quality.TOO_MESSY))

    await expect(_touch(card)).to_contain_text("The finger could not be read")
    await expect(_touch(card)).to_contain_text("Finger too wet or dirty")


async def test_an_earlier_touch_is_not_shown_on_a_page_that_is_opened_later(
    house: CardHouse, visit: Visit, card: Locator
) -> None:
    await house.touch(house.new_finger())
    await expect(_touch(card)).to_be_visible()

    card = await visit.overview()
    # Checked at once: a wait until it is gone would also pass if the touch were shown.
    assert await _touch(card).count() == 0


async def test_a_late_touch_is_never_shown_as_a_live_one(house: CardHouse, visit: Visit) -> None:
    finger = await enrolled(house, "Anna")
    card = await visit.overview()
    await house.touch(finger)
    await expect(_touch(card)).to_contain_text("Anna")
    card = await visit.overview()
    late = house.client.states[LATE_TOUCH].state

    # As a touch from the reader's journal.
    old = house.wire.of("fingerprint")[-1]
    journaled = {"touch": "00000000000000ee", "boot": None, "at_ms": None}
    house.wire.say("fingerprint", {**old, **journaled})
    await house.client.async_until_other(LATE_TOUCH, late, lambda state: state.state)
    # A later state is shown already: if this touch were ever shown, it would be by now.
    await house.client.async_action(
        "biometric_enroll.update_fingerprint", name="Annabel", template_id=old["template_id"]
    )
    await expect(card.get_by_role("heading", name="Annabel")).to_be_visible()
    assert await _touch(card).count() == 0


async def test_a_second_touch_of_the_same_finger_is_shown_again(
    house: CardHouse, visit: Visit
) -> None:
    """The card says when the state of Last identified has changed, so it has to change again."""
    finger = await enrolled(house, "Anna")
    card = await visit.overview()
    await house.touch(finger)
    await expect(card.get_by_text("Last identified · this minute")).to_be_visible()
    before = await visit.page.evaluate(_CHANGED_AT, LAST_IDENTIFIED)
    await house.touch(finger)
    await visit.page.wait_for_function(_CHANGED_SINCE, arg=[LAST_IDENTIFIED, before])


async def test_a_reader_whose_identification_is_off_says_so(house: CardHouse, visit: Visit) -> None:
    """Otherwise people at the door would think that it is broken."""
    card = await visit.overview()
    switch: dict[str, Any] = {"entity_id": "switch.front_door_identification"}
    note = card.get_by_text("Identification is off")
    await house.client.async_action("switch.turn_off", **switch)
    await expect(note).to_be_visible()
    await house.client.async_action("switch.turn_on", **switch)
    await expect(note).to_have_count(0)
