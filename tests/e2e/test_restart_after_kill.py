"""Home Assistant is killed in the middle of an enrollment, and the person does not wait for it."""

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.database import async_all_recorded, recorded
from tests.e2e.trial import Trial, begin
from tests.support.hand import CAPTURED, Moment
from tests.support.house import ENROLLMENT, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.house import House

pytestmark = pytest.mark.asyncio(loop_scope="session")


class KilledTrial(Trial):
    """A trial whose moments are read from Home Assistant's database, over all its runs."""

    async def told(self) -> list[dict[str, Any]]:
        await async_all_recorded(self.house)
        return self.recorded()

    def recorded(self) -> list[dict[str, Any]]:
        """Return what is in the database of this enrollment, in order."""
        return [
            event
            for event in recorded(self.house, "biometric_enroll_event")
            if event.get("template_id") == self.template_id
        ]


def _noted(house: House, template_id: str) -> int:
    """Return how many scans of an enrollment Home Assistant has noted as reported."""
    file: Path = house.stage.home_assistant.folder / ".storage" / "biometric_enroll.marks"
    mark = json.loads(file.read_text())["data"][house.reader.device] if file.exists() else None
    if mark is None or mark["snapshot"]["template_id"] != template_id:
        return 0
    return len(mark["snapshot"]["captured"])


def _is_set_up(house: House) -> bool:
    """Return whether the reader, which was just added, is in all of Home Assistant's files.

    Home Assistant writes them some seconds later, and a kill before that would undo the adding.
    """
    storage = house.stage.home_assistant.folder / ".storage"
    files = [storage / f"core.{what}" for what in ("config_entries", "device_registry")]
    entities = storage / "core.entity_registry"
    return all(file.exists() and house.reader.device in file.read_text() for file in files) and (
        entities.exists() and ENROLLMENT in entities.read_text()
    )


async def _kill(trial: Trial) -> None:
    await trial.house.client.async_close()
    trial.house.stage.home_assistant.kill()


async def _come_back(trial: Trial) -> None:
    await trial.house.stage.home_assistant.async_start()
    await trial.house.connect()


async def _begin(house: House) -> KilledTrial:
    return KilledTrial(**vars(await begin(house)))


@pytest.mark.parametrize("moment", [moment for moment in Moment if moment is not Moment.COMPLETED])
async def test_a_home_assistant_that_is_killed_shows_and_tells_all_scans_when_it_is_back(
    house_on_lines: House, moment: Moment
) -> None:
    """Killed once it has noted what it has told; what it missed it tells as late, and once."""
    await until(lambda: _is_set_up(house_on_lines))
    trial = await _begin(house_on_lines)
    await trial.hand.go_on(moment)
    captured = CAPTURED[moment]
    await until(lambda: _noted(house_on_lines, trial.template_id) == captured)
    await until(lambda: _scans(trial.recorded()) == [(k, False) for k in range(1, captured + 1)])
    await _kill(trial)
    await trial.hand.go_on()
    await _come_back(trial)

    await trial.judge("completed", 3)
    assert _scans(await trial.told()) == [(k, k > captured) for k in (1, 2, 3)]


async def test_killed_at_the_very_end_it_knows_the_finger_and_repeats_nothing_as_news(
    house_on_lines: House,
) -> None:
    """Killed before it can have noted the end: twice told is possible, twice live is not."""
    await until(lambda: _is_set_up(house_on_lines))
    trial = await _begin(house_on_lines)
    await trial.hand.go_on(Moment.PLACE_3)
    await trial.hand.scan(Moment.COMPLETED)
    await house_on_lines.wire.until(
        lambda wire: wire.of("enroll/response")[-1]["stage"] == "completed"
    )
    await _kill(trial)
    await _come_back(trial)

    state = await trial.ended()
    assert (state.state, state.attributes["captured"]) == ("completed", 3)
    await trial.known_if(known=True)
    scans = _scans(await trial.told())
    assert {step for step, _ in scans} == {1, 2, 3}
    assert len([step for step, late in scans if not late]) <= 3
    assert len(scans) <= 4


def _scans(told: list[dict[str, Any]]) -> list[tuple[int, bool]]:
    return [(event["step"], event["late"]) for event in told if event["type"] == "scan_captured"]
