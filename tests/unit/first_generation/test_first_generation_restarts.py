"""Reader or Home Assistant restarts in the middle of an enrollment."""

from typing import TYPE_CHECKING
from unittest.mock import patch

from custom_components.biometric_enroll.legacy import enroller as enrollments
from custom_components.biometric_enroll.protocol.messages import IDLE
from custom_components.biometric_enroll.storage import DATA_REGISTRY
from tests.support.first_generation.home import FakeFirstGenerationReader, FirstGenerationHome
from tests.support.first_generation.reader import Settings

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

    from tests.support.broker import FakeBroker
    from tests.support.first_generation.sketch import Sketch


# A reader that restarts in the middle


async def test_a_restarted_reader_ends_its_enrollment_with_its_next_status(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    await home.enroll()
    first_gen.scan()
    with patch.object(enrollments, "SETTLED", 0):
        first_gen.reboot()
        assert home.stage == "lift_finger"
        first_gen.say_status()
    assert home.outcome == ("failed", "reader_restarted")
    assert await home.named() == {}
    await home.enrolled()


async def test_a_status_in_the_middle_ends_nothing(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    await home.enroll()
    with patch.object(enrollments, "SETTLED", 0):
        first_gen.say_status()
        assert home.stage == "place_finger"
    first_gen.scan(times=first_gen.scans)
    await home.until_stage("completed")


async def test_a_status_that_was_on_its_way_when_it_started_ends_nothing(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    await home.enroll()
    idle = {"status": "online", "enrollment_in_progress": False}
    first_gen.publish("status", idle)
    assert home.stage == "place_finger"


async def test_a_restarted_reader_that_tells_no_status_ends_it_by_the_time(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader, short_scans: None
) -> None:
    await home.enroll(scan_timeout=120)
    first_gen.reboot(silent=True)
    await home.until_ended()
    assert home.stage == "failed"
    assert await home.named() == {}


# Home Assistant restarts in the middle


async def test_after_a_restart_it_goes_on(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader
) -> None:
    await home.enroll()
    first_gen.scan()
    await home.restart()
    assert home.state("sensor", "enrollment_progress").state == "33"
    assert home.state("sensor", "enrollment").attributes["name"] == "Anna"
    first_gen.scan(times=first_gen.scans - 1)
    await home.until_stage("completed")
    await home.settle()
    assert await home.named() == {1: "Anna"}
    scans = [event for event in home.told() if event.startswith("scan")]
    assert scans == ["scan_captured 1", "scan_captured 2", "scan_captured 3"]


async def test_scans_during_a_restart_are_counted_with_the_next_message(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader, hass: HomeAssistant
) -> None:
    await home.enroll()
    assert await home.unload()
    first_gen.scan(times=first_gen.scans - 1)
    await home.set_up()
    first_gen.scan()
    await home.until_stage("completed")
    await home.settle()
    assert await home.named() == {1: "Anna"}
    assert home.told().count("scan_captured 1") == 1


async def test_an_end_during_a_restart_is_not_waited_for_for_ever(
    new_home: FirstGenerationHome,
    first_gen: FakeFirstGenerationReader,
    hass: HomeAssistant,
    short_scans: None,
) -> None:
    await new_home.set_up()
    with patch.object(enrollments, "SILENCE", 0):
        await new_home.enroll(scan_timeout=120)
    assert await new_home.unload()
    first_gen.scan(times=first_gen.scans)
    first_gen.ask("enroll/request", action="confirm")
    await new_home.set_up()
    await new_home.until_ended()
    # It is stored, but nobody has heard for whom.
    assert new_home.stage == "failed"
    assert await new_home.named() == {}


async def test_a_start_during_which_home_assistant_was_restarted_is_followed(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader, hass: HomeAssistant
) -> None:
    """It was asked for, and its name is saved; only the reader's yes was not heard."""
    answer = await home.enroll()
    coordinator = home.entry.runtime_data
    assert await home.unload()
    # As a crash would leave it: the mark of the enrollment was not saved yet.
    mark = coordinator.client.model.delivered
    mark.snapshot = IDLE
    await coordinator.client.model.delivery_log.async_save()
    await home.restart_from_disk()
    assert hass.data[DATA_REGISTRY].enrollment("esp32") is not None
    assert home.stage == "idle"
    first_gen.scan(times=first_gen.scans)
    await home.until_stage("completed")
    await home.settle()
    assert home.state("sensor", "enrollment").attributes["template_id"] == answer["template_id"]
    assert await home.named() == {1: "Anna"}


async def test_a_reader_with_a_faster_status_enrolls_too(
    hass: HomeAssistant, broker: FakeBroker, sketch: Sketch
) -> None:
    first_gen = FakeFirstGenerationReader(broker, sketch, Settings(status_period=0.5))
    home = FirstGenerationHome(hass, first_gen)
    await home.set_up()
    with patch.object(enrollments, "SETTLED", 0):
        await home.enroll()
        for _ in range(first_gen.scans):
            first_gen.scan()
            first_gen.wait(3)
        await home.until_ended()
    assert home.stage == "completed"
    await home.settle()
    assert await home.unload()
