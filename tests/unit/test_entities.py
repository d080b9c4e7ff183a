"""What the entities show, during enrollments and afterwards."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from homeassistant.exceptions import HomeAssistantError
from pytest_homeassistant_custom_component.common import snapshot_platform

from custom_components.biometric_enroll import PLATFORMS
from custom_components.biometric_enroll.host import MqttBroker
from custom_components.biometric_enroll.protocol.words import SensorFault
from tests.support.reader import FakeReader

if TYPE_CHECKING:
    from collections.abc import Generator

    from homeassistant.const import Platform
    from homeassistant.helpers import entity_registry as er
    from syrupy.assertion import SnapshotAssertion

    from tests.support.home import Home

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture
def noon() -> Generator[None]:
    """Set Home Assistant's wall clock to noon; the monotonic clock goes on."""
    with patch("homeassistant.util.dt.utcnow", return_value=NOON):
        yield


@pytest.fixture
def known_ids() -> Generator[None]:
    """Give enrollments and requests, and the reader's objects, the same ids in each run."""
    ours, the_readers = count(1), count(1)

    def new_reader_id() -> str:
        return f"f{next(the_readers):015x}"

    with (
        patch.object(MqttBroker, "new_id", lambda _: f"{next(ours):016x}"),
        patch("tests.support.reader.new_id", new_reader_id),
        patch("tests.support.reader_publications.new_id", new_reader_id),
    ):
        yield


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
@pytest.mark.parametrize("platform", PLATFORMS)
async def test_the_entities_in_the_middle_of_an_enrollment(
    new_home: Home,
    entity_registry: er.EntityRegistry,
    reader: FakeReader,
    snapshot: SnapshotAssertion,
    noon: None,
    known_ids: None,
    platform: Platform,
) -> None:
    with (
        patch("custom_components.biometric_enroll.PLATFORMS", [platform]),
        # The start time follows from a fixed noon, so it has to be fixed as well.
        patch.object(FakeReader, "uptime_ms", 100_000),
    ):
        await new_home.set_up()
        anna = await new_home.enrolled()
        reader.touch(anna)
        reader.touch(anna, boot=None, at_ms=None)
        await new_home.enroll(name="Ben", finger="right_index_finger")
        reader.capture()
        reader.reject()
        await new_home.settle()
        await snapshot_platform(new_home.hass, entity_registry, snapshot, new_home.entry.entry_id)
        assert await new_home.unload()


async def test_the_enrollment_sensor_tells_all_there_is_to_know(
    home: Home, reader: FakeReader, noon: None
) -> None:
    response = await home.enroll()
    reader.capture()
    reader.reject("too_few_features")
    shown = home.state("sensor", "enrollment")
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


async def test_progress_is_the_share_of_captured_scans(home: Home, reader: FakeReader) -> None:
    seen = [home.state("sensor", "enrollment_progress").state]
    await home.enroll()
    for _ in range(3):
        seen.append(home.state("sensor", "enrollment_progress").state)
        reader.capture()
    seen.append(home.state("sensor", "enrollment_progress").state)
    assert seen == ["0", "0", "33", "67", "100"]


async def test_enrolling_is_on_while_an_enrollment_runs(home: Home, reader: FakeReader) -> None:
    assert home.state("binary_sensor", "enrolling").state == "off"
    await home.enroll()
    assert home.state("binary_sensor", "enrolling").state == "on"
    reader.end("failed", "timeout")
    assert home.state("binary_sensor", "enrolling").state == "off"


async def test_a_duplicate_names_whose_finger_it_is(home: Home, reader: FakeReader) -> None:
    anna = await home.enrolled()
    await home.enroll(name="Ben")
    reader.end("failed", "duplicate", duplicate_of=anna)
    shown = home.state("sensor", "enrollment")
    assert shown.attributes["reason"] == "duplicate"
    assert shown.attributes["duplicate_of"] == "Anna"


async def test_a_duplicate_of_an_unknown_finger_names_nobody(
    home: Home, reader: FakeReader
) -> None:
    await home.enroll()
    reader.end("failed", "duplicate", duplicate_of="0" * 16)
    assert home.state("sensor", "enrollment").attributes["duplicate_of"] is None


@pytest.mark.parametrize(
    "trouble", [*({"sensor_error": error} for error in SensorFault), {"sensor_changed": True}]
)
async def test_trouble_with_the_sensor_is_a_problem(
    home: Home, reader: FakeReader, trouble: dict[str, object]
) -> None:
    assert home.state("binary_sensor", "sensor").state == "off"
    reader.say("templates", {**reader.templates, **trouble})
    shown = home.state("binary_sensor", "sensor")
    assert shown.state == "on"
    assert trouble.items() <= dict(shown.attributes).items()


