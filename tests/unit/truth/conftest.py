"""These tests run in virtual time."""

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from homeassistant.util import dt as dt_util

from tests.unit.truth.virtual_time import HomeLoop

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from datetime import datetime


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Have the tests of this folder run on a loop of virtual time."""
    return {"virtual time": HomeLoop}


@pytest.fixture(autouse=True)
async def virtual_time(
    configure_event_loop: None, enable_event_loop_debug: None
) -> AsyncGenerator[None]:
    """Let the wall clock go by the loop's time."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, HomeLoop)
    loop.keep_time()
    begin, started = dt_util.utcnow(), loop.time()

    def utcnow() -> datetime:
        return begin + timedelta(seconds=loop.time() - started)

    with patch.object(dt_util, "utcnow", utcnow):
        yield
