"""Home Assistant is killed during an enrollment, which goes on meanwhile."""

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.database import async_all_recorded, recorded
from tests.e2e.observed_enrollment import ObservedEnrollment, begin
from tests.support.finger_placement import CAPTURED, ScanStep
from tests.support.house import ENROLLMENT, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.house import House

pytestmark = pytest.mark.asyncio(loop_scope="session")


class RecordedEnrollment(ObservedEnrollment):
    """An enrollment whose events are read from Home Assistant's database, over all its runs."""

    async def told(self) -> list[dict[str, Any]]:
        await async_all_recorded(self.house)
        return self.recorded()

    def recorded(self) -> list[dict[str, Any]]:
        """Return the events of this enrollment in the database, in order."""
        return [
            event
            for event in recorded(self.house, "biometric_enroll_event")
            if event.get("template_id") == self.template_id
        ]


def _noted(house: House, template_id: str) -> int:
    """Return how many scans of an enrollment are saved as reported."""
    file: Path = house.installation.home_assistant.folder / ".storage" / "biometric_enroll.marks"
    record = json.loads(file.read_text())["data"][house.reader.device] if file.exists() else None
    if record is None or record["snapshot"]["template_id"] != template_id:
        return 0
    return len(record["snapshot"]["captured"])


def _is_set_up(house: House) -> bool:
    """Return whether the reader, which was just added, is in all of Home Assistant's files.

    Home Assistant writes them some seconds later, and a kill before that would undo the adding.
    """
    storage = house.installation.home_assistant.folder / ".storage"
    files = [storage / f"core.{what}" for what in ("config_entries", "device_registry")]
    entities = storage / "core.entity_registry"
    return all(file.exists() and house.reader.device in file.read_text() for file in files) and (
        entities.exists() and ENROLLMENT in entities.read_text()
    )


async def _kill(observed: ObservedEnrollment) -> None:
    await observed.house.client.async_close()
    observed.house.installation.home_assistant.kill()


async def _come_back(observed: ObservedEnrollment) -> None:
    await observed.house.installation.home_assistant.async_start()
    await observed.house.connect()


async def _begin(house: House) -> RecordedEnrollment:
    return RecordedEnrollment(**vars(await begin(house)))


@pytest.mark.parametrize(
    "scan_step", [scan_step for scan_step in ScanStep if scan_step is not ScanStep.COMPLETED]
)
async def test_a_killed_home_assistant_shows_and_reports_all_scans_when_it_is_back(
    house_with_proxies: House, scan_step: ScanStep
) -> None:
    """Killed after it has saved its delivery log; missed events are reported as late, and once."""
    await until(lambda: _is_set_up(house_with_proxies))
    observed = await _begin(house_with_proxies)
    await observed.placement.go_on(scan_step)
    captured = CAPTURED[scan_step]
    await until(lambda: _noted(house_with_proxies, observed.template_id) == captured)
    await until(lambda: _scans(observed.recorded()) == [(k, False) for k in range(1, captured + 1)])
    await _kill(observed)
    await observed.placement.go_on()
    await _come_back(observed)

    await observed.judge("completed", 3)
    assert _scans(await observed.told()) == [(k, k > captured) for k in (1, 2, 3)]


async def test_killed_at_the_very_end_it_knows_the_finger_and_repeats_no_live_event(
    house_with_proxies: House,
) -> None:
    """Killed before it can have saved the end: it may be reported twice, but live only once."""
    await until(lambda: _is_set_up(house_with_proxies))
    observed = await _begin(house_with_proxies)
    await observed.placement.go_on(ScanStep.PLACE_3)
    await observed.placement.scan(ScanStep.COMPLETED)
    await house_with_proxies.wire.until(
        lambda wire: wire.of("enroll/response")[-1]["stage"] == "completed"
    )
    await _kill(observed)
    await _come_back(observed)

    state = await observed.ended()
    assert (state.state, state.attributes["captured"]) == ("completed", 3)
    await observed.check_stored(stored=True)
    scans = _scans(await observed.told())
    assert {step for step, _ in scans} == {1, 2, 3}
    assert len([step for step, late in scans if not late]) <= 3
    assert len(scans) <= 4


def _scans(told: list[dict[str, Any]]) -> list[tuple[int, bool]]:
    return [(event["step"], event["late"]) for event in told if event["type"] == "scan_captured"]
