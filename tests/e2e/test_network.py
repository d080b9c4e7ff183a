"""The network between a reader, its broker and Home Assistant stands still, or breaks."""

import asyncio
from typing import TYPE_CHECKING

import pytest

from custom_components.biometric_enroll.client.liveness import LIVE_AGE
from demo.client import CommandError
from tests.e2e.trial import begin
from tests.support.hand import Moment
from tests.support.house import ENROLLMENT, LATE_TOUCH

if TYPE_CHECKING:
    from tests.support.house import House

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize("whose", ["reader", "home_assistant"])
async def test_a_network_that_stands_still_for_some_scans_loses_none(
    house_on_lines: House, whose: str
) -> None:
    line = getattr(house_on_lines.lines, whose)
    trial = await begin(house_on_lines)
    await trial.hand.go_on(Moment.LIFT_1)
    line.pause()
    await trial.hand.go_on()
    line.resume()

    await trial.judge("completed", 3)


async def test_a_reader_that_gave_up_its_connection_before_the_network_was_back(
    house_on_lines: House,
) -> None:
    """What it had said on the old connection arrives behind its back, last will included."""
    line = house_on_lines.lines.reader
    trial = await begin(house_on_lines)
    await trial.hand.go_on(Moment.PLACE_2)
    line.pause()
    accepted = line.accepted
    await trial.hand.go_on()
    await line.until_accepted(accepted + 1)
    line.resume()

    await trial.judge("completed", 3)


@pytest.mark.parametrize("whose", ["reader", "home_assistant"])
async def test_connections_that_break_at_every_stage_lose_no_scan(
    house_on_lines: House, whose: str
) -> None:
    line = getattr(house_on_lines.lines, whose)
    trial = await begin(house_on_lines)
    for moment in Moment:
        await trial.hand.go_on(moment)
        line.drop()

    await trial.judge("completed", 3)


async def test_an_enrollment_that_its_caller_was_told_has_failed_does_not_run_on(
    house_on_lines: House,
) -> None:
    """The network holds the start, Home Assistant gives up, then the start arrives."""
    line = house_on_lines.lines.home_assistant
    line.pause_before(b'"action":"start"')
    with pytest.raises(CommandError) as refusal:
        await house_on_lines.action("enroll_fingerprint", name="Nobody")
    assert refusal.value.translation_key == "reader_unreachable"
    requests = house_on_lines.wire.count("enroll/request")
    line.resume()

    await house_on_lines.wire.until(lambda wire: wire.count("enroll/request") > requests)
    start = house_on_lines.wire.of("enroll/request")[requests]
    await house_on_lines.client.async_until(
        lambda states: (
            states[ENROLLMENT].attributes["template_id"] == start["template_id"]
            and states[ENROLLMENT].state == "cancelled"
        )
    )
    await house_on_lines.settled()
    assert "Nobody" not in await house_on_lines.names()


async def test_a_touch_that_the_network_held_for_long_opens_nothing(house_on_lines: House) -> None:
    line = house_on_lines.lines.reader
    finger = house_on_lines.new_finger()
    await house_on_lines.enroll("Ina", finger)
    house_on_lines.events.clear()
    line.pause()
    await house_on_lines.touch_unheard(finger)
    await asyncio.sleep(LIVE_AGE + 1)
    line.resume()

    await house_on_lines.client.async_until(
        lambda states: states[LATE_TOUCH].attributes.get("late_name") == "Ina"
    )
    await house_on_lines.settled()
    assert [event["type"] for event in house_on_lines.events] == ["late_identified"]
    assert house_on_lines.ran == []
