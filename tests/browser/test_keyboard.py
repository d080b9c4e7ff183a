"""Everything can be done with the keyboard, and the focus is always visible."""

from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import expect

from tests.browser.steps import PLACE, button, enrolled, fingerprints, shows, title
from tests.browser.visit import shoot
from tests.support.finger_placement import FingerPlacement

if TYPE_CHECKING:
    from playwright.async_api import Locator

    from tests.browser.house import CardHouse
    from tests.browser.visit import Visit

pytestmark = pytest.mark.asyncio(loop_scope="session")

_FOCUSED = """(card) => {
    const focused = card.shadowRoot.activeElement;
    if (focused === null) return null;
    // The label around a radio button shows the focus: the button itself is not to be seen.
    const seen = focused.closest("label:has(input[type=radio])") ?? focused;
    const { outlineStyle, outlineWidth } = getComputedStyle(seen);
    const name = focused.ariaLabel ?? focused.closest("label")?.innerText ?? focused.innerText;
    return { name, outlined: outlineStyle !== "none" && parseFloat(outlineWidth) > 0 };
}"""


async def _go_to(card: Locator, name: str, key: str = "Tab") -> None:
    """Press a key until an element is focused; each focused element of the card must be visible."""
    passed: list[dict[str, Any]] = []
    for _ in range(60):
        await card.page.keyboard.press(key)
        focused = await card.evaluate(_FOCUSED)
        passed += [focused] if focused else []
        if focused and name in focused["name"]:
            break
    else:
        pytest.fail(f"{name} cannot be reached with {key}, only {passed}")
    assert [each for each in passed if not each["outlined"]] == []


async def test_a_finger_is_enrolled_without_a_mouse(
    house: CardHouse, visit: Visit, card: Locator
) -> None:
    page, keyboard = visit.page, visit.page.keyboard
    placement = FingerPlacement(house.reader.sensor_line, house.new_finger())
    await expect(button(card, "Enroll a fingerprint")).to_be_visible()
    await _go_to(card, "Enroll a fingerprint")
    await keyboard.press("Enter")
    await expect(title(card, "Enroll a fingerprint")).to_be_focused()

    await _go_to(card, "Anna")
    await _go_to(card, "Ben", "ArrowRight")
    await expect(card.get_by_role("radio", name="Ben")).to_be_checked()
    await _go_to(card, "Left little finger")
    await _go_to(card, "Left thumb", "ArrowRight")
    await expect(card.get_by_role("radio", name="Left thumb")).to_be_checked()
    await shoot(page, "keyboard")
    await _go_to(card, "Start")
    await keyboard.press("Enter")
    await shows(card, PLACE, 0)
    await expect(title(card, "Enrolling Ben")).to_be_focused()

    await placement.go_on()
    await expect(title(card, "Enrolled")).to_be_focused()
    await _go_to(card, "Done")
    await keyboard.press("Space")
    await expect(button(card, "Enroll a fingerprint")).to_be_focused()
    await expect(fingerprints(card, "Ben")).to_contain_text(["Left thumb"])


async def test_an_enrollment_is_cancelled_without_a_mouse(visit: Visit, card: Locator) -> None:
    page = visit.page
    await expect(button(card, "Enroll a fingerprint")).to_be_visible()
    await _go_to(card, "Enroll a fingerprint")
    await page.keyboard.press("Enter")
    await _go_to(card, "Anna")
    await page.keyboard.press("Space")
    await _go_to(card, "Start")
    await page.keyboard.press("Enter")
    await shows(card, PLACE, 0)
    await _go_to(card, "Cancel")
    await page.keyboard.press("Enter")

    await expect(title(card, "Cancelled")).to_be_focused()


async def test_escape_goes_back_and_restores_the_focus(house: CardHouse, visit: Visit) -> None:
    await enrolled(house, "Anna", "left_thumb")
    card, page = await visit.overview(), visit.page
    await expect(button(card, "Enroll a fingerprint")).to_be_visible()
    await _go_to(card, "Enroll a fingerprint")
    await page.keyboard.press("Enter")
    await _go_to(card, "Anna")
    await page.keyboard.press("Escape")
    await expect(button(card, "Enroll a fingerprint")).to_be_focused()

    await _go_to(card, "Edit Anna, Left thumb")
    await page.keyboard.press("Enter")
    await expect(title(card, "Edit fingerprint")).to_be_focused()
    await _go_to(card, "Delete")
    await page.keyboard.press("Enter")
    await expect(title(card, "Delete this fingerprint?")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(title(card, "Edit fingerprint")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(button(card, "Edit Anna, Left thumb")).to_be_focused()


async def test_a_fingerprint_is_renamed_and_deleted_without_a_mouse(
    house: CardHouse, visit: Visit
) -> None:
    await enrolled(house, "Anna", "left_thumb")
    card, page = await visit.overview(), visit.page
    await _go_to(card, "Edit Anna, Left thumb")
    await page.keyboard.press("Enter")
    await _go_to(card, "Name")
    await page.keyboard.press("End")
    await page.keyboard.type("bel")
    await page.keyboard.press("Enter")
    await expect(button(card, "Edit Annabel, Left thumb")).to_be_focused()

    await page.keyboard.press("Enter")
    await _go_to(card, "Delete")
    await page.keyboard.press("Enter")
    await _go_to(card, "Delete")
    await page.keyboard.press("Enter")
    await expect(card.get_by_text("No finger is enrolled yet.")).to_be_visible()
    await expect(button(card, "Enroll a fingerprint")).to_be_focused()
