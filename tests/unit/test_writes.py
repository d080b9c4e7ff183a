"""An entity is written when what it shows has changed, and only then."""

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.const import EVENT_STATE_CHANGED, EVENT_STATE_REPORTED
from homeassistant.core import Context, callback
from homeassistant.helpers import entity_registry as er

from custom_components.biometric_enroll.const import DOMAIN
from tests.support.home import (
    async_enroll,
    async_enrolled,
    async_set_up,
    async_until,
    available,
    device_id,
    entity_id,
    state,
)
from tests.support.reader import DEVICE

if TYPE_CHECKING:
    from collections.abc import Generator

    from homeassistant.core import Event, HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from tests.support.reader import FakeReader


@contextmanager
def _writes(hass: HomeAssistant) -> Generator[list[str]]:
    """Note which entities are written, by the end of their unique id, with or without a change."""
    keys: list[str] = []

    @callback
    def note(event: Event[Any]) -> None:
        entry = er.async_get(hass).async_get(event.data["entity_id"])
        if entry is not None and entry.platform == DOMAIN:
            keys.append(entry.unique_id.removeprefix(f"{DEVICE}_"))

    stops = [
        hass.bus.async_listen(EVENT_STATE_CHANGED, note),
        hass.bus.async_listen(EVENT_STATE_REPORTED, note, callback(lambda _: True)),
    ]
    yield keys
    for stop in stops:
        stop()


@pytest.fixture
async def everything(
    hass: HomeAssistant,
    reader: FakeReader,
    entry: MockConfigEntry,
    entity_registry_enabled_by_default: None,
) -> MockConfigEntry:
    """Return the config entry, set up, with all entities that there are."""
    reader.announce()
    await async_set_up(hass, reader, entry)
    await async_until(hass, lambda: available(hass))
    return entry


async def test_a_snapshot_writes_only_what_shows_it(
    hass: HomeAssistant, reader: FakeReader, everything: MockConfigEntry
) -> None:
    await async_enroll(hass, everything)
    with _writes(hass) as written:
        reader.go_on(stage="processing")
        assert written == ["enrollment"]
    with _writes(hass) as written:
        reader.go_on(stage="lift_finger", captured=[{"attempts": 1}])
        assert sorted(written) == ["enrollment", "enrollment_activity", "enrollment_progress"]
    with _writes(hass) as written:
        reader.go_on(stage="place_finger", step=2)
        assert written == ["enrollment"]
    assert state(hass, "sensor", "enrollment").attributes["step"] == 2


async def test_what_tells_nothing_new_writes_nothing(
    hass: HomeAssistant, reader: FakeReader, everything: MockConfigEntry
) -> None:
    coordinator = everything.runtime_data
    with _writes(hass) as written:
        said = len(reader.heard_of("hello"))
        await coordinator.async_refresh()
        reader.say("templates", reader.templates, retain=True)
        reader.say("enroll/response", reader.enrollment, retain=True)
        await hass.async_block_till_done()
        assert len(reader.heard_of("hello")) == said + 1
    assert written == []


async def test_diagnostics_write_only_what_shows_them(
    hass: HomeAssistant, reader: FakeReader, everything: MockConfigEntry
) -> None:
    with _writes(hass) as written:
        reader.diagnostics["signal"] = -70
        await everything.runtime_data.async_refresh()
        assert written == ["signal"]
    assert state(hass, "sensor", "signal").state == "-70"


async def test_a_setting_writes_only_what_shows_it_on_behalf_of_who_changed_it(
    hass: HomeAssistant, reader: FakeReader, everything: MockConfigEntry
) -> None:
    who = Context()
    target = {"entity_id": entity_id(hass, "switch", "identification")}
    with _writes(hass) as written:
        await hass.services.async_call("switch", "turn_off", target, blocking=True, context=who)
        await hass.async_block_till_done()
    assert written == ["identification"]
    assert state(hass, "switch", "identification").state == "off"
    assert state(hass, "switch", "identification").context.id == who.id


