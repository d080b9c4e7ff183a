"""One house and one browser, which all tests share; each test has pages of its own.

Screenshots of failed tests, and those taken by `shoot`, are in `.cache/screenshots/`; for a failed
test pytest also shows the console, the network errors and the text of its pages.
"""

from typing import TYPE_CHECKING, Protocol

import pytest
import pytest_asyncio

from demo.brokers import BrokerKind
from demo.home_assistant import NEWEST, OLDEST
from tests.browser.house import CardHouse
from tests.browser.visit import SCREENSHOTS, Looks, Visit, open_browser, shoot

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from playwright.async_api import Browser, Locator

    from demo.accounts import Account

_FAILED = pytest.StashKey[bool]()
_OPTION = "--home-assistant"
_ENVIRONMENTS = {"newest": NEWEST, "oldest": OLDEST}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let `scripts/test` choose the release of Home Assistant."""
    parser.addoption(_OPTION, choices=list(_ENVIRONMENTS), default="newest")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out, on the oldest Home Assistant, what is not about the card: demo and browser."""
    if config.getoption(_OPTION) == "oldest":
        items[:] = [item for item in items if "shared_house" in getattr(item, "fixturenames", ())]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Record for the fixtures whether their test has failed."""
    report = yield
    if report.failed:
        item.stash[_FAILED] = True
    return report


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_house(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[CardHouse]:
    folder = tmp_path_factory.mktemp("dashboard")
    environment = _ENVIRONMENTS[pytestconfig.getoption(_OPTION)]
    async with CardHouse.running(folder, BrokerKind.MOSQUITTO, environment=environment) as house:
        await house.furnish()
        yield house


@pytest_asyncio.fixture(loop_scope="session")
async def house(shared_house: CardHouse) -> AsyncGenerator[CardHouse]:
    """Return the house, idle and with no finger enrolled."""
    async with shared_house.empty():
        yield shared_house


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncGenerator[Browser]:
    async with open_browser() as browser:
        yield browser


USUAL = Looks()


class Welcome(Protocol):
    """Begins a visit; by default by the owner and on a usual screen."""

    async def __call__(self, account: Account | None = None, looks: Looks = USUAL) -> Visit: ...


@pytest_asyncio.fixture(loop_scope="session")
async def welcome(
    request: pytest.FixtureRequest, house: CardHouse, browser: Browser
) -> AsyncGenerator[Welcome]:
    """Return a function that begins visits; fail the test if a page of them had an error."""
    visits: list[Visit] = []

    async def begin(account: Account | None = None, looks: Looks = USUAL) -> Visit:
        visit = await Visit.begin(browser, house.url, account or house.owner, looks)
        visits.append(visit)
        return visit

    yield begin
    for number, visit in enumerate(visits, 1):
        if request.node.stash.get(_FAILED, False):
            await shoot(visit.page, f"failed-{request.node.name}-{number}")
            print(await visit.describe())  # noqa: T201 - pytest shows it with the failure
        await visit.end()
    assert [error for visit in visits for error in visit.errors] == []


@pytest_asyncio.fixture(loop_scope="session")
async def visit(welcome: Welcome) -> Visit:
    """Return a visit by the owner."""
    return await welcome()


@pytest_asyncio.fixture(loop_scope="session")
async def card(visit: Visit) -> Locator:
    """Return the front door's card on a freshly loaded page."""
    return await visit.overview()


@pytest.fixture(scope="session", autouse=True)
def _pictures() -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    for picture in SCREENSHOTS.glob("failed-*"):
        picture.unlink(missing_ok=True)
