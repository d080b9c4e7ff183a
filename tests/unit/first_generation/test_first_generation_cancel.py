"""Cancelling on a reader of the first generation."""

from typing import TYPE_CHECKING

import pytest
from homeassistant.exceptions import ServiceValidationError

from tests.support.home import async_fails

if TYPE_CHECKING:
    from tests.support.first_generation.home import FakeFirstGenerationReader, FirstGenerationHome


@pytest.mark.parametrize("scans", [0, 1])
async def test_the_action_cancels(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader, scans: int
) -> None:
    await home.enroll()
    first_gen.scan(times=scans)
    await home.cancel()
    assert home.outcome == ("cancelled", None)
    assert first_gen.reader.enrollment is None
    assert await home.named() == {}


async def test_the_button_cancels(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    await home.enroll()
    await home.press_cancel()
    assert home.outcome == ("cancelled", None)
    await home.enrolled()


async def test_with_nothing_to_cancel_there_is_an_error(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    with pytest.raises(ServiceValidationError) as error:
        await home.cancel()
    assert error.value.translation_key == "refused_not_running"
    await home.enrolled()
    with pytest.raises(ServiceValidationError):
        await home.press_cancel()
    assert first_gen.heard_of("enroll/request", action="cancel") == []


async def test_a_cancel_is_repeated_until_it_is_answered(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader, impatient: None
) -> None:
    await home.enroll()
    heard: list[str] = []

    def deaf(_suffix: str, message: dict[str, object]) -> bool:
        heard.append(str(message.get("action")))
        return heard.count("cancel") < 3

    first_gen.deaf = deaf
    await home.cancel()
    assert home.stage == "cancelled"


async def test_a_cancel_that_nobody_answers_is_an_error_and_the_enrollment_is_followed_on(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader, impatient: None
) -> None:
    await home.enroll()
    first_gen.silent = True
    assert await async_fails(home.cancel()) == "reader_unreachable"
    first_gen.silent = False
    first_gen.scan(times=first_gen.scans)
    await home.until_ended()
    assert home.stage == "completed"


async def test_a_cancel_after_the_reader_has_restarted_ends_it(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    """It knows of nothing to cancel, which it says in two ways; and nothing is stored."""
    await home.enroll()
    first_gen.reboot()
    await home.cancel()
    assert home.ended
    assert await home.named() == {}