async def test_a_problem_that_only_a_later_firmware_knows_is_shown_as_another(
    home: Home, reader: FakeReader
) -> None:
    reader.say("templates", {**reader.templates, "count": 4, "sensor_error": "too_hot"})
    shown = home.state("binary_sensor", "sensor")
    assert (shown.state, shown.attributes["sensor_error"]) == ("on", "other (too_hot)")
    assert home.state("sensor", "stored_fingerprints").state == "4"


@pytest.mark.parametrize(
    ("details", "command", "code"),
    [
        ({"command": 0x1F, "code": 0xFC}, "ReadIndexTable (1F)", "FC"),
        ({"command": 0x19, "code": 0}, "ReadNotepad (19)", "00"),
        ({"command": 0, "code": None}, "00", None),
        (None, None, None),
    ],
)
async def test_a_problem_tells_the_command_and_the_code_of_its_answer(
    home: Home,
    reader: FakeReader,
    details: dict[str, int | None] | None,
    command: str | None,
    code: str | None,
) -> None:
    trouble = {"sensor_error": "missing_command", "sensor_error_details": details}
    reader.say("templates", {**reader.templates, **trouble})
    shown = home.state("binary_sensor", "sensor").attributes
    assert (shown["command"], shown["code"]) == (command, code)
    reader.say("templates", reader.templates)
    shown = home.state("binary_sensor", "sensor").attributes
    assert (shown["command"], shown["code"]) == (None, None)


async def test_a_sensor_without_a_mark_works_and_its_replacement_would_not_be_noticed(
    home: Home, reader: FakeReader
) -> None:
    assert home.state("binary_sensor", "sensor").attributes["swap_noticed"] is True
    reader.sensor_info |= {"missing": [0x18, 0x19], "mark": False}
    await home.look()
    shown = home.state("binary_sensor", "sensor")
    assert (shown.state, shown.attributes["swap_noticed"]) == ("off", False)


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
    home: Home, reader: FakeReader, platform: str, key: str
) -> None:
    """Its return would look like a change; or, as for connectivity, it is the change itself."""
    anna = await home.enrolled()
    reader.touch(anna)
    reader.touch(anna, age=60)
    before = home.state(platform, key)
    reader.die()
    assert not home.available
    after = home.state(platform, key)
    if key == "connectivity":
        assert after.state == "off"
    else:
        assert after == before


async def test_the_identify_button_lets_the_reader_blink(home: Home, reader: FakeReader) -> None:
    await _press(home, "identify")
    assert len(reader.heard_of("identify")) == 1


async def test_the_restart_button_restarts_the_reader(home: Home, reader: FakeReader) -> None:
    await _press(home, "restart")
    [request] = reader.heard_of("restart")
    assert len(request["nonce"]) == 16


async def test_a_restart_whose_answer_was_lost_is_no_error(home: Home, reader: FakeReader) -> None:
    """What is repeated to the reader after its restart is stale."""
    reader.holds = {"restart"}
    pressing = asyncio.create_task(_press(home, "restart"))
    await reader.hears("restart")
    reader.forget()
    reader.refuse(reader.held[0]["request"], "stale")
    await pressing


async def test_a_restart_that_came_too_late_is_an_error(home: Home, reader: FakeReader) -> None:
    reader.refuses = {"restart": "stale"}
    with pytest.raises(HomeAssistantError, match="too late"):
        await _press(home, "restart")


async def test_the_cancel_button_ends_the_enrollment(home: Home) -> None:
    await home.enroll()
    await _press(home, "cancel_enrollment")
    assert home.stage == "cancelled"


async def test_silence_past_the_readers_own_deadline_makes_home_assistant_ask(
    home: Home, reader: FakeReader, impatient: None
) -> None:
    """Home Assistant does not end the enrollment, but checks whether the reader is available."""
    with patch("custom_components.biometric_enroll.client.connection.SILENCE", 0.01):
        await home.enroll()
        greetings = len(reader.heard_of("hello"))
        reader.silent = True
        reader.go_on(timeout_ms=0)
        await home.until(lambda: not home.available)
    assert len(reader.heard_of("hello")) == greetings
    assert home.stage == "place_finger"


async def _press(home: Home, key: str) -> None:
    await home.hass.services.async_call(
        "button", "press", {"entity_id": home.entity_id("button", key)}, blocking=True
    )
