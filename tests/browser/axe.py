"""Accessibility checks with axe-core."""

from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.async_api import Locator

_SOURCE = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text()

_RUN = """async (element) => {
    // By itself it leaves out how large what is clicked has to be.
    const rules = { "target-size": { enabled: true } };
    const { violations } = await axe.run(element, { resultTypes: ["violations"], rules });
    return violations.flatMap(({ id, help, nodes }) =>
        nodes.map(({ target, html, failureSummary }) =>
            `${id}: ${help}\\n${target.flat().at(-1)}\\n${html}\\n${failureSummary}`));
}"""


async def violations(element: Locator) -> list[str]:
    """Check an element with its content, also in shadow roots; return its violations in words."""
    await element.page.evaluate(_SOURCE)
    found: list[str] = await element.evaluate(_RUN)
    return found
