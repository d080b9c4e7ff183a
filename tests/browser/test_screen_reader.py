"""What a screen reader announces during an enrollment and at touches, by the card's live region."""

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from emulator.fingers import Finger, Quality
from tests.browser.steps import LIFT, PLACE, PLACE_AGAIN, enrolled, shows, start
from tests.support.finger_placement import FingerPlacement, ScanStep

if TYPE_CHECKING:
    from playwright.async_api import Locator

    from tests.browser.house import CardHouse
    from tests.browser.visit import Visit

pytestmark = pytest.mark.asyncio(loop_scope="session")

_LISTEN = """(region) => {
    window.told = [];
    new MutationObserver(() => window.told.push(region.textContent))
        .observe(region, { childList: true, characterData: true, subtree: true });
}"""


async def _listen(card: Locator) -> Locator:
    """Record from now on the texts of the card's live region; return the region.

    It has to stay the same element: screen readers do not announce the content of a new one.
    """
    region = card.get_by_role("status")
    await region.evaluate(_LISTEN)
    return region


async def _told(visit: Visit) -> list[str]:
    """Return the announced texts, without repeats."""
    told: list[str] = await visit.page.evaluate("window.told")
    return [now for now, before in zip(told, ["", *told], strict=False) if now != before]


async def test_every_stage_is_announced_with_its_progress(
    house: CardHouse, visit: Visit, card: Locator
) -> None:
    placement = FingerPlacement(house.reader.sensor_line, house.new_finger())
    region = await _listen(card)
    await start(card)
    await shows(card, PLACE, 0)
    for scan_step, sentence, captured in (
        (ScanStep.LIFT_1, LIFT, 1),
        (ScanStep.PLACE_2, PLACE_AGAIN, 1),
        (ScanStep.LIFT_2, LIFT, 2),
        (ScanStep.PLACE_3, PLACE_AGAIN, 2),
        (ScanStep.COMPLETED, "The reader now recognizes this finger.", 3),
    ):
        await placement.go_on(scan_step)
        await shows(card, sentence, captured)
        await expect(region).to_contain_text(sentence)
        await expect(region).to_contain_text(f"{captured} of 3")

    told = await _told(visit)
    asked = [text for text in told if "Hold still" not in text]
    assert len(asked) == 6
    assert all(".." not in text for text in told)
    assert "Enrolling Anna" in asked[0]
    assert "Enrolled" in asked[-1]


async def test_a_rejected_scan_is_announced_as_such(
    house: CardHouse, visit: Visit, card: Locator
) -> None:
    region = await _listen(card)
    await start(card)
    await shows(card, PLACE, 0)
    finger = Finger("wet for the screen reader", first=[Quality.TOO_MESSY])
    house.reader.sensor_line.place(finger)
    await shows(card, LIFT, 0)

    await expect(region).to_contain_text("Not accepted. That image was smudged.")
    assert all("Not accepted" not in text for text in (await _told(visit))[:1])


async def test_passing_seconds_are_not_announced(visit: Visit, card: Locator) -> None:
    await _listen(card)
    await start(card)
    await shows(card, PLACE, 0)
    timer = card.get_by_role("timer")
    first = await timer.text_content()
    await expect(timer).not_to_have_text(first or "")

    assert len(await _told(visit)) == 1


async def test_a_touch_is_announced(house: CardHouse, visit: Visit) -> None:
    finger = await enrolled(house, "Anna")
    card = await visit.overview()
    await _listen(card)
    await house.touch(finger)

    await expect(card.get_by_role("status")).to_contain_text("Anna")
    assert len(await _told(visit)) == 1
