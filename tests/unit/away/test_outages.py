"""The log lines about an unavailable reader: text, level, and number."""

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest
from homeassistant.exceptions import HomeAssistantError

if TYPE_CHECKING:
    from tests.support.broker import FakeBroker
    from tests.support.first_generation.home import FakeFirstGenerationReader, FirstGenerationHome
    from tests.support.home import Home
    from tests.support.reader import FakeReader

LONG = 300.0
"""Seconds during which an unavailable reader is polled repeatedly."""


def _told(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """Return level and text of the log lines at INFO or above since the last call."""
    told = [
        (record.levelname, record.getMessage())
        for record in caplog.records
        if record.name.startswith("custom_components") and record.levelno >= logging.INFO
    ]
    caplog.clear()
    return told


BACK = ("INFO", "Reader front_door is available again")


async def test_a_last_will_is_one_line_and_the_return_another(
    home: Home, reader: FakeReader, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.clear()
    for _ in range(2):
        reader.die()
        reader.die()
        await asyncio.sleep(LONG)
        with pytest.raises(HomeAssistantError):
            await home.enroll()
        assert _told(caplog) == [
            ("INFO", "Reader front_door is unavailable: its last will says so")
        ]
        reader.announce()
        reader.announce()
        await home.until(lambda: home.available)
        await asyncio.sleep(LONG)
        assert _told(caplog) == [BACK]


async def test_a_silent_reader_is_one_line_and_the_return_another(
    home: Home, reader: FakeReader, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.clear()
    reader.silent = True
    with pytest.raises(HomeAssistantError):
        await home.enroll()
    await asyncio.sleep(LONG)
    # Now the broker has noticed it.
    reader.die()
    await asyncio.sleep(LONG)
    assert _told(caplog) == [("INFO", "Reader front_door is unavailable: it does not answer")]
    reader.announce()
    await asyncio.sleep(LONG)
    assert _told(caplog) == [BACK]


async def test_a_broker_that_restarts_is_one_line_and_its_return_another(
    home: Home, broker: FakeBroker, reader: FakeReader, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.clear()
    broker.set_connected(False)
    await asyncio.sleep(LONG)
    # The reader needs longer than Home Assistant.
    reader.silent = True
    broker.set_connected(True)
    await asyncio.sleep(LONG)
    assert _told(caplog) == [
        ("INFO", "Reader front_door is unavailable: the connection to the broker is lost")
    ]
    reader.announce()
    await asyncio.sleep(LONG)
    assert _told(caplog) == [BACK]


async def test_a_reader_that_is_there_from_the_beginning_is_no_news(
    new_home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.clear()
    await new_home.set_up()
    await new_home.until(lambda: new_home.available)
    assert _told(caplog) == []


async def test_a_reader_that_is_away_from_the_beginning_is_one_line_too(
    new_home: Home, reader: FakeReader, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.clear()
    reader.silent = True
    assert await new_home.start()
    await asyncio.sleep(LONG)
    assert _told(caplog) == [("INFO", "Reader front_door is unavailable: it does not answer")]
    reader.announce()
    await new_home.until(lambda: new_home.available)
    assert _told(caplog) == [BACK]


# A reader of the first generation

_FIRST_GENERATION_BACK = ("INFO", "Reader esp32 is available again")


async def test_a_silent_reader_of_the_first_generation_is_one_line_and_its_return_another(
    first_gen_home: FirstGenerationHome,
    first_gen: FakeFirstGenerationReader,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.clear()
    for _ in range(2):
        first_gen.silent = True
        await asyncio.sleep(LONG)
        with pytest.raises(HomeAssistantError):
            await first_gen_home.enroll()
        assert _told(caplog) == [("INFO", "Reader esp32 is unavailable: it does not answer")]
        first_gen.connect()
        await asyncio.sleep(LONG)
        assert first_gen_home.available
        assert _told(caplog) == [_FIRST_GENERATION_BACK]


async def test_what_a_reader_of_the_first_generation_says_of_its_end_is_one_line(
    first_gen_home: FirstGenerationHome,
    first_gen: FakeFirstGenerationReader,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.clear()
    first_gen.publish("status", {"status": "offline"})
    first_gen.publish("status", {"status": "offline"})
    assert _told(caplog) == [("INFO", "Reader esp32 is unavailable: it says so")]
    first_gen.say_status()
    first_gen.say_status()
    await asyncio.sleep(LONG)
    assert _told(caplog) == [_FIRST_GENERATION_BACK]


async def test_a_broker_that_restarts_before_a_reader_of_the_first_generation_is_one_line(
    first_gen_home: FirstGenerationHome, broker: FakeBroker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.clear()
    broker.set_connected(False)
    await asyncio.sleep(LONG)
    assert _told(caplog) == [
        ("INFO", "Reader esp32 is unavailable: the connection to the broker is lost")
    ]
    broker.set_connected(True)
    await asyncio.sleep(LONG)
    assert _told(caplog) == [_FIRST_GENERATION_BACK]
