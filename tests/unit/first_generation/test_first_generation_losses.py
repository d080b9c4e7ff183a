"""Lost messages of a first-generation reader: nothing is blocked, and no name is guessed."""

from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.exceptions import HomeAssistantError

from tests.support.first_generation.home import (
    TEMPLATE_ID,
    FakeFirstGenerationReader,
    FirstGenerationHome,
)
from tests.support.first_generation.scene import later
from tests.support.first_generation.sketch import Sketch

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.broker import FakeBroker

OTHER_ID = TEMPLATE_ID
"""Template id of an enrollment that another system has requested."""


# One message lost, whichever it is


def _loses_nth(lost: int) -> tuple[list[str], Callable[[str, dict[str, Any]], bool]]:
    """Return a list of all messages, and a function that loses the one with this number."""
    seen: list[str] = []

    def loses(suffix: str, message: dict[str, Any]) -> bool:
        if not suffix.startswith("enroll/"):
            return False
        seen.append(str(message.get("status") or message.get("action")))
        return len(seen) - 1 == lost

    return seen, loses


async def _enroll_through_losses(home: FirstGenerationHome) -> str | None:
    """Enroll as far as it goes; return the template id, None if it did not start."""
    first_gen = home.reader
    try:
        answer = await home.enroll(scan_timeout=120)
    except HomeAssistantError:
        # Nothing may have started.
        await home.settle()
        assert first_gen.reader.enrollment is None
        return None
    for _ in range(first_gen.scans):
        first_gen.scan()
        first_gen.wait(2)
        await home.settle()
    await home.until_ended()
    await home.settle()
    template_id: str = answer["template_id"]
    return template_id


# A good enrollment of the later sketch: started, waiting, three times progress and waiting (after
# the last it says ready_for_confirmation instead), success.
@pytest.mark.parametrize("lost", range(9))
async def test_one_lost_message_of_the_reader_blocks_nothing_and_guesses_no_name(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader, short_scans: None, lost: int
) -> None:
    seen, first_gen.loses = _loses_nth(lost)
    template_id = await _enroll_through_losses(home)
    if template_id is None:
        # With the first sketch only the yes names our enrollment, until its end.
        assert (lost, first_gen.sketch) == (0, Sketch.FIRST)
    told = [
        message
        for number, message in enumerate(m for s, m in first_gen.said if s == "enroll/response")
        if message["status"] == "success" and number != lost
    ]
    expected = {1: "Anna"} if told else {}
    assert await home.named() == expected
    assert (home.stage == "completed") == bool(told)
    assert [message["template_id"] for message in told] == ([template_id] if told else [])
    first_gen.loses = lambda _suffix, _message: False
    # And the reader takes the next one.
    await home.enrolled("ben", "Ben")
    assert "Ben" in (await home.named()).values()
    assert len(seen) > lost or first_gen.sketch is Sketch.FIRST


@pytest.mark.parametrize("lost", range(4))
async def test_one_lost_message_to_the_reader_blocks_nothing(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader, short_scans: None, lost: int
) -> None:
    """Start, then with the later sketch confirm and saved."""
    _, first_gen.deaf = _loses_nth(lost)
    await _enroll_through_losses(home)
    assert (home.stage == "completed") == bool(await home.named())
    assert (await home.named() == {}) == (lost == 0)
    first_gen.deaf = lambda _suffix, _message: False
    await home.enrolled("ben", "Ben")
    assert "Ben" in (await home.named()).values()


async def test_a_reader_that_says_nothing_more_is_cancelled_and_it_fails_for_the_time(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader, short_scans: None
) -> None:
    await home.enroll(scan_timeout=120)
    await home.until_ended()
    assert home.outcome == ("failed", "timeout")
    assert first_gen.reader.enrollment is None


async def test_a_reader_that_is_silent_to_the_end_fails_all_the_same(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader, short_scans: None
) -> None:
    await home.enroll(scan_timeout=120)
    first_gen.silent = True
    await home.until_ended()
    assert home.outcome == ("failed", "timeout")


