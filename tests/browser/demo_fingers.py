"""Places and lifts the demo's fingers by its dashboard."""

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
    """Name of the door, as on its card, such as Front door."""

    async def place(self, finger: str) -> None:
        """Tap a finger, given by its label, to place it on the sensor."""
        await self._tile(finger).first.click()

    async def lift(self) -> None:
        """Tap the tile that lifts the finger, and wait until it is lifted."""
        await self._tile("Lift the finger").click()
        await self._tile("Tap a finger").wait_for()

    def _tile(self, text: str) -> Locator:
        fingers = self.page.locator("hui-grid-section").filter(
            has_text=f"Play the person at the {self.door.lower()}"
        )
        return fingers.locator("hui-tile-card").filter(has_text=text)
