"""Steps and locators for tests of the card."""

from typing import TYPE_CHECKING

from playwright.async_api import expect

from tests.support.finger_placement import FingerPlacement
from tests.support.house import CONNECTIVITY

if TYPE_CHECKING:
    from playwright.async_api import Locator

    from emulator.fingers import Finger
    from tests.browser.house import CardHouse

PLACE = "Place your finger on the sensor"
LIFT = "Lift your finger"
PLACE_AGAIN = "Place the same finger again"


def button(card: Locator, name: str) -> Locator:
    return card.get_by_role("button", name=name, exact=True)


def choice(card: Locator, name: str) -> Locator:
    """Return the visible, clickable part of a radio button: the label around it."""
    return card.get_by_role("radio", name=name, exact=True).locator("xpath=..")


def title(card: Locator, text: str) -> Locator:
    """Return the heading of the card's current view."""
    return card.get_by_role("heading", name=text, exact=True)


def fingerprints(card: Locator, owner: str) -> Locator:
    """Return the fingerprints that are listed under a name."""
    return card.get_by_role("region", name=owner, exact=True).get_by_role("listitem")


def last_identified(card: Locator) -> Locator:
    """Return the element with the last identified person."""
    return card.get_by_text("Last identified").locator("xpath=..")


async def open_form(card: Locator) -> None:
    await button(card, "Enroll a fingerprint").click()


async def start(card: Locator, person: str = "Anna", finger: str = "Right index finger") -> None:
    """Fill in the form for a person of the house, and start."""
    await open_form(card)
    await choice(card, person).click()
    await choice(card, finger).click()
    await button(card, "Start").click()


async def shows(card: Locator, sentence: str, captured: int) -> None:
    """Expect that the card shows a prompt, and so many of three scans as captured."""
    ring = card.get_by_role("progressbar", name="Scans captured")
    await expect(card.get_by_text(sentence, exact=True)).to_be_visible()
    await expect(ring).to_have_attribute("aria-valuenow", str(captured))
    await expect(ring.locator("circle")).to_have_count(3)
    await expect(ring.locator("circle.captured")).to_have_count(captured)


async def begin(house: CardHouse, name: str = "Anna", **data: object) -> FingerPlacement:
    """Start an enrollment as an automation would; return the placement of its finger."""
    finger = house.new_finger()
    await house.action("enroll_fingerprint", name=name, **data)
    return FingerPlacement(house.reader.sensor_line, finger)


async def enrolled(house: CardHouse, name: str, key: str | None = None, **data: object) -> Finger:
    """Enroll a new finger without the card; `key` says which one, such as `left_thumb`."""
    finger = house.new_finger()
    extra = {"finger": key} if key else {}
    answer = await house.enroll(name, finger, **extra, **data)
    assert answer["outcome"] == "completed"
    return finger


async def leave_template(house: CardHouse, finger: Finger) -> None:
    """Store the template of a finger in the sensor without the reader's knowledge."""
    answer = await house.enroll("Nobody", finger)
    slot = answer["slot"]
    with house.reader.sensor_line.hold() as sensor:
        template = sensor.templates[slot]
    await house.client.async_action(
        "biometric_enroll.delete_fingerprint", device_id=house.device_id, slot=slot
    )
    house.reader.kill()
    await house.client.async_until_state(CONNECTIVITY, "off")
    with house.reader.sensor_line.hold() as sensor:
        sensor.templates[slot] = template
    house.reader.start()
    await house.until_available()
