"""What happens by itself moves nothing that somebody is about to click, here or below the card."""

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from emulator.fingers import Finger, Quality
from tests.browser.steps import LIFT, PLACE, PLACE_AGAIN, begin, button, enrolled, shows
from tests.browser.visit import Looks, shoot
from tests.support.finger_placement import FingerPlacement, ScanStep

if TYPE_CHECKING:
    from playwright.async_api import Locator

    from tests.browser.conftest import Welcome
    from tests.browser.house import CardHouse

pytestmark = pytest.mark.asyncio(loop_scope="session")

_SCREENS = [Looks(), Looks(width=320, height=800)]


async def _box(element: Locator) -> tuple[float, float]:
    """Return where an element begins, and how high it is."""
    box = await element.bounding_box()
    assert box is not None
    return box["y"], box["height"]


@pytest.mark.parametrize("looks", _SCREENS, ids=["desk", "phone"])
async def test_a_touch_moves_nothing(house: CardHouse, welcome: Welcome, looks: Looks) -> None:
    finger = await enrolled(house, "Anna " + "W" * 60, "left_thumb")
    visit = await welcome(looks=looks)
    card = await visit.overview()
    enroll, touch = button(card, "Enroll a fingerprint"), card.locator(".touch")
    still = await _box(enroll)
    before = await _box(card)

    for quality in (Quality.TOO_MESSY, Quality.TOO_FEW_FEATURES):
        await house.touch(Finger(f"bad {quality}", quality))
        await expect(touch.get_by_text("The finger could not be read")).to_be_visible()
        assert await _box(enroll) == still
    await shoot(visit.page, f"touch-unreadable-{looks.width}")
    await house.touch(finger)
    await expect(touch).to_contain_text("Anna")
    assert await _box(enroll) == still
    await shoot(visit.page, f"touch-{looks.width}")
    await expect(touch).to_have_count(0)
    assert await _box(enroll) == still
    assert await _box(card) == before


@pytest.mark.parametrize("looks", _SCREENS, ids=["desk", "phone"])
async def test_no_scan_moves_what_is_below_good_or_rejected(
    house: CardHouse, welcome: Welcome, looks: Looks
) -> None:
    line = house.reader.sensor_line
    visit = await welcome(looks=looks)
    card = await visit.overview()
    await begin(house, "Anna", finger="right_thumb")
    await shows(card, PLACE, 0)
    still = await _box(card)

    bad = Finger(f"bad at first {looks.width}", first=[Quality.TOO_FEW_FEATURES])
    line.place(bad)
    await shows(card, LIFT, 0)
    await expect(card.locator(".rejected")).to_have_count(1)
    assert await _box(card) == still
    await shoot(visit.page, f"rejected-{looks.width}")
    line.lift()
    await shows(card, PLACE, 0)
    assert await _box(card) == still
    placement = FingerPlacement(line, bad)
    await placement.go_on(ScanStep.LIFT_1)
    await shows(card, LIFT, 1)
    assert await _box(card) == still
    await placement.go_on(ScanStep.PLACE_2)
    await shows(card, PLACE_AGAIN, 1)
    assert await _box(card) == still
