"""A person enrolls fingers by clicking on the card."""

import asyncio
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from emulator.fingers import Finger, Quality
from emulator.seen_empty import wait_until_seen_empty
from tests.browser.house import BACK
from tests.browser.steps import (
    LIFT,
    PLACE,
    PLACE_AGAIN,
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
from tests.support.finger_placement import FingerPlacement, ScanStep
from tests.support.house import ENROLLMENT

if TYPE_CHECKING:
    from playwright.async_api import Locator

    from tests.browser.house import CardHouse
    from tests.browser.visit import Visit

SMUDGED = "That image was smudged. Dry the finger and wipe the sensor."

_COLOR = "(element) => getComputedStyle(element).color"
_ANIMATION = "(element) => getComputedStyle(element).animationName"

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_nobody_is_chosen_until_somebody_chooses(house: CardHouse, card: Locator) -> None:
    """Otherwise fingers would be enrolled for the first person of the list by mistake."""
    await open_form(card)
    await button(card, "Start").click()

    for name in ("Anna", "Ben", "Someone else"):
        await expect(card.get_by_role("radio", name=name)).not_to_be_checked()
    await expect(card.locator("input:invalid").first).to_be_focused()
    assert house.client.states[ENROLLMENT].state not in {"place_finger", "processing"}
    await choice(card, "Someone else").click()
    await button(card, "Start").click()
    await expect(card.get_by_role("textbox", name="Name")).to_be_focused()


async def test_a_finger_is_taken_back_by_a_second_click(card: Locator) -> None:
    await open_form(card)
    finger = card.get_by_role("radio", name="Right thumb")
    await choice(card, "Right thumb").click()
    await expect(finger).to_be_checked()
    await choice(card, "Right thumb").click()
    await expect(finger).not_to_be_checked()
    await expect(card.get_by_text("Not specified")).to_be_visible()
    await choice(card, "Left thumb").click()
    await expect(card.get_by_role("radio", name="Left thumb")).to_be_checked()


async def test_a_person_is_enrolled_by_clicks_and_sees_every_scan(
    house: CardHouse, visit: Visit, card: Locator
) -> None:
    placement = FingerPlacement(house.reader.sensor_line, house.new_finger())
    await start(card, "Ben", "Left thumb")

    await expect(title(card, "Enrolling Ben")).to_be_visible()
    await expect(card.get_by_text("Left thumb", exact=True)).to_be_visible()
    await shows(card, PLACE, 0)
    await placement.go_on(ScanStep.LIFT_1)
    await shows(card, LIFT, 1)
    await placement.go_on(ScanStep.PLACE_2)
    await shows(card, PLACE_AGAIN, 1)
    await placement.go_on(ScanStep.LIFT_2)
    await shows(card, LIFT, 2)
    await shoot(visit.page, "enrolling")
    await placement.go_on(ScanStep.PLACE_3)
    await shows(card, PLACE_AGAIN, 2)
    await placement.go_on()
    await expect(title(card, "Enrolled")).to_be_visible()
    await shows(card, "The reader now recognizes this finger.", 3)
    await expect(card.locator(".ring ha-icon")).to_have_js_property("icon", "mdi:check-bold")
    await shoot(visit.page, "enrolled")

    await button(card, "Done").click()
    await expect(fingerprints(card, "Ben")).to_contain_text(["Left thumb"])
    listed = await house.action("get_fingerprints")
    (fingerprint,) = listed["fingerprints"]
    assert (fingerprint["person"], fingerprint["finger"]) == ("person.ben", "left_thumb")


async def test_for_somebody_without_a_person_entity_a_name_is_typed(
    house: CardHouse, card: Locator
) -> None:
    placement = FingerPlacement(house.reader.sensor_line, house.new_finger())
    await open_form(card)
    await choice(card, "Someone else").click()
    await card.get_by_role("textbox", name="Name").fill("Window cleaner")
    await button(card, "Start").click()
    await expect(title(card, "Enrolling Window cleaner")).to_be_visible()
    await shows(card, PLACE, 0)
    await placement.go_on()
    await button(card, "Done").click()

    await expect(fingerprints(card, "Window cleaner")).to_contain_text(["Not specified"])


async def test_a_name_is_text_whatever_it_is(house: CardHouse, card: Locator) -> None:
    name = "<img src=x onerror='throw 1'>"
    placement = await begin(house, name)
    await expect(title(card, f"Enrolling {name}")).to_be_visible()
    await placement.go_on()
    await button(card, "Done").click()

    await expect(fingerprints(card, name)).to_have_count(1)


async def test_nobody_is_enrolled_without_a_name(house: CardHouse, card: Locator) -> None:
    await open_form(card)
    await choice(card, "Someone else").click()
    await button(card, "Start").click()

    await expect(card.get_by_role("textbox", name="Name")).to_be_focused()
    await expect(title(card, "Enroll a fingerprint")).to_be_visible()
    assert house.client.states["binary_sensor.front_door_enrolling"].state == "off"


async def test_the_drawing_shows_which_fingers_a_person_has_enrolled(
    house: CardHouse, visit: Visit, card: Locator
) -> None:
    await enrolled(house, "Anna", "right_thumb", person="person.anna")
    await card.get_by_role("button", name="Done").click()
    await open_form(card)

    await choice(card, "Anna").click()
    await expect(choice(card, "Right thumb, already enrolled")).to_be_visible()
    await shoot(visit.page, "drawing")
    await choice(card, "Ben").click()
    await expect(choice(card, "Right thumb")).to_be_visible()


async def test_a_bad_image_is_explained_and_the_same_scan_goes_on(
    house: CardHouse, visit: Visit, card: Locator
) -> None:
    line, finger = house.reader.sensor_line, Finger("wet at first", first=[Quality.TOO_MESSY])
    hint = card.get_by_text(
        "That image was smudged. Dry the finger and wipe the sensor.", exact=True
    )
    await start(card)
    await shows(card, PLACE, 0)

    line.place(finger)
    await shows(card, LIFT, 0)
    await expect(hint).to_be_visible()
    line.lift()
    await shows(card, PLACE, 0)
    await expect(hint).to_be_visible()
    await shoot(visit.page, "bad-image")

    placement = FingerPlacement(line, finger)
    await placement.go_on(ScanStep.LIFT_1)
    await shows(card, LIFT, 1)
    await expect(hint).to_have_count(0)
    await placement.go_on()
    await expect(title(card, "Enrolled")).to_be_visible()


async def test_a_rejected_scan_does_not_look_like_a_good_one(
    house: CardHouse, card: Locator
) -> None:
    line, finger = house.reader.sensor_line, Finger("wet once", first=[Quality.TOO_MESSY])
    ring, word = card.get_by_role("progressbar"), card.get_by_text("Not accepted.", exact=True)
    sign = ring.locator("ha-icon")
    await start(card)
    await shows(card, PLACE, 0)
    usual = await ring.evaluate(_COLOR)

    line.place(finger)
    await shows(card, LIFT, 0)
    await expect(word).to_be_visible()
    await expect(sign).to_have_js_property("icon", "mdi:fingerprint-off")
    await expect(ring).not_to_have_css("color", usual)
    assert await card.locator(".face").evaluate(_ANIMATION) == "shake"
    line.lift()
    await shows(card, PLACE, 0)
    placement = FingerPlacement(line, finger)
    await placement.go_on(ScanStep.LIFT_1)
    await shows(card, LIFT, 1)
    await expect(word).to_have_count(0)
    await expect(sign).to_have_js_property("icon", "mdi:fingerprint")
    await expect(ring).to_have_css("color", usual)
    assert await card.locator(".face").evaluate(_ANIMATION) == "none"
    await placement.go_on()
    await expect(title(card, "Enrolled")).to_be_visible()


@pytest.mark.parametrize("person", [True, False])
async def test_another_finger_of_the_same_person_can_be_added_at_once(
    house: CardHouse, visit: Visit, card: Locator, *, person: bool
) -> None:
    name, whose = ("Ben", {"person": "person.ben"}) if person else ("Cleaner", {})
    placement = await begin(house, name, finger="left_thumb", **whose)
    await shows(card, PLACE, 0)
    await placement.go_on()
    house.reader.sensor_line.lift()
    await asyncio.to_thread(wait_until_seen_empty, house.reader.sensor_line)
    await shoot(visit.page, "another-finger")
    await button(card, "Add another finger").click()

    await expect(title(card, "Enroll a fingerprint")).to_be_visible()
    await expect(card.get_by_role("radio", name="Left thumb, already enrolled")).to_be_attached()
    await expect(card.locator(".finger :checked")).to_have_count(0)
    chosen = "Ben" if person else "Someone else"
    await expect(card.get_by_role("radio", name=chosen)).to_be_checked()
    await choice(card, "Right thumb").click()
    await button(card, "Start").click()
    await expect(title(card, f"Enrolling {name}")).to_be_visible()
    await shows(card, PLACE, 0)
    await FingerPlacement(house.reader.sensor_line, house.new_finger()).go_on()
    await button(card, "Done").click()
    await expect(fingerprints(card, name)).to_have_count(2)


async def test_a_finger_that_is_already_stored_is_told_with_its_owner(
    house: CardHouse, visit: Visit, card: Locator
) -> None:
    finger = await enrolled(house, "Anna")
    await button(card, "Done").click()
    await start(card, "Ben")
    await shows(card, PLACE, 0)
    house.reader.sensor_line.place(finger)

    await expect(title(card, "Not enrolled")).to_be_visible()
    await shows(card, "This finger is already stored, for Anna.", 0)
    await shoot(visit.page, "duplicate")


async def test_a_timeout_says_why_and_can_be_tried_again(
    house: CardHouse, visit: Visit, card: Locator
) -> None:
    placement = await begin(house, "Anna", person="person.anna", scan_timeout=5)
    await shows(card, PLACE, 0)
    await expect(card.get_by_role("timer")).to_have_text("4 s left")

    await expect(title(card, "Not enrolled")).to_be_visible()
    await shows(card, "The finger was not placed, or not lifted, in time.", 0)
    await shoot(visit.page, "timeout")
    await button(card, "Try again").click()
    await expect(title(card, "Enrolling Anna")).to_be_visible()
    await shows(card, PLACE, 0)
    await placement.go_on()
    await button(card, "Done").click()
    await expect(fingerprints(card, "Anna")).to_have_count(1)


async def test_a_click_cancels(house: CardHouse, card: Locator) -> None:
    await start(card)
    await shows(card, PLACE, 0)
    await button(card, "Cancel").click()

    await expect(title(card, "Cancelled")).to_be_visible()
    await button(card, "Done").click()
    await expect(card.get_by_text("No finger is enrolled yet.")).to_be_visible()
    assert house.client.states["sensor.front_door_enrollment"].state == "cancelled"


async def test_the_card_of_another_reader_is_left_alone(
    house: CardHouse, visit: Visit, card: Locator
) -> None:
    other = visit.card(BACK)
    await start(card)
    await shows(card, PLACE, 0)

    await expect(button(other, "Enroll a fingerprint")).to_be_visible()
    await expect(other.get_by_role("progressbar")).to_have_count(0)
