"""The card on all kinds of screens: small and large, dark, right to left, and without motion."""

from typing import TYPE_CHECKING, Literal

import pytest
from playwright.async_api import expect

from tests.browser.house import BACK
from tests.browser.steps import PLACE, begin, button, enrolled, open_form, shows, title
from tests.browser.visit import Looks, Visit, shoot

if TYPE_CHECKING:
    from playwright.async_api import Locator

    from tests.browser.conftest import Welcome
    from tests.browser.house import CardHouse

pytestmark = pytest.mark.asyncio(loop_scope="session")


_OVERFLOWING = """(card) => {
    const edge = card.getBoundingClientRect();
    const wide = [...card.shadowRoot.querySelectorAll("ha-card *")].filter((element) => {
        const { width, left, right } = element.getBoundingClientRect();
        return width > 1 && (left < edge.left - 1 || right > edge.right + 1);
    });
    return wide.map((element) => element.outerHTML.slice(0, 200));
}"""


async def _overflowing(card: Locator) -> list[str]:
    """Return the elements that extend beyond the card."""
    found: list[str] = await card.evaluate(_OVERFLOWING)
    return found


async def _walk(house: CardHouse, visit: Visit, name: str) -> None:
    """Open all views of the card, take screenshots, and check that nothing is cut off."""
    card = await visit.overview()
    await expect(button(card, "Enroll a fingerprint")).to_be_visible()
    await shoot(visit.page, f"{name}-overview")
    assert await _overflowing(card) == []
    await open_form(card)
    await expect(button(card, "Start")).to_be_visible()
    await shoot(visit.page, f"{name}-form")
    assert await _overflowing(card) == []
    await button(card, "Back").click()
    await card.get_by_role("button", name="Edit ").first.click()
    await expect(button(card, "Save")).to_be_visible()
    await shoot(visit.page, f"{name}-edit")
    assert await _overflowing(card) == []
    await button(card, "Back").click()
    await begin(house, "Anna", finger="right_index_finger")
    await shows(card, PLACE, 0)
    await shoot(visit.page, f"{name}-enrolling")
    assert await _overflowing(card) == []
    await house.action("cancel_enrollment")
    await expect(title(card, "Cancelled")).to_be_visible()
    assert await _overflowing(card) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_nothing_is_cut_off_on_a_small_phone(
    house: CardHouse, welcome: Welcome, scheme: Literal["light", "dark"]
) -> None:
    await enrolled(house, "Anna", "left_middle_finger", person="person.anna")
    await enrolled(house, "W" * 100)

    await _walk(
        house, await welcome(looks=Looks(width=320, height=800, scheme=scheme)), f"phone-{scheme}"
    )


async def test_nothing_is_cut_off_on_a_large_tablet(house: CardHouse, welcome: Welcome) -> None:
    await enrolled(house, "Anna", "left_middle_finger", person="person.anna")

    await _walk(house, await welcome(looks=Looks(width=1920, height=1200)), "tablet-large")


async def test_a_language_from_right_to_left_turns_the_card_around_but_not_the_hands(
    house: CardHouse, welcome: Welcome
) -> None:
    await enrolled(house, "Anna", "left_middle_finger", person="person.anna")
    visit = await welcome(looks=Looks(language="he"))
    card = await visit.overview()
    heading, presence = title(card, "Front door"), card.get_by_text("Online", exact=True)
    await expect(button(card, "Enroll a fingerprint")).to_be_visible()
    await shoot(visit.page, "right-to-left-overview")

    assert await _left(heading) > await _left(presence)
    assert await _left(visit.card()) > await _left(visit.card(BACK))
    await open_form(card)
    left = card.get_by_role("group", name="Left hand")
    assert await _left(left) < await _left(card.get_by_role("group", name="Right hand"))
    await shoot(visit.page, "right-to-left-form")
    assert await _overflowing(card) == []


async def _left(element: Locator) -> float:
    box = await element.bounding_box()
    assert box is not None
    return box["x"]


_ANIMATIONS = """(card) => {
    const all = [card, ...card.shadowRoot.querySelectorAll("*")];
    return all.flatMap((element) => element.getAnimations({ subtree: true }))
        .filter((animation) => animation.playState === "running").length;
}"""


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
async def test_with_reduced_motion_nothing_moves(
    house: CardHouse, welcome: Welcome, motion: Literal["reduce", "no-preference"]
) -> None:
    visit = await welcome(looks=Looks(motion=motion))
    card = await visit.overview()
    await begin(house, "Anna")
    await shows(card, PLACE, 0)

    assert bool(await card.evaluate(_ANIMATIONS)) == (motion == "no-preference")