async def test_a_change_is_that_of_who_asked_for_it(
    hass: HomeAssistant, reader: FakeReader, everything: MockConfigEntry
) -> None:
    who = Context()
    before = state(hass, "sensor", "stored_fingerprints").context
    await async_enroll(hass, everything, context=who)
    for platform, key in (("sensor", "enrollment"), ("binary_sensor", "enrolling")):
        assert state(hass, platform, key).context.id == who.id
    # Nothing was changed of it.
    assert state(hass, "sensor", "signal").context.id != who.id
    assert before.id != who.id


async def test_the_same_person_twice_in_a_row_is_two_changes_each_time(
    hass: HomeAssistant, reader: FakeReader, everything: MockConfigEntry
) -> None:
    anna = await async_enrolled(hass, everything, reader)
    seen: list[str] = []

    @callback
    def note(event: Event[Any]) -> None:
        if event.data["entity_id"] == entity_id(hass, "sensor", "last_identified"):
            seen.append(event.data["new_state"].state)

    hass.bus.async_listen(EVENT_STATE_CHANGED, note)
    with _writes(hass) as written:
        for _ in range(3):
            reader.touch(anna)
        await hass.async_block_till_done()
    assert seen == ["Anna", "unknown", "Anna", "unknown", "Anna"]
    assert sorted(written) == ["last_identified"] * 5 + ["touch"] * 3


async def test_an_outage_writes_what_goes_away_once_and_once_when_it_is_back(
    hass: HomeAssistant, reader: FakeReader, everything: MockConfigEntry
) -> None:
    lasting = {
        "enrollment", "enrollment_activity", "enrollment_progress", "last_identified",
        "late_touch", "touch",
    }  # fmt: skip
    entities = er.async_entries_for_config_entry(er.async_get(hass), everything.entry_id)
    keys = {entity.unique_id.removeprefix(f"{DEVICE}_") for entity in entities}
    with _writes(hass) as written:
        reader.die()
        assert sorted(written) == sorted(keys - lasting)
        # What is told of it meanwhile is seen when it is back.
        reader.diagnostics["signal"] = -80
        reader.say("templates", {**reader.templates, "count": 9}, retain=True)
        assert sorted(written) == sorted(keys - lasting)
    with _writes(hass) as written:
        reader.announce()
        await async_until(hass, lambda: available(hass))
        await hass.async_block_till_done()
        assert sorted(written) == sorted(keys - lasting)
    assert state(hass, "sensor", "signal").state == "-80"


async def test_a_name_that_changes_writes_who_shows_it(
    hass: HomeAssistant, reader: FakeReader, everything: MockConfigEntry
) -> None:
    anna = await async_enrolled(hass, everything, reader)
    reader.touch(anna)
    with _writes(hass) as written:
        await hass.services.async_call(
            DOMAIN, "update_fingerprint", {"template_id": anna, "name": "Anne"}, blocking=True
        )
        await hass.async_block_till_done()
    # The revision of the registry is how the card learns of it.
    assert set(written) == {"stored_fingerprints"}
    assert device_id(hass, everything)


async def test_what_a_user_changes_of_an_entity_is_written_by_home_assistant(
    hass: HomeAssistant, reader: FakeReader, everything: MockConfigEntry
) -> None:
    registry, old = er.async_get(hass), entity_id(hass, "sensor", "enrollment_progress")
    registry.async_update_entity(old, name="How far it is")
    await hass.async_block_till_done()
    named = state(hass, "sensor", "enrollment_progress")
    assert named.attributes["friendly_name"].endswith("How far it is")
    registry.async_update_entity(old, new_entity_id="sensor.progress")
    await hass.async_block_till_done()
    await async_enroll(hass, everything)
    reader.capture()
    moved = hass.states.get("sensor.progress")
    assert moved is not None
    assert moved.state == "33"