async def test_a_broker_that_is_lost_ends_it_no_sooner_than_its_time(
    home: FirstGenerationHome,
    first_gen: FakeFirstGenerationReader,
    broker: FakeBroker,
    short_scans: None,
) -> None:
    await home.enroll(scan_timeout=120)
    broker.set_connected(False)
    assert home.stage == "place_finger"
    await home.until_ended()
    assert home.outcome == ("failed", "timeout")


async def test_a_reader_that_goes_on_with_what_is_over_is_stopped(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader, short_scans: None
) -> None:
    """Otherwise it would wait for ever, or store the next finger."""
    await home.enroll(scan_timeout=120)
    first_gen.silent = True
    await home.until_ended()
    first_gen.silent = False
    if first_gen.sketch is Sketch.FIRST:
        # Who it is about, it does not say.
        first_gen.wait(60)
    else:
        first_gen.wait(2)
        await first_gen.hears("enroll/request", action="cancel")
    assert first_gen.reader.enrollment is None
    assert home.outcome == ("failed", "timeout")


async def test_a_success_after_the_end_makes_no_name(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader, short_scans: None
) -> None:
    """The waiting caller was already told that it failed."""
    answer = await home.enroll(scan_timeout=120)
    await home.until_ended()
    success = {"status": "success", "slot": 1, "template_id": answer["template_id"]}
    first_gen.publish("enroll/response", success)
    await home.settle()
    assert home.outcome == ("failed", "timeout")
    assert await home.named() == {}


@later
async def test_a_reader_that_waits_for_a_confirmation_that_nobody_wants_is_freed(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader, short_scans: None
) -> None:
    """It waits without a deadline of its own, and takes no other enrollment meanwhile."""
    await home.enroll(scan_timeout=120)
    first_gen.scan(times=2)
    first_gen.silent = True
    first_gen.scan()
    await home.until_ended()
    assert first_gen.reader.enrollment is not None
    first_gen.silent = False
    await home.enrolled("ben", "Ben")
    assert await home.named() == {1: "Ben"}
    assert first_gen.reader.sensor.templates == {1: "ben"}


@later
async def test_what_is_being_ended_for_the_time_is_not_confirmed(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader, short_scans: None
) -> None:
    """The next finger would be stored under the name of somebody who has left."""
    first_gen.deaf = lambda _suffix, message: message.get("action") == "cancel"
    await home.enroll(scan_timeout=120)
    await first_gen.misses("enroll/request", action="cancel")
    first_gen.scan("a stranger", 3)
    await home.until_ended()
    assert home.outcome == ("failed", "timeout")
    assert first_gen.heard_of("enroll/request", action="confirm") == []
    assert first_gen.reader.sensor.templates == {}


@later
async def test_a_question_for_confirmation_that_comes_again_is_not_answered_by_two(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    """Each would be repeated."""
    first_gen.deaf = lambda _suffix, message: message.get("action") == "confirm"
    await home.enroll()
    first_gen.scan(times=3)
    await first_gen.misses("enroll/request", action="confirm")
    for _ in range(3):
        first_gen.publish("enroll/response", {"status": "ready_for_confirmation", "step": 3})
    await home.cancel()
    assert [message["action"] for _, message in first_gen.missed] == ["confirm"]


async def test_a_broker_that_comes_and_goes_gives_no_more_time(
    home: FirstGenerationHome, broker: FakeBroker
) -> None:
    await home.enroll()
    enrolling = home.entry.runtime_data.client._enrollments
    deadline = enrolling._silence
    broker.set_connected(False)
    broker.set_connected(True)
    await home.until(lambda: home.available)
    assert enrolling._silence is deadline


@later
async def test_a_repeated_success_is_answered_by_the_saved_message_again(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    """The reader accepts no other enrollment before it gets that; and nothing is undone."""
    answer = await home.enrolled()
    await first_gen.hears("enroll/completion")
    success = {"status": "success", "slot": 1, "template_id": answer["template_id"]}
    first_gen.publish("enroll/response", success)
    await first_gen.hears("enroll/completion", 2)
    assert first_gen.heard_of("enroll/request", action="cancel") == []
    assert home.told().count("completed") == 1
