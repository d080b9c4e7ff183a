"""Somebody who plays the people at the doors of the demo, by what its dashboard offers."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.async_api import Locator, Page


@dataclass(frozen=True, slots=True)
class DemoFingers:
    """The fingers beside the card of one reader."""

    page: Page
    """It shows the demo's dashboard."""
    door: str
    """As its card is called, such as Front door."""

    async def place(self, finger: str) -> None:
        """Tap a finger, given by what is written there, to put it on the sensor."""
        await self._tile(finger).first.click()

    async def lift(self) -> None:
        """Tap what lifts the finger that lies there, and see that it is gone."""
        await self._tile("Lift the finger").click()
        await self._tile("Tap a finger").wait_for()

    def _tile(self, text: str) -> Locator:
        fingers = self.page.locator("hui-grid-section").filter(
            has_text=f"Play the person at the {self.door.lower()}"
        )
        return fingers.locator("hui-tile-card").filter(has_text=text)
