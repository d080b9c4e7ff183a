"""An entity is written when what it shows has changed, and only then."""

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.const import EVENT_STATE_CHANGED, EVENT_STATE_REPORTED
from homeassistant.core import Context, callback
from homeassistant.helpers import entity_registry as er

from custom_components.biometric_enroll.const import DOMAIN
from tests.support.reader import DEVICE

if TYPE_CHECKING:
    from collections.abc import Generator

    from homeassistant.core import Event, HomeAssistant

    from tests.support.home import Home
    from tests.support.reader import FakeReader

pytestmark = pytest.mark.usefixtures("entity_registry_enabled_by_default")


@contextmanager
def _writes(hass: HomeAssistant) -> Generator[list[str]]:
    """Record which entities are written, by the end of their unique id, also without a change."""
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


async def test_a_snapshot_writes_only_what_shows_it(home: Home, reader: FakeReader) -> None:
    await home.enroll()
    with _writes(home.hass) as written:
        reader.go_on(stage="processing")
        assert written == ["enrollment"]
    with _writes(home.hass) as written:
        reader.go_on(stage="lift_finger", captured=[{"attempts": 1}])
        assert sorted(written) == ["enrollment", "enrollment_activity", "enrollment_progress"]
    with _writes(home.hass) as written:
        reader.go_on(stage="place_finger", step=2)
        assert written == ["enrollment"]
    assert home.state("sensor", "enrollment").attributes["step"] == 2


async def test_what_tells_nothing_new_writes_nothing(home: Home, reader: FakeReader) -> None:
    coordinator = home.entry.runtime_data
    with _writes(home.hass) as written:
        said = len(reader.heard_of("hello"))
        await coordinator.async_refresh()
        reader.say("templates", reader.templates, retain=True)
        reader.say("enroll/response", reader.enrollment, retain=True)
        await home.settle()
        assert len(reader.heard_of("hello")) == said + 1
    assert written == []


async def test_diagnostics_write_only_what_shows_them(home: Home, reader: FakeReader) -> None:
    with _writes(home.hass) as written:
        reader.diagnostics["signal"] = -70
        await home.look()
        assert written == ["signal"]
    assert home.state("sensor", "signal").state == "-70"


async def test_a_setting_writes_only_what_shows_it_on_behalf_of_who_changed_it(
    home: Home, reader: FakeReader
) -> None:
    who = Context()
    target = {"entity_id": home.entity_id("switch", "identification")}
    with _writes(home.hass) as written:
        await home.hass.services.async_call(
            "switch", "turn_off", target, blocking=True, context=who
        )
        await home.settle()
    assert written == ["identification"]
    assert home.state("switch", "identification").state == "off"
    assert home.state("switch", "identification").context.id == who.id


async def test_a_change_is_that_of_who_asked_for_it(home: Home, reader: FakeReader) -> None:
    who = Context()
    before = home.state("sensor", "stored_fingerprints").context
    await home.enroll(context=who)
    for platform, key in (("sensor", "enrollment"), ("binary_sensor", "enrolling")):
        assert home.state(platform, key).context.id == who.id
    # Nothing was changed of it.
    assert home.state("sensor", "signal").context.id != who.id
    assert before.id != who.id


async def test_the_same_person_twice_in_a_row_is_two_changes_each_time(
    home: Home, reader: FakeReader
) -> None:
    anna = await home.enrolled()
    seen: list[str] = []

    @callback
    def note(event: Event[Any]) -> None:
        if event.data["entity_id"] == home.entity_id("sensor", "last_identified"):
            seen.append(event.data["new_state"].state)

    home.hass.bus.async_listen(EVENT_STATE_CHANGED, note)
    with _writes(home.hass) as written:
        for _ in range(3):
            reader.touch(anna)
        await home.settle()
    assert seen == ["Anna", "unknown", "Anna", "unknown", "Anna"]
    assert sorted(written) == ["last_identified"] * 5 + ["touch"] * 3


async def test_an_outage_writes_what_goes_away_once_and_once_when_it_is_back(
    home: Home, reader: FakeReader
) -> None:
    lasting = {
        "enrollment", "enrollment_activity", "enrollment_progress", "last_identified",
        "late_touch", "touch",
    }  # fmt: skip
    entities = er.async_entries_for_config_entry(er.async_get(home.hass), home.entry.entry_id)
    keys = {entity.unique_id.removeprefix(f"{DEVICE}_") for entity in entities}
    with _writes(home.hass) as written:
        reader.die()
        assert sorted(written) == sorted(keys - lasting)
        # Changes meanwhile are shown when it is available again.
        reader.diagnostics["signal"] = -80
        reader.say("templates", {**reader.templates, "count": 9}, retain=True)
        assert sorted(written) == sorted(keys - lasting)
    with _writes(home.hass) as written:
        reader.announce()
        await home.until(lambda: home.available)
        await home.settle()
        assert sorted(written) == sorted(keys - lasting)
    assert home.state("sensor", "signal").state == "-80"


async def test_a_name_that_changes_writes_who_shows_it(home: Home, reader: FakeReader) -> None:
    anna = await home.enrolled()
    reader.touch(anna)
    with _writes(home.hass) as written:
        await home.update(template_id=anna, name="Anne")
        await home.settle()
    # The card notices the change by the revision of the registry.
    assert set(written) == {"stored_fingerprints"}


async def test_what_a_user_changes_of_an_entity_is_written_by_home_assistant(
    home: Home, reader: FakeReader
) -> None:
    registry, old = er.async_get(home.hass), home.entity_id("sensor", "enrollment_progress")
    registry.async_update_entity(old, name="How far it is")
    await home.settle()
    named = home.state("sensor", "enrollment_progress")
    assert named.attributes["friendly_name"].endswith("How far it is")
    registry.async_update_entity(old, new_entity_id="sensor.progress")
    await home.settle()
    await home.enroll()
    reader.capture()
    moved = home.hass.states.get("sensor.progress")
    assert moved is not None
    assert moved.state == "33"
