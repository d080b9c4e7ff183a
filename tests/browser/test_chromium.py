"""The browser itself: the one that scripts/setup has unpacked, not the machine's."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest_asyncio
from playwright.async_api import async_playwright

from demo.programs import CACHE

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from playwright.async_api import Browser

_UNPACKED = CACHE.resolve() / "chromium"
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest_asyncio.fixture
async def browser() -> AsyncGenerator[Browser]:
    async with (
        async_playwright() as playwright,
        await playwright.chromium.launch(
            executable_path=CACHE / "bin" / "chromium", args=_ARGUMENTS
        ) as browser,
    ):
        yield browser


def _chromium_libraries() -> set[Path]:
    """Return the libraries that the first process of our Chromium has loaded."""
    return {
        Path(line.split()[-1])
        for process in Path("/proc").glob("[0-9]*")
        if (command := (process / "cmdline").read_bytes()).startswith(bytes(_UNPACKED))
        # Others also look for what a graphics card would want, and find it or not.
        and b"--type=" not in command
        for line in (process / "maps").read_text().splitlines()
        if ".so" in line
    }


async def test_the_browser_takes_its_libraries_from_where_it_was_unpacked(browser: Browser) -> None:
    page = await browser.new_page()
    await page.set_content("Hello")

    libraries = _chromium_libraries()

    assert {path.name for path in libraries} >= {"libc.so.6", "libnss3.so"}
    assert [path for path in libraries if not path.is_relative_to(_UNPACKED)] == []


async def test_the_browser_has_a_font_for_right_to_left_writing(browser: Browser) -> None:
    page = await browser.new_page()
    # A letter without a glyph is a box, and all boxes are alike.
    await page.set_content("<span>ש</span><span>ש</span><span>&#xE000;</span>")

    pictures = [await span.screenshot() for span in await page.locator("span").all()]

    assert pictures[0] == pictures[1]
    assert pictures[0] != pictures[2]
