"""The network between a reader, its broker and Home Assistant stalls, or resets connections."""

import asyncio
from typing import TYPE_CHECKING

import pytest

from custom_components.biometric_enroll.client.liveness import LIVE_AGE
from demo.client import CommandError
from tests.e2e.observed_enrollment import begin
from tests.support.finger_placement import ScanStep
from tests.support.house import ENROLLMENT, LATE_TOUCH

if TYPE_CHECKING:
    from tests.support.house import House

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize("whose", ["reader", "home_assistant"])
async def test_a_network_that_stands_still_for_some_scans_loses_none(
    house_with_proxies: House, whose: str
) -> None:
    proxy = getattr(house_with_proxies.proxies, whose)
    observed = await begin(house_with_proxies)
    await observed.placement.go_on(ScanStep.LIFT_1)
    proxy.pause()
    await observed.placement.go_on()
    proxy.resume()

    await observed.judge("completed", 3)


async def test_a_reader_that_gave_up_its_connection_before_the_network_was_back(
    house_with_proxies: House,
) -> None:
    """Messages of the old connection arrive after those of the new one, last will included."""
    proxy = house_with_proxies.proxies.reader
    observed = await begin(house_with_proxies)
    await observed.placement.go_on(ScanStep.PLACE_2)
    proxy.pause()
    accepted = proxy.accepted
    await observed.placement.go_on()
    await proxy.until_accepted(accepted + 1)
    proxy.resume()

    await observed.judge("completed", 3)


@pytest.mark.parametrize("whose", ["reader", "home_assistant"])
async def test_connections_that_break_at_every_stage_lose_no_scan(
    house_with_proxies: House, whose: str
) -> None:
    proxy = getattr(house_with_proxies.proxies, whose)
    observed = await begin(house_with_proxies)
    for scan_step in ScanStep:
        await observed.placement.go_on(scan_step)
        proxy.drop()

    await observed.judge("completed", 3)


async def test_an_enrollment_whose_call_has_failed_does_not_go_on(
    house_with_proxies: House,
) -> None:
    """The network holds the start, Home Assistant gives up, then the start arrives."""
    proxy = house_with_proxies.proxies.home_assistant
    proxy.pause_before(b'"action":"start"')
    with pytest.raises(CommandError) as refusal:
        await house_with_proxies.action("enroll_fingerprint", name="Nobody")
    assert refusal.value.translation_key == "reader_unreachable"
    requests = house_with_proxies.wire.count("enroll/request")
    proxy.resume()

    await house_with_proxies.wire.until(lambda wire: wire.count("enroll/request") > requests)
    start = house_with_proxies.wire.of("enroll/request")[requests]
    await house_with_proxies.client.async_until(
        lambda states: (
            states[ENROLLMENT].attributes["template_id"] == start["template_id"]
            and states[ENROLLMENT].state == "cancelled"
        )
    )
    await house_with_proxies.settled()
    assert "Nobody" not in await house_with_proxies.names()


async def test_a_touch_that_the_network_held_for_long_opens_nothing(
    house_with_proxies: House,
) -> None:
    proxy = house_with_proxies.proxies.reader
    finger = house_with_proxies.new_finger()
    await house_with_proxies.enroll("Ina", finger)
    house_with_proxies.events.clear()
    proxy.pause()
    await house_with_proxies.touch_unheard(finger)
    await asyncio.sleep(LIVE_AGE + 1)
    proxy.resume()

    await house_with_proxies.client.async_until(
        lambda states: states[LATE_TOUCH].attributes.get("late_name") == "Ina"
    )
    await house_with_proxies.settled()
    assert [event["type"] for event in house_with_proxies.events] == ["late_identified"]
    assert house_with_proxies.ran == []
