"""The blueprints that open, disarm and greet: for the chosen people, live, and never else."""

from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.core import CoreState
from pytest_homeassistant_custom_component.common import async_mock_service

from tests.support.home import async_back_door, async_person
from tests.support.reader import new_id
from tests.unit.blueprints import ACTS, async_automate_acts, rename_entities

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant, ServiceCall

    from tests.support.broker import FakeBroker
    from tests.support.home import Home
    from tests.support.reader import FakeReader


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


async def test_a_chosen_person_is_let_in_by_every_live_touch(
    home: Home, reader: FakeReader, own: str, person: str, blueprint: str, acts: list[ServiceCall]
) -> None:
    await async_automate_acts(home, blueprint, people=[person])
    for times in (1, 2):
        reader.touch(own)
        await home.settle()
        assert len(acts) == times


async def test_a_chosen_name_is_let_in(
    home: Home, reader: FakeReader, anna: str, blueprint: str, acts: list[ServiceCall]
) -> None:
    await async_automate_acts(home, blueprint, names=["Ben", "Anna"])
    reader.touch(anna)
    await home.settle()
    assert len(acts) == 1


async def test_somebody_else_is_not_let_in(
    home: Home, reader: FakeReader, anna: str, person: str, blueprint: str, acts: list[ServiceCall]
) -> None:
    """Anna is nobody's fingerprint here: no person is no chosen person either."""
    await async_automate_acts(home, blueprint, people=[person], names=["Ben"])
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
    await async_automate_acts(home, blueprint, people=[person], names=["Anna"])
    reader.touch(own, **changes)
    await home.settle()
    assert acts == []


async def test_a_disabled_fingerprint_lets_nobody_in(
    home: Home, reader: FakeReader, own: str, person: str, blueprint: str, acts: list[ServiceCall]
) -> None:
    await async_automate_acts(home, blueprint, people=[person], names=["Anna"])
    await home.update(template_id=own, enabled=False)
    reader.touch(own)
    await home.settle()
    assert acts == []


async def test_an_unknown_or_unreadable_finger_lets_nobody_in(
    home: Home, reader: FakeReader, own: str, person: str, blueprint: str, acts: list[ServiceCall]
) -> None:
    await async_automate_acts(home, blueprint, people=[person], names=["Anna"])
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
    await async_automate_acts(home, blueprint, people=[person], names=["Anna"])
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
    await async_automate_acts(home, blueprint, names=["Anna"])
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
    await async_automate_acts(home, blueprint, readers=[back_door.device_id], names=["Anna"])
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
    await async_automate_acts(home, blueprint, readers=both, names=["Anna"])
    reader.touch(anna)
    await home.settle()
    assert len(acts) == 1


@pytest.mark.parametrize("blueprint", ["open_lock", "disarm_alarm"])
async def test_nobody_chosen_is_nobody_let_in(
    home: Home, reader: FakeReader, anna: str, blueprint: str, acts: list[ServiceCall]
) -> None:
    await async_automate_acts(home, blueprint)
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
    await async_automate_acts(home, blueprint, names=["Anna"], more_conditions=[wanted])
    reader.touch(anna)
    await home.settle()
    assert len(acts) == (state == "on")
