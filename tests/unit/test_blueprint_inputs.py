"""Inputs that only one of the blueprints has that act on identified people."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import async_mock_service

from tests.unit.blueprints import LOCK, PANEL, Acting, async_automate

if TYPE_CHECKING:
    from tests.support.home import Home
    from tests.support.reader import FakeReader

# What only the lock has

WEDNESDAY_NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.mark.parametrize("acting", ["open_lock"], indirect=True)
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
    acting: Acting, present: dict[str, str], opens: bool
) -> None:
    for entity_id, state in present.items():
        acting.home.hass.states.async_set(entity_id, state)
    await acting.automate(names=["Anna"], present=list(present))
    await acting.touch()
    assert len(acting.calls) == opens


@pytest.mark.parametrize("acting", ["open_lock"], indirect=True)
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
    acting: Acting, window: dict[str, Any], opens: bool
) -> None:
    await acting.automate(names=["Anna"], **window)
    # Only the time of day is set: a clock that stood still would make the touch late.
    with patch("homeassistant.util.dt.now", return_value=WEDNESDAY_NOON):
        await acting.touch()
    assert len(acting.calls) == opens


@pytest.mark.parametrize("acting", ["open_lock"], indirect=True)
async def test_it_unlocks_the_locks_or_opens_them(acting: Acting) -> None:
    opened = async_mock_service(acting.home.hass, "lock", "open")
    await acting.automate(names=["Anna"], how="lock.open", locks=[LOCK, "lock.gate"])
    await acting.touch()
    assert acting.calls == []
    assert [call.data["entity_id"] for call in opened] == [[LOCK, "lock.gate"]]


# What only the alarm has


@pytest.mark.parametrize("acting", ["disarm_alarm"], indirect=True)
@pytest.mark.parametrize("code", ["0123", "", "1e5", 'it\'s "it"'])
async def test_the_panel_is_given_its_code_as_it_was_typed(acting: Acting, code: str) -> None:
    await acting.automate(names=["Anna"], code=code)
    await acting.touch()
    given = {"code": code} if code else {}
    assert [call.data for call in acting.calls] == [{"entity_id": [PANEL], **given}]


# What only the greeting has


@pytest.mark.parametrize("acting", ["greet"], indirect=True)
async def test_everybody_is_greeted_by_name_if_nobody_is_chosen(
    acting: Acting, person: str
) -> None:
    words = {"who": "{{ name }}", "finger": "{{ finger }}", "is": "{{ person }}"}
    greeting = [{"action": "test.greet", "data": {**words, "at": "{{ reader }}"}}]
    await acting.home.update(template_id=acting.anna, person=person)
    await acting.automate(greeting=greeting)
    await acting.touch()
    assert [call.data for call in acting.calls] == [
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


@pytest.mark.parametrize("acting", ["greet"], indirect=True)
async def test_everybody_does_not_include_unknown_fingers(acting: Acting) -> None:
    await acting.automate()
    await acting.touch(template_id=None)
    await acting.touch(age=60)
    assert acting.calls == []
