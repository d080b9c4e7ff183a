"""A browser that loses its connection for a while, as a tablet does whose Wi-Fi is off."""

import re
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.browser.steps import LIFT, PLACE, begin, enrolled, last_identified, shows, title
from tests.support.finger_placement import ScanStep
from tests.support.house import TOUCH

if TYPE_CHECKING:
    from playwright.async_api import Page, WebSocketRoute

    from tests.browser.house import CardHouse
    from tests.browser.visit import Visit

pytestmark = pytest.mark.asyncio(loop_scope="session")


_WATCH = """(card) => {
    window.flashed = false;
    const look = () => { window.flashed ||= card.shadowRoot.querySelector(".touch") !== null; };
    new MutationObserver(look).observe(card.shadowRoot, { childList: true, subtree: true });
}"""
"""Records also what is shown only briefly: after a lost connection the dashboard is built again."""


class _Connection:
    """The connection between a page and Home Assistant, which can be cut."""

    def __init__(self) -> None:
        self._holds = True
        self._sockets: list[WebSocketRoute] = []

    @classmethod
    async def of(cls, page: Page) -> _Connection:
        """Route the page's WebSocket; the page must not have been loaded yet."""
        connection = cls()
        await page.route_web_socket(re.compile("/api/websocket"), connection._take)
        return connection

    async def _take(self, socket: WebSocketRoute) -> None:
        if self._holds:
            self._sockets.append(socket)
            socket.connect_to_server()
        else:
            await socket.close()

    async def cut(self) -> None:
        """Close the connection, and refuse new ones."""
        self._holds = False
        for socket in self._sockets:
            await socket.close()

    def mend(self) -> None:
        self._holds = True


async def test_an_enrollment_during_a_lost_connection_is_shown_when_it_is_back(
    house: CardHouse, visit: Visit
) -> None:
    connection = await _Connection.of(visit.page)
    card = await visit.overview()
    placement = await begin(house, "Anna")
    await shows(card, PLACE, 0)

    await connection.cut()
    await expect(visit.page.get_by_text("Connection lost. Reconnecting").first).to_be_visible()
    await placement.go_on(ScanStep.LIFT_2)
    await shows(card, PLACE, 0)
    connection.mend()
    await shows(card, LIFT, 2)
    await placement.go_on()
    await expect(title(card, "Enrolled")).to_be_visible()


async def test_a_touch_during_a_lost_connection_is_not_shown_as_live(
    house: CardHouse, visit: Visit
) -> None:
    connection = await _Connection.of(visit.page)
    finger = await enrolled(house, "Clara")
    # Otherwise the end of that may be shown again in the dashboard that is built again.
    await visit.live_later()
    card = await visit.overview()
    await card.evaluate(_WATCH)

    await connection.cut()
    await expect(visit.page.get_by_text("Connection lost. Reconnecting").first).to_be_visible()
    touched = house.client.states[TOUCH].state
    await house.touch(finger)
    await house.client.async_until_other(TOUCH, touched, lambda state: state.state)
    connection.mend()

    await expect(last_identified(card)).to_contain_text("Clara")
    # Checked at once: a wait until it is gone would also pass if the touch were shown.
    assert await card.locator(".touch").count() == 0
    assert await visit.page.evaluate("window.flashed") is False
    await house.touch(finger)
    await expect(card.locator(".touch")).to_contain_text("Clara")
