"""What only one of the blueprints that act upon who was identified has."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import async_mock_service

from tests.unit.blueprints import LOCK, PANEL, async_automate, async_automate_acts

if TYPE_CHECKING:
    from homeassistant.core import ServiceCall

    from tests.support.home import Home
    from tests.support.reader import FakeReader

# What only the lock has

WEDNESDAY_NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.mark.parametrize("blueprint", ["open_lock"])
@pytest.mark.parametrize(
    ("present", "opens"),
    [
        ({"person.ben": "home", "person.cleo": "work"}, True),
        ({"person.ben": "not_home", "person.cleo": "work"}, False),
        ({"person.ben": "unavailable"}, False),
        ({"input_boolean.guests": "on"}, True),
        ({"input_boolean.guests": "off"}, False),
    ],
)
async def test_somebody_has_to_be_present(
    home: Home,
    reader: FakeReader,
    anna: str,
    blueprint: str,
    acts: list[ServiceCall],
    present: dict[str, str],
    opens: bool,
) -> None:
    for entity_id, state in present.items():
        home.hass.states.async_set(entity_id, state)
    await async_automate_acts(home, blueprint, names=["Anna"], present=list(present))
    reader.touch(anna)
    await home.settle()
    assert len(acts) == opens


@pytest.mark.parametrize("blueprint", ["open_lock"])
@pytest.mark.parametrize(
    ("window", "opens"),
    [
        ({"after": "08:00:00", "before": "18:00:00"}, True),
        ({"after": "13:00:00", "before": "18:00:00"}, False),
        ({"after": "22:00:00", "before": "13:00:00"}, True),
        ({"after": "22:00:00", "before": "06:00:00"}, False),
        ({"weekdays": ["wed"]}, True),
        ({"weekdays": ["tue", "thu"]}, False),
    ],
)
async def test_it_has_to_be_the_time_for_it(
    home: Home,
    reader: FakeReader,
    anna: str,
    blueprint: str,
    acts: list[ServiceCall],
    window: dict[str, Any],
    opens: bool,
) -> None:
    await async_automate_acts(home, blueprint, names=["Anna"], **window)
    # Only the time of the day: a clock that stood still would make the touch a late one.
    with patch("homeassistant.util.dt.now", return_value=WEDNESDAY_NOON):
        reader.touch(anna)
        await home.settle()
    assert len(acts) == opens


@pytest.mark.parametrize("blueprint", ["open_lock"])
async def test_it_unlocks_the_locks_or_opens_them(
    home: Home, reader: FakeReader, anna: str, blueprint: str, acts: list[ServiceCall]
) -> None:
    opened = async_mock_service(home.hass, "lock", "open")
    await async_automate_acts(
        home, blueprint, names=["Anna"], how="lock.open", locks=[LOCK, "lock.gate"]
    )
    reader.touch(anna)
    await home.settle()
    assert acts == []
    assert [call.data["entity_id"] for call in opened] == [[LOCK, "lock.gate"]]


# What only the alarm has


@pytest.mark.parametrize("blueprint", ["disarm_alarm"])
@pytest.mark.parametrize("code", ["0123", "", "1e5", 'it\'s "it"'])
async def test_the_panel_is_given_its_code_as_it_was_typed(
    home: Home, reader: FakeReader, anna: str, blueprint: str, acts: list[ServiceCall], code: str
) -> None:
    await async_automate_acts(home, blueprint, names=["Anna"], code=code)
    reader.touch(anna)
    await home.settle()
    given = {"code": code} if code else {}
    assert [call.data for call in acts] == [{"entity_id": [PANEL], **given}]


# What only the greeting has


@pytest.mark.parametrize("blueprint", ["greet"])
async def test_everybody_is_greeted_by_name_if_nobody_is_chosen(
    home: Home, reader: FakeReader, person: str, blueprint: str, acts: list[ServiceCall]
) -> None:
    words = {"who": "{{ name }}", "finger": "{{ finger }}", "is": "{{ person }}"}
    greeting = [{"action": "test.greet", "data": {**words, "at": "{{ reader }}"}}]
    response = await home.enroll(person=person)
    reader.capture(3)
    await home.settle()
    await async_automate_acts(home, blueprint, greeting=greeting)
    reader.touch(response["template_id"])
    await home.settle()
    assert [call.data for call in acts] == [
        {"who": "Anna", "finger": "left_thumb", "is": person, "at": "Front door"}
    ]


async def test_the_greeting_is_a_notification_unless_it_is_changed(
    home: Home, reader: FakeReader, anna: str
) -> None:
    told = async_mock_service(home.hass, "persistent_notification", "create")
    await async_automate(home.hass, "greet", readers=[home.device_id])
    reader.touch(anna)
    await home.settle()
    assert [call.data for call in told] == [{"title": "Front door", "message": "Welcome, Anna!"}]


@pytest.mark.parametrize("blueprint", ["greet"])
async def test_everybody_is_nobody_unknown(
    home: Home, reader: FakeReader, anna: str, blueprint: str, acts: list[ServiceCall]
) -> None:
    await async_automate_acts(home, blueprint)
    reader.touch()
    reader.touch(anna, age=60)
    await home.settle()
    assert acts == []
