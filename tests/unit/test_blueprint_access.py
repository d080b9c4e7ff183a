"""The blueprints that open, disarm and greet: for the chosen people, live, and never else."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from homeassistant.core import CoreState
from pytest_homeassistant_custom_component.common import async_mock_service

from tests.support.home import async_back_door, async_person
from tests.support.reader import DEVICE, new_id
from tests.unit.blueprints import async_automate, reader_device, rename_entities

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant, ServiceCall

    from tests.support.broker import FakeBroker
    from tests.support.home import Home
    from tests.support.reader import FakeReader

LOCK = "lock.any"
PANEL = "alarm_control_panel.any"
WEDNESDAY_NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)

ACTS: dict[str, tuple[str, dict[str, Any]]] = {
    "open_lock": ("lock.unlock", {"locks": [LOCK]}),
    "disarm_alarm": ("alarm_control_panel.alarm_disarm", {"panel": PANEL}),
    "greet": ("test.greet", {"greeting": [{"action": "test.greet"}]}),
}
"""What each blueprint calls, and the inputs that only it has."""


@pytest.fixture(params=ACTS)
def blueprint(request: pytest.FixtureRequest) -> str:
    """Return each of the blueprints that act upon who was identified."""
    name: str = request.param
    return name


@pytest.fixture
def acts(hass: HomeAssistant, blueprint: str) -> list[ServiceCall]:
    """Return the calls of what the blueprint does."""
    domain, service = ACTS[blueprint][0].split(".")
    return async_mock_service(hass, domain, service)


@pytest.fixture
async def person(hass: HomeAssistant) -> str:
    """Return the entity id of a person."""
    return await async_person(hass)


@pytest.fixture
async def own(home: Home, anna: str, person: str) -> str:
    """Return the template id of a fingerprint that is the person's."""
    await home.update(template_id=anna, person=person)
    return anna


@pytest.fixture
async def back_door(hass: HomeAssistant, broker: FakeBroker) -> Home:
    """Return Home Assistant with a second reader."""
    return await async_back_door(hass, broker)


async def _automate(hass: HomeAssistant, blueprint: str, **inputs: Any) -> None:
    """Have the blueprint act on people or names at the front door."""
    readers = [reader_device(hass, DEVICE)]
    await async_automate(hass, blueprint, **{"readers": readers, **ACTS[blueprint][1], **inputs})


async def test_a_chosen_person_is_let_in_by_every_live_touch(
    home: Home, reader: FakeReader, own: str, person: str, blueprint: str, acts: list[ServiceCall]
) -> None:
    await _automate(home.hass, blueprint, people=[person])
    for times in (1, 2):
        reader.touch(own)
        await home.settle()
        assert len(acts) == times


async def test_a_chosen_name_is_let_in(
    home: Home, reader: FakeReader, anna: str, blueprint: str, acts: list[ServiceCall]
) -> None:
    await _automate(home.hass, blueprint, names=["Ben", "Anna"])
    reader.touch(anna)
    await home.settle()
    assert len(acts) == 1


async def test_somebody_else_is_not_let_in(
    home: Home, reader: FakeReader, anna: str, person: str, blueprint: str, acts: list[ServiceCall]
) -> None:
    """Anna is nobody's fingerprint here: no person is no chosen person either."""
    await _automate(home.hass, blueprint, people=[person], names=["Ben"])
    reader.touch(anna)
    await home.settle()
    assert acts == []


@pytest.mark.parametrize(
    "changes", [{"age": 6}, {"age": -2}, {"hello": None}, {"hello": new_id()}, {"at_ms": None}]
)
async def test_a_late_touch_lets_nobody_in(
    home: Home,
    reader: FakeReader,
    own: str,
    person: str,
    blueprint: str,
    acts: list[ServiceCall],
    changes: dict[str, Any],
) -> None:
    await _automate(home.hass, blueprint, people=[person], names=["Anna"])
    reader.touch(own, **changes)
    await home.settle()
    assert acts == []


async def test_a_disabled_fingerprint_lets_nobody_in(
    home: Home, reader: FakeReader, own: str, person: str, blueprint: str, acts: list[ServiceCall]
) -> None:
    await _automate(home.hass, blueprint, people=[person], names=["Anna"])
    await home.update(template_id=own, enabled=False)
    reader.touch(own)
    await home.settle()
    assert acts == []


