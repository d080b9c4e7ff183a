"""Answers to hello: what follows from them, and when hello is sent."""

import asyncio
from typing import TYPE_CHECKING
from unittest.mock import patch

from homeassistant.setup import async_setup_component

from custom_components.biometric_enroll.client import connection
from tests.support.reader_publications import new_id

if TYPE_CHECKING:
    from tests.support.home import Home
    from tests.support.reader import FakeReader


async def test_while_answers_are_slow_hello_is_said_again_soon(
    home: Home, reader: FakeReader
) -> None:
    """The delay of a hello adds to the age of each touch that refers to it."""
    said = len(reader.heard_of("hello"))
    with patch.object(connection, "SLOW", -1.0), patch.object(connection, "HELLO_SLOW_EVERY", 0.01):
        reader.announce()
        await reader.hears("hello", said + 3)


async def test_while_touches_wait_in_the_journal_hello_is_said_again_soon(
    home: Home, reader: FakeReader
) -> None:
    """The reader sends its journal after a hello, and gives up after three attempts."""
    said = len(reader.heard_of("hello"))
    reader.journal = 1
    with patch.object(connection, "HELLO_BACKLOG_EVERY", 0.01):
        reader.announce()
        await reader.hears("hello", said + 3)


async def test_a_last_will_that_comes_too_late_is_asked_about(
    home: Home, reader: FakeReader
) -> None:
    """It is of a session that ended before the reader came back; the reader is available."""
    assert home.available
    said = len(reader.heard_of("hello"))
    reader.say("status", {"online": False})
    await reader.hears("hello", said + 1)
    await home.until(lambda: home.available)


async def test_a_user_can_have_the_reader_asked(home: Home, reader: FakeReader) -> None:
    assert await async_setup_component(home.hass, "homeassistant", {})
    said = len(reader.heard_of("hello"))
    enrollment = {"entity_id": home.entity_id("sensor", "enrollment")}
    await home.hass.services.async_call("homeassistant", "update_entity", enrollment, blocking=True)
    assert len(reader.heard_of("hello")) == said + 1


async def test_an_old_answer_does_not_take_the_templates_back(
    home: Home, reader: FakeReader
) -> None:
    assert reader.greeted is not None
    reader.templates = {**reader.templates, "count": 4, "revision": new_id()}
    reader.say("templates", reader.templates, retain=True)
    reader.answer_again(reader.greeted)
    await home.settle()
    assert home.state("sensor", "stored_fingerprints").state == "4"


async def test_a_touch_from_the_future_is_asked_about(home: Home, reader: FakeReader) -> None:
    """Our own clock stood still, as in a suspended machine; all other touches would be late too."""
    said = len(reader.heard_of("hello"))
    reader.touch(age=-60)
    await reader.hears("hello", said + 1)


async def test_until_a_start_is_answered_its_nonce_stays_the_newest(
    home: Home, reader: FakeReader, impatient: None
) -> None:
    """Another hello in between would make the reader refuse a repeated start."""
    reader.holds.add("start")
    starting = asyncio.create_task(home.enroll())
    await reader.hears("start")
    said = len(reader.heard_of("hello"))
    reader.announce()
    await reader.hears("start", 3)
    assert len(reader.heard_of("hello")) == said
    reader.on_request(reader.held[0])
    await starting
    await reader.hears("hello", said + 1)
