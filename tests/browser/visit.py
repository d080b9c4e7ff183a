"""Somebody who looks at the dashboard, in a browser of their own."""

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from playwright.async_api import async_playwright, expect

from demo.programs import CACHE
from tests.browser.house import DASHBOARD, FRONT

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Error, Locator, Page

    from demo.accounts import Account

SCREENSHOTS = CACHE / "screenshots"
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
_WITHIN_MS = 30_000
"""For whatever a test waits for: two cores also run Home Assistant, broker and readers."""
_NEWS = timedelta(seconds=60)
"""How long the card shows the end of an enrollment."""
_OURS = "biometric"
"""In the address of our module, and in the name of its element."""


@asynccontextmanager
async def open_browser() -> AsyncGenerator[Browser]:
    """Start the Chromium that scripts/setup has unpacked."""
    expect.set_options(timeout=_WITHIN_MS)
    async with (
        async_playwright() as playwright,
        await playwright.chromium.launch(
            executable_path=CACHE / "bin" / "chromium", args=_ARGUMENTS
        ) as browser,
    ):
        yield browser


@dataclass(frozen=True, slots=True)
class Looks:
    """What a browser tells of its screen and its user."""

    language: str = "en"
    scheme: Literal["light", "dark"] = "light"
    motion: Literal["reduce", "no-preference"] = "no-preference"
    width: int = 1280
    height: int = 900
    scale: float = 1
    """Pixels of the screen for each of the page."""


@dataclass(eq=False)
class Visit:
    """One browser with one page, logged in."""

    url: str
    page: Page
    errors: list[str] = field(default_factory=list)
    """What went wrong in the page and was written to its console by our card."""

    @classmethod
    async def begin(cls, browser: Browser, url: str, account: Account, looks: Looks) -> Visit:
        """Open a page that is nowhere yet."""
        context = await browser.new_context(
            locale=looks.language,
            color_scheme=looks.scheme,
            reduced_motion=looks.motion,
            viewport={"width": looks.width, "height": looks.height},
            device_scale_factor=looks.scale,
        )
        context.set_default_timeout(_WITHIN_MS)
        await context.add_init_script(account.storage(url))
        visit = cls(url, await context.new_page())
        visit.page.on("pageerror", visit._take_error)
        visit.page.on("console", visit._take_console)
        return visit

    @property
    def context(self) -> BrowserContext:
        """The browser's storage; another page in it is a second tab."""
        return self.page.context

    def _take_error(self, error: Error) -> None:
        self.errors.append(error.stack or error.message)

    def _take_console(self, message: ConsoleMessage) -> None:
        told = f"{message.text} ({message.location['url']})"
        if message.type in {"error", "warning"} and _OURS in told:
            self.errors.append(told)

    def card(self, heading: str = FRONT) -> Locator:
        """Return the card of the reader that is called so."""
        return self.page.locator("biometric-enroll-card").filter(
            has=self.page.get_by_role("heading", name=heading, exact=True)
        )

    async def look(self) -> Locator:
        """Open the dashboard, or load it again, and return the front door's card as it is then."""
        await self.page.goto(f"{self.url}/{DASHBOARD}/0")
        card = self.card()
        await card.wait_for()
        return card

    async def overview(self) -> Locator:
        """Open the dashboard, and put away the end of an enrollment that it may still tell of."""
        card = await self.look()
        done = card.get_by_role("button", name="Done")
        await done.or_(card.get_by_text("Last identified")).wait_for()
        if await done.is_visible():
            await done.click()
        return card

    async def live_later(self) -> None:
        """Let it be a minute later in the page: the end of an enrollment is no news any more."""
        await self.page.clock.set_system_time(datetime.now(UTC) + _NEWS)

    async def end(self) -> None:
        """Close the browser."""
        await self.context.close()


async def shoot(page: Page, name: str) -> None:
    """Leave a picture of the page in `SCREENSHOTS`."""
    await page.screenshot(path=SCREENSHOTS / f"{name}.png")
