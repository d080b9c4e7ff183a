"""Enrolling and renaming in the options dialog, which Configure opens."""

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from emulator.fingers import Finger, Quality
from tests.browser.steps import enrolled
from tests.browser.visit import shoot
from tests.support.finger_placement import FingerPlacement, ScanStep

if TYPE_CHECKING:
    from playwright.async_api import Locator

    from tests.browser.house import CardHouse
    from tests.browser.visit import Visit

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def configure(visit: Visit) -> Locator:
    """Open the dialog of the front door."""
    page = visit.page
    await page.goto(f"{visit.url}/config/integrations/integration/biometric_enroll")
    row = page.locator("ha-config-entry-row").filter(has_text="Front door")
    await row.get_by_label("Configure").first.click()
    return page.locator("dialog-data-entry-flow")


async def test_each_stage_is_seen_in_the_dialog_and_how_it_ended(
    house: CardHouse, visit: Visit
) -> None:
    line = house.reader.sensor_line
    placement = FingerPlacement(line, house.new_finger())
    dialog = await configure(visit)
    await dialog.get_by_text("Enroll a fingerprint").click()
    await dialog.locator("ha-selector-text input").fill("Ben")
    await dialog.get_by_text("Start", exact=True).click()

    await expect(dialog.get_by_text("Ben, scan 1 of 3: place the finger on")).to_be_visible()
    line.place(Finger("wet", Quality.TOO_MESSY))
    await expect(dialog.get_by_text("Ben, scan 1 of 3 has to be repeated: lift")).to_be_visible()
    line.lift()
    await expect(dialog.get_by_text("Ben, scan 1 of 3 once more: place")).to_be_visible()
    await placement.go_on(ScanStep.LIFT_1)
    await expect(dialog.get_by_text("Ben, scan 1 of 3 is captured: lift")).to_be_visible()
    await placement.go_on(ScanStep.PLACE_2)
    await expect(dialog.get_by_text("Ben, scan 2 of 3: place the finger on")).to_be_visible()
    await expect(dialog.get_by_text("33%")).to_be_visible()
    await shoot(visit.page, "configure")
    await placement.go_on()
    await expect(dialog.get_by_text("The fingerprint of Ben is stored on")).to_be_visible()


async def test_a_fingerprint_is_renamed_in_the_dialog(house: CardHouse, visit: Visit) -> None:
    await enrolled(house, "Anna", "left_thumb")
    dialog = await configure(visit)
    await dialog.get_by_text("Fingerprints", exact=True).click()
    await dialog.locator("ha-selector-select").click()
    await visit.page.get_by_text("Left thumb").last.click()
    await dialog.get_by_role("button", name="Next").click()
    await dialog.get_by_text("Change", exact=True).click()
    name = dialog.locator("ha-selector-text input")
    await expect(name).to_have_value("Anna")
    await shoot(visit.page, "configure-fingerprint")
    await name.fill("Ann")
    await dialog.get_by_role("button", name="Submit").click()

    await expect(dialog.get_by_text("Enroll a fingerprint")).to_be_visible()
    listed = await house.action("get_fingerprints")
    assert [each["name"] for each in listed["fingerprints"]] == ["Ann"]
