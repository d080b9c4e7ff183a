"""A dashboard that is loaded shows the card, however late the frontend's app comes."""

import asyncio
import re
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.browser.house import DASHBOARD

if TYPE_CHECKING:
    from playwright.async_api import Route

    from tests.browser.conftest import Welcome

pytestmark = pytest.mark.asyncio(loop_scope="session")

_APP = re.compile(r"/frontend_(?:latest|es5)/app\.")
_LOADS = 3


@pytest.mark.parametrize("late", [0, 0.5, 1])
async def test_each_first_load_shows_the_cards(welcome: Welcome, late: float) -> None:
    """Before 2026.11 the app exchanges the registry of elements after our module was loaded."""

    async def delay(route: Route) -> None:
        await asyncio.sleep(late)
        await route.continue_()

    for _ in range(_LOADS):
        visit = await welcome()  # an empty cache each time
        await visit.page.route(_APP, delay)
        await visit.page.goto(f"{visit.url}/{DASHBOARD}/0")

        await expect(visit.page.locator("biometric-enroll-card h2")).to_have_count(2)
        await expect(visit.page.locator("hui-error-card")).to_have_count(0)
        await visit.end()
