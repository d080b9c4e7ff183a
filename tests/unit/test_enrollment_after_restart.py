"""After a restart, an enrollment of the run before is shown only once the reader confirms it."""

from typing import TYPE_CHECKING

import pytest

from tests.support.home import async_fails

if TYPE_CHECKING:
    from tests.support.home import Home
    from tests.support.reader import FakeReader


def _shown(home: Home) -> tuple[str, str]:
    return home.stage, home.state("sensor", "enrollment_progress").state


async def _come_back(home: Home, reader: FakeReader) -> None:
    """Restart Home Assistant; the reader does not answer hello yet."""
    assert await home.unload()
    reader.holds.add("hello")
    await home.restart_from_disk()


@pytest.mark.parametrize("captured", [0, 1, 2])
async def test_a_running_enrollment_is_unknown_until_hello_is_answered(
    home: Home, reader: FakeReader, captured: int
) -> None:
    """The retained snapshot may be as old as the saved one."""
    await home.enroll()
    if captured:
        reader.capture(captured)
    await home.settle()
    before = _shown(home)
    await _come_back(home, reader)
    assert _shown(home) == ("unknown", "unknown")
    assert "captured" not in home.state("sensor", "enrollment").attributes
    reader.holds.clear()
    reader.on_request(reader.held[-1])
    await home.settle()
    assert _shown(home) == before


async def test_a_running_enrollment_is_unknown_until_a_live_snapshot_tells_more(
    home: Home, reader: FakeReader
) -> None:
    await home.enroll()
    await home.settle()
    await _come_back(home, reader)
    assert home.state("binary_sensor", "enrolling").state == "unavailable"
    reader.capture(1)
    assert _shown(home) == (reader.enrollment["stage"], "33")


async def test_an_enrollment_that_was_requested_but_not_seen_yet_is_unknown(
    home: Home, reader: FakeReader
) -> None:
    reader.holds.add("start")
    enrolling = home.hass.async_create_task(async_fails(home.enroll()))
    await reader.hears("start")
    await _come_back(home, reader)
    assert await enrolling == "reader_unreachable"
    assert _shown(home) == ("unknown", "unknown")


async def test_one_that_has_ended_is_shown_as_before(home: Home, reader: FakeReader) -> None:
    """Only Home Assistant starts another."""
    await home.enrolled()
    await _come_back(home, reader)
    assert _shown(home) == ("completed", "100")
