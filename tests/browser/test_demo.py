"""The demo's dashboard, used by somebody who has read nothing."""

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from playwright.async_api import expect

from demo.brokers import BrokerKind
from demo.fingers import lift_of
from demo.installation import Installation
from demo.show import Show, open_show
from tests.browser.demo_fingers import DemoFingers
from tests.browser.house import add_dashboard
from tests.browser.steps import choice
from tests.browser.visit import Looks, Visit
from tests.support.markdown import yaml_blocks

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from playwright.async_api import Browser

pytestmark = pytest.mark.asyncio(loop_scope="session")

_LOOKS = Looks(width=1600)
_ENROLL = "Enroll a fingerprint"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def show(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Show]:
    folder = tmp_path_factory.mktemp("demo")
    async with (
        Installation(folder, broker=BrokerKind.AMQTT) as installation,
        open_show(installation) as show,
    ):
        yield show


async def test_the_tablet_enrolls_at_the_front_door_only(show: Show, browser: Browser) -> None:
    visit = await Visit.begin(browser, show.url, show.tablet, _LOOKS)
    await visit.page.goto(show.url)

    # Before a test enrolls: the end of an enrollment is shown to all users for a minute.
    front, back = visit.card("Front door"), visit.card("Back door")
    await expect(front.get_by_role("button", name=_ENROLL)).to_be_visible()
    await expect(back.get_by_text("No finger is enrolled yet.")).to_be_visible()
    await expect(back.get_by_role("button", name=_ENROLL)).to_have_count(0)
    await visit.end()


async def test_the_card_of_the_readme_shows_the_reader_that_it_names(
    show: Show, browser: Browser
) -> None:
    card = yaml_blocks()["# The card of one reader"]
    (front, _) = show.doors
    await add_dashboard(show.client, [{**card, "device_id": front.device_id}])
    visit = await Visit.begin(browser, show.url, show.owner, _LOOKS)

    shown = await visit.look()

    await expect(shown.get_by_role("heading", name=card["name"])).to_be_visible()
    await expect(shown.get_by_text("Last identified")).to_be_visible()
    await visit.end()


async def test_a_newcomer_enrolls_a_finger_and_is_recognized(show: Show, browser: Browser) -> None:
    visit = await Visit.begin(browser, show.url, show.owner, _LOOKS)
    await visit.page.goto(show.url)
    card, fingers = visit.card("Front door"), DemoFingers(visit.page, "Front door")

    await card.get_by_role("button", name=_ENROLL).click()
    await choice(card, "Anna").click()
    await card.get_by_role("button", name="Start").click()
    for place in ("Place your finger on the sensor", "Place the same finger again"):
        await expect(card.get_by_text(place, exact=True)).to_be_visible()
        await fingers.place("Anna's thumb")
        await expect(card.get_by_text("Lift your finger", exact=True)).to_be_visible()
        await fingers.lift()
    await fingers.place("Anna's thumb")
    await card.get_by_role("button", name="Done").click()
    # Fingers change places with one tap, and each of them is a touch.
    await fingers.place("A stranger's finger")
    await expect(card.get_by_role("strong")).to_have_text("Not recognized")
    await fingers.place("Anna's thumb")
    await expect(card.get_by_role("strong")).to_have_text("Anna")
    assert visit.errors == []
    await visit.end()


async def test_there_are_no_repair_issues(show: Show) -> None:
    # A finger that an earlier test has left there for ten seconds is one.
    for door in show.doors:
        await show.client.async_action("button.press", entity_id=lift_of(door.reader_id))
        await show.client.async_until_state(f"binary_sensor.{door.reader_id}_sensor", "off")
    issues = await show.client.async_command(type="repairs/list_issues")

    assert [issue for issue in issues["issues"] if not issue["ignored"]] == []
