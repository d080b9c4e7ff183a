"""A visit to the dashboard: one browser context with one page, logged in."""

import os
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import async_playwright, expect

from demo.programs import CACHE
from tests.browser.house import DASHBOARD, FRONT

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from playwright.async_api import (
        Browser,
        BrowserContext,
        ConsoleMessage,
        Error,
        Frame,
        Locator,
        Page,
        Request,
    )

    from demo.accounts import Account

SCREENSHOTS = CACHE / "screenshots"
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
_FONTS = Path(__file__).with_name("fonts.conf")
_WITHIN_MS = 30_000
"""Timeout of all waits: two cores also run Home Assistant, broker and readers."""
_NEWS = timedelta(seconds=60)
"""How long the card shows the end of an enrollment."""
_AHEAD = """((ms) => {
    const Real = Date;
    globalThis.Date = new Proxy(Real, {
        construct: (_, told, made) =>
            Reflect.construct(Real, told.length ? told : [Real.now() + ms], made),
        get: (_, key) => (key === "now" ? () => Real.now() + ms : Reflect.get(Real, key)),
    });
})"""
"""Playwright's own clock replaces all timers as well, and they may stand still while a page loads.

The dashboard then stays empty for ever; it was seen in 4 of 774 loads on a busy machine.
"""
_NOT_OURS = ["Unknown command.", "Subscription not found."]
_EXCUSE = f"""addEventListener("unhandledrejection", (event) => {{
    if ({_NOT_OURS}.includes(event.reason?.message)) event.preventDefault();
}});"""
"""How Home Assistant refuses what its own frontend of 2026.10 asks and does not wait for: for
integrations that are not set up here, and for subscriptions of a connection that was lost."""
_OURS = "biometric"
"""Part of the address of our module, and of the name of its element."""


@asynccontextmanager
async def open_browser() -> AsyncGenerator[Browser]:
    """Start the Chromium of scripts/setup, with our fonts only."""
    async with _launched(CACHE / "bin" / "chromium") as browser:
        yield browser


@asynccontextmanager
async def open_old_browser() -> AsyncGenerator[Browser]:
    """Start Chromium 92, which wall tablets of 2021 have, with the libraries that it came with."""
    folder = CACHE / "chromium-92"
    async with _launched(
        folder / "chromium", "--no-zygote", LD_LIBRARY_PATH=str(folder / "lib")
    ) as browser:
        yield browser


@asynccontextmanager
async def _launched(program: Path, *arguments: str, **env: str) -> AsyncGenerator[Browser]:
    expect.set_options(timeout=_WITHIN_MS)
    async with (
        async_playwright() as playwright,
        await playwright.chromium.launch(
            executable_path=program,
            args=[*_ARGUMENTS, *arguments],
            env={**os.environ, "FONTCONFIG_FILE": str(_FONTS), **env},
        ) as browser,
    ):
        yield browser


@dataclass(frozen=True, slots=True)
class Looks:
    """The properties of a browser: screen, and preferences of its user."""

    language: str = "en"
    scheme: Literal["light", "dark"] = "light"
    motion: Literal["reduce", "no-preference"] = "no-preference"
    width: int = 1280
    height: int = 900
    scale: float = 1
    """Screen pixels for each pixel of the page."""


@dataclass(eq=False)
class Visit:
    """One browser with one page, logged in."""

    url: str
    page: Page
    errors: list[str] = field(default_factory=list)
    """Errors of the page, and what our card wrote to its console."""
    heard: list[str] = field(default_factory=list)
    """All messages of the page's console and network, to be shown for a failed test."""

    @classmethod
    async def begin(cls, browser: Browser, url: str, account: Account, looks: Looks) -> Visit:
        """Open an empty page."""
        context = await browser.new_context(
            locale=looks.language,
            color_scheme=looks.scheme,
            reduced_motion=looks.motion,
            viewport={"width": looks.width, "height": looks.height},
            device_scale_factor=looks.scale,
        )
        context.set_default_timeout(_WITHIN_MS)
        await context.add_init_script(account.storage(url))
        await context.add_init_script(_EXCUSE)
        visit = cls(url, await context.new_page())
        visit.page.on("pageerror", visit._take_error)
        visit.page.on("console", visit._take_console)
        visit.page.on("requestfailed", visit._take_failed)
        visit.page.on("framenavigated", visit._take_address)
        return visit

    @property
    def context(self) -> BrowserContext:
        """The browser's storage; another page in it is a second tab."""
        return self.page.context

    def _take_error(self, error: Error) -> None:
        told = error.stack or error.message
        self.errors.append(told)
        self.heard.append(told)

    def _take_console(self, message: ConsoleMessage) -> None:
        told = f"{message.text} ({message.location['url']})"
        self.heard.append(f"{message.type}: {told}")
        if message.type in {"error", "warning"} and _OURS in told:
            self.errors.append(told)

    def _take_failed(self, request: Request) -> None:
        self.heard.append(f"failed: {request.url} ({request.failure})")

    def _take_address(self, frame: Frame) -> None:
        self.heard.append(f"address: {frame.url}")

    def card(self, heading: str = FRONT) -> Locator:
        """Return the card with this heading."""
        return self.page.locator("biometric-enroll-card").filter(
            has=self.page.get_by_role("heading", name=heading, exact=True)
        )

    async def look(self, heading: str = FRONT) -> Locator:
        """Open the dashboard, or reload it, and return the card with this heading."""
        await self.page.goto(f"{self.url}/{DASHBOARD}/0")
        card = self.card(heading)
        await card.wait_for()
        return card

    async def overview(self, heading: str = FRONT) -> Locator:
        """Open the dashboard, and dismiss the result of the last enrollment if it is shown."""
        card = await self.look(heading)
        done = card.get_by_role("button", name="Done")
        await done.or_(card.get_by_text("Last identified")).wait_for()
        if await done.is_visible():
            await done.click()
        return card

    async def live_later(self, by: timedelta = _NEWS) -> None:
        """Set the clock of the page ahead; by default until the end of an enrollment is hidden."""
        script = f"{_AHEAD}({by // timedelta(milliseconds=1)})"
        await self.page.add_init_script(script)
        await self.page.evaluate(script)

    async def describe(self) -> str:
        """Return the messages of the page so far, and its current text."""
        body = self.page.locator("body")
        try:
            text = await body.aria_snapshot()
        except PlaywrightError:  # an old browser cannot give that
            text = await body.inner_text()
        return "\n".join([*self.heard, text])

    async def end(self) -> None:
        """Close the browser."""
        await self.context.close()


async def shoot(page: Page, name: str) -> None:
    """Save a screenshot of the page in `SCREENSHOTS`."""
    await page.screenshot(path=SCREENSHOTS / f"{name}.png")
