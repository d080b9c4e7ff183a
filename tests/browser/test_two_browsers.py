"""Two people use one reader from two browsers at the same time."""

import re
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.browser.steps import button, choice, open_form, title
from tests.support.house import ENROLLMENT

if TYPE_CHECKING:
    from playwright.async_api import Locator, Page, WebSocketRoute

    from tests.browser.conftest import Welcome
    from tests.browser.house import CardHouse
    from tests.browser.visit import Visit

pytestmark = pytest.mark.asyncio(loop_scope="session")


class _SlowNews:
    """The messages of Home Assistant to a page, which can be held back."""

    def __init__(self) -> None:
        self._held: list[tuple[WebSocketRoute, str | bytes]] | None = None

    @classmethod
    async def of(cls, page: Page) -> _SlowNews:
        """Route the page's WebSocket; the page must not have been loaded yet."""
        news = cls()
        await page.route_web_socket(re.compile("/api/websocket"), news._take)
        return news

    def _take(self, socket: WebSocketRoute) -> None:
        socket.connect_to_server().on_message(lambda message: self._tell(socket, message))

    def _tell(self, socket: WebSocketRoute, message: str | bytes) -> None:
        if self._held is None:
            socket.send(message)
        else:
            self._held.append((socket, message))

    def hold_back(self) -> None:
        self._held = []

    def let_go(self) -> None:
        held, self._held = self._held or [], None
        for socket, message in held:
            socket.send(message)


async def test_who_starts_slightly_too_late_is_shown_that_the_reader_is_busy(
    house: CardHouse, card: Locator, welcome: Welcome
) -> None:
    """Otherwise they would mistake the other's enrollment for their own, and place a finger."""
    visit = await welcome()
    news = await _SlowNews.of(visit.page)
    late = await visit.overview()
    for each, person in ((card, "Ben"), (late, "Anna")):
        await open_form(each)
        await choice(each, person).click()

    news.hold_back()
    await button(card, "Start").click()
    await house.client.async_until_state(ENROLLMENT, "place_finger")
    await button(late, "Start").click()
    await expect(button(late, "Asking the reader …")).to_be_visible()
    news.let_go()

    for each in (card, late):
        await expect(title(each, "Enrolling Ben")).to_be_visible()
    await expect(late.get_by_role("alert")).to_be_visible()
    await expect(card.get_by_role("alert")).to_have_count(0)


async def test_a_person_who_is_renamed_while_the_form_is_open_is_enrolled_by_the_new_name(
    house: CardHouse, visit: Visit, card: Locator
) -> None:
    client = house.client
    people = (await client.async_command(type="person/list"))["storage"]
    anna = next(each for each in people if each["name"] == "Anna")
    await open_form(card)
    await choice(card, "Anna").click()

    async def rename(name: str) -> None:
        await client.async_command(
            type="person/update", person_id=anna["id"], name=name, user_id=None, device_trackers=[]
        )

    await rename("Annabel")
    try:
        await expect(choice(card, "Annabel")).to_be_visible()
        await button(card, "Start").click()
        await expect(title(card, "Enrolling Annabel")).to_be_visible()
    finally:
        await rename("Anna")
    # The shown name is the stored one.
    assert client.states[ENROLLMENT].attributes["name"] == "Annabel"
