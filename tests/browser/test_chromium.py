"""The browser itself: it uses the project's fonts and the unpacked libraries on every machine."""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from demo.programs import CACHE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.async_api import Browser

pytestmark = pytest.mark.asyncio(loop_scope="session")

_CHROMIUM = (CACHE / "bin" / "chromium").resolve()
_UNPACKED = CACHE.resolve() / "unpacked" / "chromium"


def _loaded() -> Iterator[Path]:
    """Yield the libraries that the main process of our Chromium has loaded.

    Its other processes also try to load graphics drivers, which a machine has or has not.
    """
    for process in Path("/proc").glob("[0-9]*"):
        # The process has ended meanwhile, or belongs to another user.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError, PermissionError):
            command = (process / "cmdline").read_bytes()
            if (process / "exe").readlink() == _CHROMIUM and b"--type=" not in command:
                lines = (process / "maps").read_text().splitlines()
                yield from (Path(line.split()[-1]) for line in lines if ".so" in line)


@pytest.mark.skipif(
    not _CHROMIUM.is_relative_to(_UNPACKED), reason="this machine has a Chromium of its own"
)
async def test_an_unpacked_browser_takes_its_libraries_from_where_it_was_unpacked(
    browser: Browser,
) -> None:
    page = await browser.new_page()
    await page.set_content("Hello")

    libraries = set(_loaded())

    assert {path.name for path in libraries} >= {"libc.so.6", "libnss3.so"}
    assert [path for path in libraries if not path.is_relative_to(_UNPACKED)] == []


@pytest.mark.parametrize(
    ("family", "font"),
    [
        ("sans-serif", "DejaVu Sans"),
        ("serif", "DejaVu Serif"),
        ("monospace", "DejaVu Sans Mono"),
        ("Arial", "DejaVu Sans"),
    ],
)
async def test_the_browser_writes_with_the_fonts_of_the_project(
    browser: Browser, family: str, font: str
) -> None:
    page = await browser.new_page()
    await page.set_content(f"<p style='font-family: {family}, sans-serif'>Hello</p>")
    tools = await page.context.new_cdp_session(page)
    await tools.send("DOM.enable")
    await tools.send("CSS.enable")

    document = await tools.send("DOM.getDocument")
    paragraph = await tools.send(
        "DOM.querySelector", {"nodeId": document["root"]["nodeId"], "selector": "p"}
    )
    used = await tools.send("CSS.getPlatformFontsForNode", {"nodeId": paragraph["nodeId"]})

    assert [each["familyName"] for each in used["fonts"]] == [font]


async def test_the_browser_has_a_font_for_right_to_left_writing(browser: Browser) -> None:
    page = await browser.new_page()
    # A letter without a glyph is a box, and all boxes are alike.
    await page.set_content("<span>ש</span><span>ש</span><span>&#xE000;</span>")

    pictures = [await span.screenshot() for span in await page.locator("span").all()]

    assert pictures[0] == pictures[1]
    assert pictures[0] != pictures[2]
