"""A second Home Assistant speaks to the reader."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from homeassistant.exceptions import HomeAssistantError

from custom_components.biometric_enroll.discovery import async_probe_version_1
from custom_components.biometric_enroll.issues import ISSUE_OTHER_HOME_ASSISTANT
from tests.support.reader import READER_ID
from tests.support.reader_publications import new_id

if TYPE_CHECKING:
    from tests.support.clock import LoopClocks
    from tests.support.reader import FakeReader
    from tests.unit.repairs.home import RepairsHome

PAGE: dict[str, Any] = {"revision": "5f0c6d7e8a9b0c1d", "templates": [], "next": None}


@pytest.fixture(autouse=True)
async def running(home: RepairsHome, loop_clocks: LoopClocks) -> None:
    """Let some time have passed since the start."""
    _pass(loop_clocks, 31)


def _pass(clocks: LoopClocks, seconds: float) -> None:
    off = clocks.off
    clocks.off = replace(
        off,
        monotonic=off.monotonic + seconds,
        raw=off.raw + seconds,
        boottime=off.boottime + seconds,
        utc=off.utc + seconds,
    )


def _others_hello(reader: FakeReader) -> dict[str, Any]:
    return {**reader.hello(), "nonce": new_id()}


async def test_answers_to_two_requests_of_somebody_else_raise_it(home: RepairsHome) -> None:
    reader = home.reader
    reader.answer(new_id(), _others_hello(reader))
    await home.settle()
    assert home.raised() == set()
    reader.answer(new_id(), _others_hello(reader))
    await home.settle()
    assert home.raised() == {ISSUE_OTHER_HOME_ASSISTANT}
    placeholders = home.issue(ISSUE_OTHER_HOME_ASSISTANT).translation_placeholders
    assert placeholders is not None
    assert placeholders["reader_id"] == READER_ID


async def test_one_answer_that_comes_again_raises_nothing(home: RepairsHome) -> None:
    request = new_id()
    for _ in range(3):
        home.reader.answer(request, _others_hello(home.reader))
    await home.settle()
    assert home.raised() == set()


async def test_answers_to_our_own_requests_and_probes_raise_nothing(home: RepairsHome) -> None:
    """However late they come, and whoever in this process has asked."""
    reader = home.reader
    for _ in range(3):
        await async_probe_version_1(home.hass, READER_ID)
    for request in reader.heard:
        if request["request"] in reader._answered:
            reader.answer_again(request["request"])
    await home.settle()
    assert home.raised() == set()


async def test_right_after_the_start_they_may_be_of_the_process_before(
    home: RepairsHome, loop_clocks: LoopClocks
) -> None:
    _pass(loop_clocks, -2)
    for _ in range(3):
        home.reader.answer(new_id(), _others_hello(home.reader))
    await home.settle()
    assert home.raised() == set()


@pytest.mark.parametrize("result", [None, PAGE], ids=["hello", "list"])
async def test_answers_to_hello_and_list_of_somebody_else_are_no_reason_to_say_hello(
    home: RepairsHome, result: dict[str, Any] | None
) -> None:
    """Two that answer each other's hellos with hellos would never stop."""
    reader = home.reader
    said = len(reader.heard_of("hello"))
    for _ in range(5):
        reader.answer(new_id(), result or _others_hello(reader))
    await home.settle()
    assert len(reader.heard_of("hello")) == said


async def test_other_answers_are_a_reason_once_a_minute(home: RepairsHome) -> None:
    reader = home.reader
    said = len(reader.heard_of("hello"))
    for _ in range(5):
        reader.answer(new_id(), {"slot": 5})
        await home.settle()
    assert len(reader.heard_of("hello")) == said + 1


async def test_a_lock_out_by_somebody_else_raises_it(home: RepairsHome) -> None:
    home.reader.settings = {**home.reader.settings, "identification": False}
    await home.look()
    assert home.raised() == {ISSUE_OTHER_HOME_ASSISTANT}


async def test_our_own_lock_out_raises_nothing(home: RepairsHome) -> None:
    switch = home.entity_id("switch", "identification")
    data = {"entity_id": switch}
    await home.hass.services.async_call("switch", "turn_off", data, blocking=True)
    await home.look()
    assert home.raised() == set()


@pytest.mark.usefixtures("impatient")
async def test_our_own_lock_out_without_an_answer_raises_nothing(home: RepairsHome) -> None:
    answer, reader = home.reader.answer, home.reader

    def lose(request: str, result: dict[str, Any]) -> None:
        if "uptime_ms" in result:
            answer(request, result)

    data = {"entity_id": home.entity_id("switch", "identification")}
    with patch.object(reader, "answer", lose), pytest.raises(HomeAssistantError):
        await home.hass.services.async_call("switch", "turn_off", data, blocking=True)
    await home.look()
    assert home.state("switch", "identification").state == "off"
    assert home.raised() == set()


async def test_settings_of_a_reader_that_has_restarted_raise_nothing(home: RepairsHome) -> None:
    """Its flash may have been erased."""
    home.reader.boot = new_id()
    home.reader.settings = {**home.reader.settings, "identification": False}
    await home.look()
    assert home.raised() == set()
