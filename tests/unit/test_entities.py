"""What the entities show, after and in the middle of things."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform

from custom_components.biometric_enroll import PLATFORMS
from custom_components.biometric_enroll.host import MqttBroker
from tests.support.home import (
    async_enroll,
    async_enrolled,
    async_set_up,
    async_until,
    available,
    entity_id,
    state,
)
from tests.support.reader import FakeReader

if TYPE_CHECKING:
    from collections.abc import Generator

    from homeassistant.const import Platform
    from homeassistant.core import HomeAssistant
    from homeassistant.helpers import entity_registry as er
    from pytest_homeassistant_custom_component.common import MockConfigEntry
    from syrupy.assertion import SnapshotAssertion

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture
def noon() -> Generator[None]:
    """Let it be noon by Home Assistant's clock on the wall; the steady clock goes on."""
    with patch("homeassistant.util.dt.utcnow", return_value=NOON):
        yield


@pytest.fixture
def known_ids() -> Generator[None]:
    """Give enrollments and requests, and what the reader names, ids that are the same each time."""
    ours, the_readers = count(1), count(1)
    with (
        patch.object(MqttBroker, "new_id", lambda _: f"{next(ours):016x}"),
        patch("tests.support.reader.new_id", lambda: f"f{next(the_readers):015x}"),
    ):
        yield


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
@pytest.mark.parametrize("platform", PLATFORMS)
async def test_the_entities_in_the_middle_of_an_enrollment(
    hass: HomeAssistant,
    entity_registry: er.EntityRegistry,
    reader: FakeReader,
    entry: MockConfigEntry,
    snapshot: SnapshotAssertion,
    noon: None,
    known_ids: None,
    platform: Platform,
) -> None:
    with (
        patch("custom_components.biometric_enroll.PLATFORMS", [platform]),
        # Where it is always noon, a reader has always been up for as long.
        patch.object(FakeReader, "uptime_ms", 100_000),
    ):
        await async_set_up(hass, reader, entry)
        anna = await async_enrolled(hass, entry, reader)
        reader.touch(anna)
        reader.touch(anna, at_ms=None)
        await async_enroll(hass, entry, name="Ben", finger="right_index_finger")
        reader.capture()
        reader.reject()
        await hass.async_block_till_done()
        await snapshot_platform(hass, entity_registry, snapshot, entry.entry_id)
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_the_enrollment_sensor_tells_all_there_is_to_know(
    hass: HomeAssistant,
    reader: FakeReader,
    loaded: MockConfigEntry,
    noon: None,
) -> None:
    response = await async_enroll(hass, loaded)
    reader.capture()
    reader.reject("too_few_features")
    shown = state(hass, "sensor", "enrollment")
    assert shown.state == "place_finger"
    wanted = {
        "step": 2,
        "total": 3,
        "captured": 1,
        "attempts": 2,
        "rejected": 1,
        "rejected_reason": "too_few_features",
        "reason": None,
        "name": "Anna",
        "finger": "left_thumb",
        "person": None,
        "slot": 5,
        "template_id": response["template_id"],
        "expires_at": (NOON + timedelta(seconds=30)).isoformat(),
        "duplicate_of": None,
    }
    assert wanted.items() <= dict(shown.attributes).items()


async def test_progress_is_the_share_of_captured_scans(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    seen = [state(hass, "sensor", "enrollment_progress").state]
    await async_enroll(hass, loaded)
    for _ in range(3):
        seen.append(state(hass, "sensor", "enrollment_progress").state)
        reader.capture()
    seen.append(state(hass, "sensor", "enrollment_progress").state)
    assert seen == ["0", "0", "33", "67", "100"]


async def test_enrolling_is_on_while_the_reader_is_at_it(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    assert state(hass, "binary_sensor", "enrolling").state == "off"
    await async_enroll(hass, loaded)
    assert state(hass, "binary_sensor", "enrolling").state == "on"
    reader.end("failed", "timeout")
    assert state(hass, "binary_sensor", "enrolling").state == "off"


async def test_a_duplicate_names_whose_finger_it_is(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    anna = await async_enrolled(hass, loaded, reader)
    await async_enroll(hass, loaded, name="Ben")
    reader.end("failed", "duplicate", duplicate_of=anna)
    shown = state(hass, "sensor", "enrollment")
    assert shown.attributes["reason"] == "duplicate"
    assert shown.attributes["duplicate_of"] == "Anna"


async def test_a_duplicate_of_an_unknown_finger_names_nobody(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    await async_enroll(hass, loaded)
    reader.end("failed", "duplicate", duplicate_of="0" * 16)
    assert state(hass, "sensor", "enrollment").attributes["duplicate_of"] is None


@pytest.mark.parametrize("trouble", [{"sensor_error": "not_responding"}, {"sensor_changed": True}])
async def test_trouble_with_the_sensor_is_a_problem(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, trouble: dict[str, object]
) -> None:
    assert state(hass, "binary_sensor", "sensor").state == "off"
    reader.say("templates", {**reader.templates, **trouble})
    shown = state(hass, "binary_sensor", "sensor")
    assert shown.state == "on"
    assert trouble.items() <= dict(shown.attributes).items()


@pytest.mark.parametrize(
    ("platform", "key"),
    [
        ("sensor", "enrollment"),
        ("sensor", "enrollment_progress"),
        ("sensor", "last_identified"),
        ("event", "touch"),
        ("event", "late_touch"),
        ("event", "enrollment_activity"),
        ("binary_sensor", "connectivity"),
    ],
)
async def test_an_entity_that_stays_while_the_reader_is_away(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, platform: str, key: str
) -> None:
    """Its return would look like news; or, as for connectivity, it is the news."""
    anna = await async_enrolled(hass, loaded, reader)
    reader.touch(anna)
    reader.touch(anna, age=60)
    before = state(hass, platform, key)
    reader.die()
    assert not available(hass)
    after = state(hass, platform, key)
    if key == "connectivity":
        assert after.state == "off"
    else:
        assert after == before


async def test_the_identify_button_lets_the_reader_blink(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    await _press(hass, "identify")
    assert len(reader.heard_of("identify")) == 1


async def test_the_restart_button_restarts_the_reader(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    await _press(hass, "restart")
    [request] = reader.heard_of("restart")
    assert len(request["nonce"]) == 16


async def test_the_cancel_button_ends_the_enrollment(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry
) -> None:
    await async_enroll(hass, loaded)
    await _press(hass, "cancel_enrollment")
    assert state(hass, "sensor", "enrollment").state == "cancelled"


async def test_silence_past_the_readers_own_deadline_makes_home_assistant_ask(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, impatient: None
) -> None:
    """Nothing on this side ends the enrollment; but whether the reader is still there, it asks."""
    with patch("custom_components.biometric_enroll.client.connection.SILENCE", 0.01):
        await async_enroll(hass, loaded)
        greetings = len(reader.heard_of("hello"))
        reader.silent = True
        reader.go_on(timeout_ms=0)
        await async_until(hass, lambda: not available(hass))
    assert len(reader.heard_of("hello")) == greetings
    assert state(hass, "sensor", "enrollment").state == "place_finger"


async def _press(hass: HomeAssistant, key: str) -> None:
    await hass.services.async_call(
        "button", "press", {"entity_id": entity_id(hass, "button", key)}, blocking=True
    )
