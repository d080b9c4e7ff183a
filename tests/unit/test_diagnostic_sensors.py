"""The diagnostic sensors of a reader."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from homeassistant.helpers import entity_registry as er

if TYPE_CHECKING:
    from tests.support.home import Home
    from tests.support.reader import FakeReader

DIAGNOSTICS = ("signal", "free_memory", "sensor_errors", "started_at")


async def test_diagnostics_have_to_be_enabled(home: Home) -> None:
    for key in DIAGNOSTICS:
        found = er.async_get(home.hass).async_get(home.entity_id("sensor", key))
        assert found is not None
        assert found.disabled_by is er.RegistryEntryDisabler.INTEGRATION
        assert found.entity_category == "diagnostic"
        assert home.hass.states.get(found.entity_id) is None


@pytest.fixture
async def enabled(entity_registry_enabled_by_default: None, home: Home) -> Home:
    """Return Home Assistant with all sensors of the reader."""
    return home


async def test_diagnostics_are_as_fresh_as_the_last_hello(
    enabled: Home, reader: FakeReader
) -> None:
    shown = {key: enabled.state("sensor", key).state for key in DIAGNOSTICS[:3]}
    assert shown == {"signal": "-61", "free_memory": "41000", "sensor_errors": "0"}
    assert enabled.state("sensor", "signal").attributes["unit_of_measurement"] == "dBm"
    reader.diagnostics = {"signal": -80, "free_memory": 30000, "sensor_errors": 7}
    await enabled.look()
    shown = {key: enabled.state("sensor", key).state for key in DIAGNOSTICS[:3]}
    assert shown == {"signal": "-80", "free_memory": "30000", "sensor_errors": "7"}


async def test_what_a_board_cannot_tell_is_unknown(enabled: Home, reader: FakeReader) -> None:
    reader.diagnostics = {"signal": None, "free_memory": None, "sensor_errors": 0}  # type: ignore[dict-item]
    await enabled.look()
    assert enabled.state("sensor", "signal").state == "unknown"
    assert enabled.state("sensor", "free_memory").state == "unknown"
    assert enabled.state("sensor", "sensor_errors").state == "0"


async def test_a_firmware_that_tells_no_diagnostics_leaves_them_unknown(
    enabled: Home, reader: FakeReader
) -> None:
    told = reader.hello

    def hello() -> dict[str, Any]:
        result = told()
        del result["diagnostics"]
        return result

    reader.hello = hello  # type: ignore[method-assign]
    await enabled.look()
    for key in DIAGNOSTICS[:3]:
        assert enabled.state("sensor", key).state == "unknown"


async def test_diagnostics_are_unavailable_with_their_reader(
    enabled: Home, reader: FakeReader, impatient: None
) -> None:
    reader.silent = True
    await enabled.look()
    for key in DIAGNOSTICS:
        assert enabled.state("sensor", key).state == "unavailable"


NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


async def test_the_start_time_changes_only_when_a_reader_restarts(
    enabled: Home, reader: FakeReader
) -> None:
    seen = []
    # Neither slow answers nor the drift of its clock change it.
    for seconds, uptime in ((0, 100), (60, 159), (120, 222), (600, 680), (660, 20), (720, 81)):
        with (
            patch("homeassistant.util.dt.utcnow", return_value=NOON + timedelta(seconds=seconds)),
            patch.object(type(reader), "uptime_ms", uptime * 1000),
        ):
            await enabled.look()
            seen.append(enabled.state("sensor", "started_at").state)
    first, second = "2026-11-24T11:58:20+00:00", "2026-11-24T12:10:40+00:00"
    assert seen == [first] * 4 + [second] * 2