async def test_an_unknown_or_unreadable_finger_lets_nobody_in(
    home: Home, reader: FakeReader, own: str, person: str, blueprint: str, acts: list[ServiceCall]
) -> None:
    await _automate(home.hass, blueprint, people=[person], names=["Anna"])
    reader.touch(new_id())
    reader.touch()
    reader.touch(result="unreadable", reason="too_messy")
    await home.settle()
    assert acts == []


async def test_reload_and_restart_and_a_reader_that_comes_back_let_nobody_in(
    hass: HomeAssistant,
    home: Home,
    broker: FakeBroker,
    reader: FakeReader,
    own: str,
    person: str,
    blueprint: str,
    acts: list[ServiceCall],
    hass_storage: dict[str, Any],
) -> None:
    """Nor does the touch that the reader repeats, since its acknowledgement got lost."""
    await _automate(hass, blueprint, people=[person], names=["Anna"])
    touch = reader.touch(own)
    await home.settle()
    assert await hass.config_entries.async_reload(home.entry.entry_id)
    await home.until(lambda: home.available)
    hass.set_state(CoreState.not_running)
    await home.restart()
    hass.set_state(CoreState.running)
    reader.touch(own, touch=touch)
    reader.die()
    reader.announce()
    await home.until(lambda: home.available)
    broker.set_connected(False)
    broker.set_connected(True)
    await home.until(lambda: home.available)
    assert len(acts) == 1
    # Else this could pass with a reader that nobody hears any more.
    reader.touch(own)
    await home.settle()
    assert len(acts) == 2


async def test_renamed_entities_are_heard_all_the_same(
    home: Home, reader: FakeReader, anna: str, blueprint: str, acts: list[ServiceCall]
) -> None:
    await _automate(home.hass, blueprint, names=["Anna"])
    rename_entities(home.hass)
    await home.settle()
    reader.touch(anna)
    await home.settle()
    assert len(acts) == 1
    reader.touch(anna, age=60)
    await home.settle()
    assert len(acts) == 1


async def test_only_the_chosen_readers_count(
    home: Home,
    back_door: Home,
    anna: str,
    reader: FakeReader,
    blueprint: str,
    acts: list[ServiceCall],
) -> None:
    await _automate(home.hass, blueprint, readers=[back_door.device_id], names=["Anna"])
    reader.touch(anna)
    await home.settle()
    assert acts == []


async def test_all_the_chosen_readers_count(
    hass: HomeAssistant,
    home: Home,
    back_door: Home,
    anna: str,
    reader: FakeReader,
    blueprint: str,
    acts: list[ServiceCall],
) -> None:
    both = [back_door.device_id, home.device_id]
    await _automate(hass, blueprint, readers=both, names=["Anna"])
    reader.touch(anna)
    await home.settle()
    assert len(acts) == 1


@pytest.mark.parametrize("blueprint", ["open_lock", "disarm_alarm"])
async def test_nobody_chosen_is_nobody_let_in(
    home: Home, reader: FakeReader, anna: str, blueprint: str, acts: list[ServiceCall]
) -> None:
    await _automate(home.hass, blueprint)
    reader.touch(anna)
    await home.settle()
    assert acts == []


@pytest.mark.parametrize("blueprint", ["open_lock", "disarm_alarm"])
@pytest.mark.parametrize("state", ["on", "off"])
async def test_other_conditions_have_to_be_true(
    home: Home, reader: FakeReader, anna: str, blueprint: str, acts: list[ServiceCall], state: str
) -> None:
    home.hass.states.async_set("input_boolean.guests", state)
    wanted = {"condition": "state", "entity_id": "input_boolean.guests", "state": "on"}
    await _automate(home.hass, blueprint, names=["Anna"], more_conditions=[wanted])
    reader.touch(anna)
    await home.settle()
    assert len(acts) == (state == "on")


# What only the lock has


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
    await _automate(home.hass, blueprint, names=["Anna"], present=list(present))
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
    await _automate(home.hass, blueprint, names=["Anna"], **window)
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
    await _automate(
        home.hass, blueprint, names=["Anna"], how="lock.open", locks=[LOCK, "lock.gate"]
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
    await _automate(home.hass, blueprint, names=["Anna"], code=code)
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
    for _ in range(3):
        reader.capture()
    await home.settle()
    await _automate(home.hass, blueprint, greeting=greeting)
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
    await _automate(home.hass, blueprint)
    reader.touch()
    reader.touch(anna, age=60)
    await home.settle()
    assert acts == []
