"""The blueprints that open, disarm and greet: only at live touches of the chosen people."""

from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.core import CoreState

from tests.support.home import async_back_door
from tests.support.reader_publications import new_id
from tests.unit.blueprints import Acting, rename_entities

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

    from tests.support.broker import FakeBroker
    from tests.support.home import Home


@pytest.fixture
async def her(home: Home, anna: str, person: str) -> str:
    """Return the entity id of the person whose fingerprint Anna's is."""
    await home.update(template_id=anna, person=person)
    return person


@pytest.fixture
async def back_door(hass: HomeAssistant, broker: FakeBroker) -> Home:
    """Return Home Assistant with a second reader."""
    return await async_back_door(hass, broker)


async def test_a_chosen_person_is_let_in_by_every_live_touch(acting: Acting, her: str) -> None:
    await acting.automate(people=[her])
    for times in (1, 2):
        await acting.touch()
        assert len(acting.calls) == times


async def test_a_chosen_name_is_let_in(acting: Acting) -> None:
    await acting.automate(names=["Ben", "Anna"])
    await acting.touch()
    assert len(acting.calls) == 1


async def test_somebody_else_is_not_let_in(acting: Acting, person: str) -> None:
    """Anna's fingerprint has no person here, so it is not of a chosen person."""
    await acting.automate(people=[person], names=["Ben"])
    await acting.touch()
    assert acting.calls == []


@pytest.mark.parametrize(
    "changes", [{"age": 6}, {"age": -2}, {"boot": new_id()}, {"boot": None, "at_ms": None}]
)
async def test_a_late_touch_lets_nobody_in(
    acting: Acting, her: str, changes: dict[str, Any]
) -> None:
    await acting.automate(people=[her], names=["Anna"])
    await acting.touch(**changes)
    assert acting.calls == []


async def test_a_disabled_fingerprint_lets_nobody_in(acting: Acting, her: str) -> None:
    await acting.automate(people=[her], names=["Anna"])
    await acting.home.update(template_id=acting.anna, enabled=False)
    await acting.touch()
    assert acting.calls == []


async def test_an_unknown_or_unreadable_finger_lets_nobody_in(acting: Acting, her: str) -> None:
    await acting.automate(people=[her], names=["Anna"])
    await acting.touch(template_id=new_id())
    await acting.touch(template_id=None)
    await acting.touch(template_id=None, result="unreadable", reason="too_messy")
    assert acting.calls == []


async def test_reload_and_restart_and_a_reader_that_comes_back_let_nobody_in(
    acting: Acting, broker: FakeBroker, her: str, hass_storage: dict[str, Any]
) -> None:
    """Neither does the touch that the reader repeats because its acknowledgement was lost."""
    await acting.automate(people=[her], names=["Anna"])
    touch = await acting.touch()
    assert await acting.home.hass.config_entries.async_reload(acting.home.entry.entry_id)
    await acting.home.until(lambda: acting.home.available)
    acting.home.hass.set_state(CoreState.not_running)
    await acting.home.restart()
    acting.home.hass.set_state(CoreState.running)
    await acting.touch(touch=touch)
    acting.home.reader.die()
    acting.home.reader.announce()
    await acting.home.until(lambda: acting.home.available)
    broker.set_connected(False)
    broker.set_connected(True)
    await acting.home.until(lambda: acting.home.available)
    assert len(acting.calls) == 1
    # Otherwise this could pass with a reader whose messages are not received any more.
    await acting.touch()
    assert len(acting.calls) == 2


async def test_renamed_entities_are_heard_all_the_same(acting: Acting) -> None:
    await acting.automate(names=["Anna"])
    rename_entities(acting.home.hass)
    await acting.home.settle()
    await acting.touch()
    assert len(acting.calls) == 1
    await acting.touch(age=60)
    assert len(acting.calls) == 1


async def test_only_the_chosen_readers_count(acting: Acting, back_door: Home) -> None:
    await acting.automate(readers=[back_door.device_id], names=["Anna"])
    await acting.touch()
    assert acting.calls == []


async def test_all_the_chosen_readers_count(acting: Acting, back_door: Home) -> None:
    both = [back_door.device_id, acting.home.device_id]
    await acting.automate(readers=both, names=["Anna"])
    await acting.touch()
    assert len(acting.calls) == 1


@pytest.mark.parametrize("acting", ["open_lock", "disarm_alarm"], indirect=True)
async def test_with_nobody_chosen_nobody_is_let_in(acting: Acting) -> None:
    await acting.automate()
    await acting.touch()
    assert acting.calls == []


@pytest.mark.parametrize("acting", ["open_lock", "disarm_alarm"], indirect=True)
@pytest.mark.parametrize("state", ["on", "off"])
async def test_other_conditions_have_to_be_true(acting: Acting, state: str) -> None:
    acting.home.hass.states.async_set("input_boolean.guests", state)
    wanted = {"condition": "state", "entity_id": "input_boolean.guests", "state": "on"}
    await acting.automate(names=["Anna"], more_conditions=[wanted])
    await acting.touch()
    assert len(acting.calls) == (state == "on")
