"""The pictures of the README, taken of the demo: `scripts/screenshots`.

They show what a user sees: real are Home Assistant, the firmware and Chromium; the fingers are
placed on the sensors by the demo's dashboard.
"""

# ruff: noqa: T201 - it prints

import asyncio
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.async_api import Locator, expect

from demo.brokers import BrokerKind
from demo.fingers import FINGERS
from demo.installation import Installation
from demo.person import Person
from demo.programs import ROOT
from demo.show import Show, open_show
from emulator.fingers import Finger
from tests.browser.demo_fingers import DemoFingers
from tests.browser.visit import Looks, Visit, open_browser

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

    from demo.accounts import Account
    from demo.dashboard import Door

PICTURES = ROOT / "docs" / "images"
_ANNAS_THUMB = FINGERS[0].finger
_TOUCH_GONE_WITHIN_MS = 15_000

# Without motion, so that two pictures of the same state are equal.
_DESK = Looks(motion="reduce", width=1200, height=645, scale=1.5)
_SETTINGS = Looks(motion="reduce", width=1440, height=960, scale=1.25)
_CARD = Looks(motion="reduce", width=1200, height=1600, scale=2)  # high enough never to scroll
_DARK = Looks(motion="reduce", scheme="dark", width=1200, height=1600, scale=2)
_PHONE = Looks(motion="reduce", width=390, height=844, scale=1.5)


@dataclass
class Studio:
    """The running demo, and a browser."""

    installation: Installation
    show: Show
    browser: Browser

    async def visit(self, account: Account, looks: Looks) -> Visit:
        """Open the demo's dashboard, and dismiss the results of the last enrollments."""
        visit = await Visit.begin(self.browser, self.show.url, account, looks)
        await visit.page.goto(self.show.url)
        for door in self.show.doors:
            card = visit.card(door.name)
            done = card.get_by_role("button", name="Done")
            other = card.get_by_role("button", name="Cancel").or_(card.get_by_text("Fingerprints"))
            await done.or_(other).first.wait_for()
            if await done.is_visible():
                await done.dispatch_event("click")  # a real one may scroll the page
        return visit

    async def enroll(self, door: Door, finger: Finger, which: str, **whose: Any) -> None:
        """Enroll a finger by the action; `whose` is a person, or a name."""
        line = self.installation.readers[door.reader_id].sensor_line
        person = Person(self.show.client, line, f"sensor.{door.reader_id}_enrollment")
        playing = asyncio.create_task(person.async_enroll(finger))
        await self.show.client.async_action(
            "biometric_enroll.enroll_fingerprint",
            response=True,
            device_id=door.device_id,
            finger=which,
            wait=True,
            **whose,
        )
        await playing


async def _take(what: Page | Locator, name: str) -> None:
    """Take a picture, with the mouse pointer outside."""
    page = what.page if isinstance(what, Locator) else what
    await page.mouse.move(0, 0)
    picture = await what.screenshot(path=PICTURES / f"{name}.png", animations="disabled")
    print(f"{name}.png {len(picture) // 1000} kB")


async def _take_enrolling(studio: Studio) -> None:
    """Take pictures of the front door's card, from a touch to a completed enrollment."""
    visit = await studio.visit(studio.show.owner, _CARD)
    card, fingers = visit.card(), DemoFingers(visit.page, "Front door")
    await fingers.place("Anna's thumb")
    await expect(card.get_by_role("strong")).to_have_text("Anna")
    await _take(card, "card-identified")
    await fingers.lift()
    await expect(card.get_by_role("strong")).to_have_count(0, timeout=_TOUCH_GONE_WITHIN_MS)
    await _take(card, "card")

    await card.get_by_role("button", name="Enroll a fingerprint").click()
    await card.get_by_text("Ben", exact=True).click()
    await card.get_by_title("Right index finger", exact=True).click()
    await _take(card, "card-form")

    await card.get_by_role("button", name="Start").click()
    await _scan(fingers, card, 1)
    await fingers.lift()
    await expect(card.get_by_text("Place the same finger again", exact=True)).to_be_visible()
    await _scan(fingers, card, 2)
    await _take(card, "card-enrolling")
    for account, looks, name in (
        (studio.show.owner, _DESK, "dashboard"),
        (studio.show.tablet, _PHONE, "phone"),
    ):
        other = await studio.visit(account, looks)
        await _take(other.page, name)
        await other.end()
    dark = await studio.visit(studio.show.owner, _DARK)
    await _take(dark.card(), "card-dark")
    await dark.end()

    await fingers.lift()
    await expect(card.get_by_text("Place the same finger again", exact=True)).to_be_visible()
    await fingers.place("Ben's index finger")
    await expect(card.get_by_role("heading", name="Enrolled")).to_be_visible()
    await _take(card, "card-done")
    await fingers.lift()
    await visit.end()


async def _scan(fingers: DemoFingers, card: Locator, captured: int) -> None:
    await fingers.place("Ben's index finger")
    ring = card.get_by_role("progressbar")
    await expect(ring).to_have_attribute("aria-valuenow", f"{captured}")


async def _take_settings(studio: Studio) -> None:
    """Take pictures of a reader in Home Assistant's settings, and of the dialog that enrolls."""
    visit = await studio.visit(studio.show.owner, _SETTINGS)
    page, front = visit.page, studio.show.doors[0]
    await page.goto(f"{studio.show.url}/config/devices/device/{front.device_id}")
    await expect(page.get_by_text("Last identified", exact=True).first).to_be_visible()
    await _take(page, "device")

    await page.goto(f"{studio.show.url}/config/integrations/integration/biometric_enroll")
    row = page.locator("ha-config-entry-row").filter(has_text=front.name)
    await row.get_by_role("button", name="Configure").click()
    dialog, frame = page.locator("dialog-data-entry-flow"), page.locator("dialog[open]")
    await expect(dialog.get_by_text("Settings", exact=True)).to_be_visible()
    await _take(frame, "configure")

    await dialog.get_by_text("Enroll a fingerprint", exact=True).click()
    await dialog.get_by_role("textbox", name="Name").fill("Guest")
    await dialog.get_by_role("button", name="Start").click()
    await expect(dialog.get_by_text("Scan 1 of 3")).to_be_visible()
    studio.installation.readers[front.reader_id].sensor_line.place(Finger("guest"))
    await expect(dialog.get_by_text("lift the finger")).to_be_visible()
    await _take(frame, "configure-enrolling")
    await visit.end()


async def async_take_all() -> None:
    """Start the demo and take all pictures of it."""
    PICTURES.mkdir(exist_ok=True)
    async with AsyncExitStack() as ends:
        folder = Path(ends.enter_context(tempfile.TemporaryDirectory()))
        installation = await ends.enter_async_context(Installation(folder, broker=BrokerKind.AMQTT))
        show = await ends.enter_async_context(open_show(installation))
        studio = Studio(installation, show, await ends.enter_async_context(open_browser()))
        front, back = show.doors
        await studio.enroll(back, _ANNAS_THUMB, "right_thumb", person="person.anna")
        await studio.enroll(front, _ANNAS_THUMB, "right_thumb", person="person.anna")
        await studio.enroll(front, Finger("other"), "left_index_finger", person="person.anna")
        await studio.enroll(front, Finger("cleaner"), "right_thumb", name="Cleaner")
        await _take_enrolling(studio)
        await _take_settings(studio)


if __name__ == "__main__":
    asyncio.run(async_take_all())
