"""One house for each broker, and one whose network can be broken; tests share them."""

from typing import TYPE_CHECKING, Any

import pytest_asyncio

from demo.brokers import BrokerKind
from tests.support.house import LAST_IDENTIFIED, TOUCH, House

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    import pytest


def _automation(which: str, trigger: dict[str, Any], *conditions: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": which,
        "alias": which,
        "mode": "queued",
        "max": 100,
        "triggers": [trigger],
        "conditions": list(conditions),
        "actions": [{"event": "automation_ran", "event_data": {"which": which}}],
    }


_IDENTIFIED = "{{ trigger.to_state.attributes.event_type == 'identified' }}"

AUTOMATIONS = [
    _automation(
        "by the event bus",
        {
            "trigger": "event",
            "event_type": "biometric_enroll_event",
            "event_data": {"type": "identified"},
        },
    ),
    _automation(
        "by the event entity's trigger",
        {
            "trigger": "event.received",
            "target": {"entity_id": TOUCH},
            "options": {"event_type": ["identified"]},
        },
    ),
    # The careless way, with neither not_from nor not_to: nothing may come of it on a restart.
    _automation(
        "by the state of the event entity",
        {"trigger": "state", "entity_id": TOUCH},
        {"condition": "template", "value_template": _IDENTIFIED},
    ),
    _automation(
        "by the state of Last identified",
        {"trigger": "state", "entity_id": LAST_IDENTIFIED, "to": "Anna"},
    ),
]


@pytest_asyncio.fixture(
    scope="session",
    loop_scope="session",
    params=[BrokerKind.AMQTT, BrokerKind.MOSQUITTO, BrokerKind.RABBITMQ],
)
async def shared_house(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[House]:
    folder = tmp_path_factory.mktemp(str(request.param))
    async with House.running(folder, request.param, AUTOMATIONS) as house:
        yield house


@pytest_asyncio.fixture(loop_scope="session")
async def house(shared_house: House) -> AsyncGenerator[House]:
    """Give the house, idle and with nothing on its sensor."""
    async with shared_house.idle():
        yield shared_house


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_house_with_proxies(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncGenerator[House]:
    folder = tmp_path_factory.mktemp("with_proxies")
    async with House.running(
        folder, BrokerKind.MOSQUITTO_ON_DISK, AUTOMATIONS, with_proxies=True
    ) as house:
        yield house


@pytest_asyncio.fixture(loop_scope="session")
async def house_with_proxies(shared_house_with_proxies: House) -> AsyncGenerator[House]:
    """Give a house whose broker has a memory and whose network can be broken."""
    async with shared_house_with_proxies.idle():
        yield shared_house_with_proxies
