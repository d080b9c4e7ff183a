"""Requests with an unknown outcome: hello is repeated until the outcome is known."""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from homeassistant.exceptions import HomeAssistantError

from custom_components.biometric_enroll.client import connection, request_channel
from custom_components.biometric_enroll.client.errors import ReaderError
from tests.support.home import async_fails, async_walk_away

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from tests.support.home import Home
    from tests.support.reader import FakeReader

    type Work = Coroutine[Any, Any, None]
    type Ask = Callable[[Home, str], Work]


BEN = "1b7d4e90c2a3f586"
"""An id that the reader has and Home Assistant does not know."""


async def _call(home: Home, domain: str, action: str, **data: Any) -> None:
    await home.hass.services.async_call(domain, action, data, blocking=True)


async def _enroll(home: Home) -> None:
    await home.enroll()


def _settings(home: Home, _id: str) -> Work:
    switch = home.entity_id("switch", "identification")
    return _call(home, "switch", "turn_off", entity_id=switch)


def _delete(home: Home, template_id: str) -> Work:
    return home.delete(template_id=template_id)


def _adopt(home: Home, _id: str) -> Work:
    return home.update(device_id=home.device_id, slot=2, name="Ben")


def _accept(home: Home, _id: str) -> Work:
    work: Work = home.entry.runtime_data.changes.async_accept_sensor()
    return work


def _restart(home: Home, _id: str) -> Work:
    return _call(home, "button", "press", entity_id=home.entity_id("button", "restart"))


ASKED: dict[str, Ask] = {
    "settings": _settings,
    "delete": _delete,
    "adopt": _adopt,
    "accept_sensor": _accept,
    "restart": _restart,
    "start": lambda home, _: _enroll(home),
}


# A start goes on without its caller.
@pytest.mark.parametrize("name", sorted(ASKED.keys() - {"start"}))
async def test_after_a_caller_has_gone_away_hello_is_said_at_once(
    home: Home, reader: FakeReader, name: str
) -> None:
    anna = await home.enrolled()
    reader.holds.add(name)
    asking = home.hass.async_create_task(ASKED[name](home, anna))
    await reader.until(lambda: bool(reader.held))
    hellos = len(reader.heard_of("hello"))
    await async_walk_away(asking)
    await reader.hears("hello", hellos + 1)


@pytest.mark.parametrize("answer", ["a no", "a yes without sense"])
@pytest.mark.parametrize("name", ASKED)
async def test_after_any_answer_but_a_clear_yes_hello_is_said_at_once(
    home: Home, reader: FakeReader, name: str, answer: str
) -> None:
    """Part of it may be done nevertheless, or will be done when the sensor is back."""
    anna = await home.enrolled()
    reader.holds.add(name)
    asking = home.hass.async_create_task(ASKED[name](home, anna))
    await reader.until(lambda: bool(reader.held))
    hellos = len(reader.heard_of("hello"))
    if answer == "a no":
        reader.refuse(reader.held[0]["request"], "sensor_error")
    else:
        reader.answer(reader.held[0]["request"], {"revision": 5})
    with suppress(HomeAssistantError, ReaderError):
        await asking
    if answer == "a no" or name not in {"accept_sensor", "restart"}:
        await reader.hears("hello", hellos + 1)


async def test_after_the_caller_of_a_cancel_has_gone_away_too(
    home: Home, reader: FakeReader
) -> None:
    await home.enroll()
    reader.holds.add("cancel")
    asking = home.hass.async_create_task(home.cancel())
    await reader.hears("cancel")
    hellos = len(reader.heard_of("hello"))
    await async_walk_away(asking)
    await reader.hears("hello", hellos + 1)


async def test_a_switch_whose_caller_has_gone_away_shows_what_the_reader_does(
    home: Home, reader: FakeReader
) -> None:
    """Otherwise live touches would be late for ten minutes, until the next hello."""
    await _settings(home, "")
    assert home.state("switch", "identification").state == "off"
    reader.holds.add("settings")
    switch = home.entity_id("switch", "identification")
    asking = home.hass.async_create_task(_call(home, "switch", "turn_on", entity_id=switch))
    await reader.hears("settings", 2)
    reader.on_request(reader.held[0])
    await async_walk_away(asking)
    await home.until(lambda: home.state("switch", "identification").state == "on")


async def test_a_fingerprint_whose_delete_nobody_waits_for_is_gone_once_it_is_done(
    home: Home, reader: FakeReader
) -> None:
    anna = await home.enrolled()
    reader.holds.add("delete")
    asking = home.hass.async_create_task(home.delete(template_id=anna))
    await reader.hears("delete")
    with reader.unheard():
        reader.on_request(reader.held[0])
    await async_walk_away(asking)
    await reader.hears("list", len(reader.heard_of("list")) + 1)
    await home.settle()
    assert await home.named() == {}
    assert 5 not in await home.unnamed()


async def test_while_a_change_may_still_come_hello_is_said_again_soon(
    home: Home, reader: FakeReader
) -> None:
    """Also if another hello than the repeated one has reported it."""
    reader.changing = True
    with patch.object(connection, "HELLO_CHANGING_EVERY", 0.01):
        await home.look()
        hellos = len(reader.heard_of("hello"))
        await reader.hears("hello", hellos + 3)
        reader.changing = False


@pytest.mark.usefixtures("impatient")
async def test_a_reader_that_refuses_to_cancel_what_it_says_is_running_is_not_flooded(
    home: Home, reader: FakeReader
) -> None:
    """A refusal causes a hello, whose answer contains the unwanted enrollment again."""
    obey = reader.on_request

    def start_unheard(request: dict[str, Any]) -> None:
        reader.speechless = request.get("action") == "start"
        obey(request)

    reader.on_request = start_unheard  # type: ignore[method-assign]
    reader.refuses["cancel"] = "not_running"
    with patch.object(request_channel, "ANSWER_WITHIN", 0.5):
        assert await async_fails(_enroll(home)) == "reader_unreachable"
        await reader.hears("cancel")
        hellos = len(reader.heard_of("hello"))
        for more in range(10):
            await home.look()
            await reader.hears("hello", hellos + more + 1)
        assert len(reader.heard_of("cancel")) == 1
        # Later it may be of use.
        reader.refuses.clear()
        await asyncio.sleep(0.5)
        await home.look()
        await home.until_stage("cancelled")


async def test_what_comes_true_between_hello_and_another_change_is_seen(
    home: Home, reader: FakeReader
) -> None:
    """The revision after the other change is not the expected one."""
    anna = await home.enrolled()
    reader.hold(7, BEN)
    await home.settle()
    reader.holds.add("delete")
    asking = home.hass.async_create_task(home.delete(template_id=anna))
    await reader.hears("delete")
    reader.changing = True
    hellos = len(reader.heard_of("hello"))
    await async_walk_away(asking)
    await reader.hears("hello", hellos + 1)
    await home.settle()
    asking = home.hass.async_create_task(home.delete(template_id=BEN))
    await reader.hears("delete", 2)
    with reader.unheard():
        reader.lose(5)
        reader.lose(7)
    reader.answer(reader.held[-1]["request"], {"revision": reader.templates["revision"]})
    await asking
    reader.changing = False
    # Until now it was under way.
    reader.say("templates", reader.templates, retain=True)
    await home.settle()
    assert await home.named() == {}
    assert set(await home.unnamed()) == {1, 2, 3}
