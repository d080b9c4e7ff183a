"""Measures how soon the card shows a stage of an enrollment: `scripts/bench card`.

The card and Home Assistant's own tile card of the same entity are on one page, so both get a stage
at the same time; the times at which each has it in its DOM are compared. Real are Home Assistant,
its MQTT, Mosquitto and Chromium; the reader is a `FakeReaders` of one.
"""

# ruff: noqa: T201 - it prints

import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demo.accounts import owner
from demo.brokers import BrokerKind
from demo.installation import Installation
from tests.browser.house import DASHBOARD, add_dashboard
from tests.browser.visit import Looks, Visit, open_browser
from tests.e2e.fake_readers import FakeReaders

if TYPE_CHECKING:
    from playwright.async_api import Page

READER = "bench"
STAGES = ("processing", "place_finger")
SAMPLES = 300
WARM_UP = 20
CARDS = ("biometric-enroll-card", "hui-tile-card")

# Texts are in nested shadow roots, and a mutation observer covers only its own root.
_WATCH = """(names) => {
  const roots = (root) => [root, ...[...root.querySelectorAll("*")].flatMap(
    (element) => element.shadowRoot ? roots(element.shadowRoot) : [])];
  const find = (name) => roots(document).map((root) => root.querySelector(name)).find(Boolean);
  window.seen = {};
  for (const name of names) {
    const observer = new MutationObserver(() => {
      window.seen[name] ??= performance.timeOrigin + performance.now();
    });
    for (const root of roots(find(name).shadowRoot)) {
      observer.observe(root, { subtree: true, childList: true, characterData: true });
    }
  }
}"""
_BOTH = "(names) => names.every((name) => window.seen[name]) && window.seen"


async def _async_measure(
    installation: Installation, fakes: FakeReaders, page: Page
) -> dict[str, list[float]]:
    """Return the milliseconds from the publishing of each stage to the DOM of each card."""
    await page.evaluate(_WATCH, CARDS)
    times: dict[str, list[float]] = {name: [] for name in CARDS}
    for number in range(WARM_UP + SAMPLES):
        # The card also counts seconds: only a change of the stage is measured.
        await page.evaluate("window.seen = {}")
        published = time.time() * 1000
        fakes.tell_stage(READER, STAGES[number % 2])
        both = await page.wait_for_function(_BOTH, arg=CARDS, polling=5)
        seen = await both.json_value()
        if number >= WARM_UP:
            for name in CARDS:
                times[name].append(seen[name] - published)
    return times


async def _async_start(installation: Installation) -> tuple[FakeReaders, str]:
    """Set up a reader that is enrolling; return it and its device's id."""
    await installation.async_start({"recorder": {"exclude": {"entity_globs": ["*"]}}})
    fakes = FakeReaders(installation.broker.port, [READER])
    await installation.home_assistant.async_add_reader(READER)
    async with await installation.home_assistant.async_connect() as client:
        await client.async_until_state(f"binary_sensor.{READER}_connectivity", "on")
        devices = await client.async_command(type="config/device_registry/list")
        device_id: str = next(
            each["id"] for each in devices if ["biometric_enroll", READER] in each["identifiers"]
        )
        await client.async_action(
            "biometric_enroll.enroll_fingerprint", response=True, device_id=device_id, name="Anna"
        )
        fakes.tell_stage(READER, "place_finger")
    return fakes, device_id


async def _async_compare() -> None:
    with tempfile.TemporaryDirectory(prefix="biometric-enroll-") as folder:
        async with (
            Installation(Path(folder) / "pace", broker=BrokerKind.MOSQUITTO) as installation,
            open_browser() as browser,
        ):
            fakes, device_id = await _async_start(installation)
            card: dict[str, Any] = {"type": f"custom:{CARDS[0]}", "device_id": device_id}
            tile: dict[str, Any] = {"type": "tile", "entity": f"sensor.{READER}_enrollment"}
            home_assistant = installation.home_assistant
            print("on the page   card ms (p50, p95)   tile ms (p50, p95)   ratio of p50")
            for order in ([card, tile], [tile, card]):
                async with await home_assistant.async_connect() as client:
                    await add_dashboard(client, order)
                    account = await owner(home_assistant, client)
                visit = await Visit.begin(browser, home_assistant.url, account, Looks())
                await visit.page.goto(f"{visit.url}/{DASHBOARD}/0")
                await visit.page.get_by_text("Enrolling Anna").first.wait_for()
                times = await _async_measure(installation, fakes, visit.page)
                await visit.end()
                _report("card first" if order[0] is card else "tile first", times)
            fakes.close()


def _report(order: str, times: dict[str, list[float]]) -> None:
    middles = [statistics.median(times[name]) for name in CARDS]
    nearly = [statistics.quantiles(times[name], n=20)[-1] for name in CARDS]
    print(
        f"{order:11}  {middles[0]:12.1f} {nearly[0]:6.1f}  {middles[1]:13.1f} {nearly[1]:6.1f}"
        f"  {middles[0] / middles[1]:13.2f}",
        flush=True,
    )


if __name__ == "__main__":
    asyncio.run(_async_compare())
