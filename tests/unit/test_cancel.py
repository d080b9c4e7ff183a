"""Cancelling an enrollment."""

from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.exceptions import ServiceValidationError

from tests.support.home import async_fails

if TYPE_CHECKING:
    from tests.support.home import Home
    from tests.support.reader import FakeReader


async def test_cancelling_ends_the_enrollment(home: Home, reader: FakeReader) -> None:
    response = await home.enroll()
    await home.cancel()
    assert home.stage == "cancelled"
    [cancel] = reader.heard_of("cancel")
    assert cancel["template_id"] == response["template_id"]


async def test_an_enrollment_can_be_cancelled_before_it_shows(
    home: Home, reader: FakeReader
) -> None:
    """The reader has accepted it, but its first snapshot has not arrived yet."""
    say = reader.say

    def hold_back(topic: str, message: dict[str, Any], *, retain: bool = False) -> None:
        if topic != "enroll/response":
            say(topic, message, retain=retain)

    reader.say = hold_back  # type: ignore[method-assign]
    await home.enroll()
    assert home.stage == "idle"
    reader.say = say  # type: ignore[method-assign]
    await home.cancel()
    assert home.stage == "cancelled"


async def test_with_nothing_to_cancel_there_is_an_error(home: Home) -> None:
    with pytest.raises(ServiceValidationError) as error:
        await home.cancel()
    assert error.value.translation_key == "refused_not_running"


async def test_a_cancel_that_comes_too_late_shows_what_became_of_it(
    home: Home, reader: FakeReader
) -> None:
    await home.enroll()
    obey = reader.on_request

    def finish_first(request: dict[str, Any]) -> None:
        if request.get("action") == "cancel":
            reader.capture(3)
        obey(request)

    reader.on_request = finish_first  # type: ignore[method-assign]
    await home.cancel()
    assert home.stage == "completed"


async def test_a_cancel_that_is_not_answered_is_an_error_and_the_enrollment_is_followed_on(
    home: Home, reader: FakeReader, impatient: None
) -> None:
    await home.enroll()
    reader.silent = True
    assert await async_fails(home.cancel()) == "reader_unreachable"
    reader.silent = False
    reader.capture(3)
    await home.until_stage("completed")
