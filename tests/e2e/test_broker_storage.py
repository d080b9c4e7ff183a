"""A broker restarts with its stored messages, with none, or with outdated ones."""

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.e2e.observed_enrollment import begin
from tests.support.finger_placement import ScanStep
from tests.support.house import CONNECTIVITY, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.observed_enrollment import ObservedEnrollment
    from tests.support.house import House

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def _restart_broker(observed: ObservedEnrollment, change: Callable[[Path], object]) -> None:
    """Kill the broker, let the reader finish without it, and start the broker again.

    Home Assistant gets the stored messages before the reader can correct them.
    """
    house = observed.house
    house.installation.broker.kill()
    await observed.placement.go_on()
    await house.client.async_until_state(CONNECTIVITY, "off")
    change(house.installation.broker.memory)
    hellos = house.wire.count("command")
    house.proxies.reader.pause()
    await house.installation.broker.async_start()
    await house.wire.until(lambda wire: wire.count("command") > hellos)
    house.proxies.reader.resume()


async def _is_on_disk(observed: ObservedEnrollment) -> None:
    memory, template_id = observed.house.installation.broker.memory, observed.template_id.encode()
    await until(lambda: memory.exists() and template_id in memory.read_bytes())


async def test_a_broker_that_keeps_its_messages_loses_no_scan(house_with_proxies: House) -> None:
    observed = await begin(house_with_proxies)
    await observed.placement.go_on(ScanStep.LIFT_1)
    await _is_on_disk(observed)
    await _restart_broker(observed, lambda memory: memory.exists())

    await observed.judge("completed", 3)


@pytest.mark.parametrize("scan_step", [ScanStep.PLACE_1, ScanStep.PLACE_3])
async def test_a_broker_that_lost_all_messages_loses_no_scan(
    house_with_proxies: House, scan_step: ScanStep
) -> None:
    observed = await begin(house_with_proxies)
    await observed.placement.go_on(scan_step)
    await _is_on_disk(observed)
    await _restart_broker(observed, lambda memory: memory.unlink())

    await observed.judge("completed", 3)


@pytest.mark.parametrize("scan_step", [ScanStep.PLACE_2, ScanStep.COMPLETED])
async def test_a_broker_that_restarts_with_older_snapshots_takes_nothing_back(
    house_with_proxies: House, tmp_path: Path, scan_step: ScanStep
) -> None:
    """Home Assistant is ahead of the stored messages; nothing may go back or be reported twice."""
    observed = await begin(house_with_proxies)
    await _is_on_disk(observed)
    old = shutil.copy(house_with_proxies.installation.broker.memory, tmp_path)
    await observed.placement.go_on(scan_step)
    await _restart_broker(observed, lambda memory: shutil.copy(old, memory))

    await observed.judge("completed", 3)


async def test_a_broker_that_restarts_with_an_earlier_enrollment_changes_nothing(
    house_with_proxies: House, tmp_path: Path
) -> None:
    before = await begin(house_with_proxies)
    await before.placement.go_on()
    await before.ended()
    await _is_on_disk(before)
    old = shutil.copy(house_with_proxies.installation.broker.memory, tmp_path)
    observed = await begin(house_with_proxies)
    await observed.placement.go_on(ScanStep.LIFT_2)
    await _restart_broker(observed, lambda memory: shutil.copy(old, memory))

    await observed.judge("completed", 3)
