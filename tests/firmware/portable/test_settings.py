"""The settings, on fake hardware."""

from fpreader.sensor_connection import SensorError
from fpreader.touches import MOST_LOOKS
from tests.firmware.portable.scanner_harness import (
    ANNA,
    ID,
    OTHER,
    at,
    enrolled,
    nobody,
    scans,
    started,
    touch,
)

TYPE_CHECKING = False

if TYPE_CHECKING:
    pass


def test_a_reader_that_does_not_identify_still_tells_of_everything_else_and_enrolls() -> None:
    reader = enrolled("anna")
    assert reader.set(identification=False) is None
    assert reader.scanner.changes.settings == {"identification": False, "security_level": 3}
    touch(reader, "anna")
    assert reader.touches == []
    touch(reader, "bert")
    reader.sensor.says = [("img2tz", "too_messy")] * MOST_LOOKS
    touch(reader, "anna")
    assert [entry.result for entry in reader.touches] == ["not_identified", "unreadable"]
    reader.user = scans("anna")
    reader.enroll(ID)
    assert reader.run_until_ended()["duplicate_of"] == ANNA
    reader.enroll_whole("bert", OTHER)
    reader.restart()
    touch(reader, "anna")
    assert len(reader.touches) == 2
    assert reader.set(identification=True) is None
    touch(reader, "anna")
    assert reader.touches[-1].template_id == ANNA


def test_a_lock_out_waits_for_nothing() -> None:
    """Neither for an enrollment nor for a sensor that is gone or another one."""
    reader = started()
    reader.enroll(ID)
    assert reader.set(identification=False) is None
    reader.scanner.cancel()
    reader.run_until_ended()
    reader.run(1000)
    assert not reader.memory.identification
    reader.sensor.gone = True
    reader.run(60_000)
    assert reader.set(identification=True) is None
    assert reader.memory.identification


def test_a_lock_out_is_not_undone_by_what_was_asked_for_before_it() -> None:
    reader = started()
    changes = reader.scanner.changes
    answers: list[str | None] = []
    assert changes.set(True, 5, None, answers.append) is None
    assert changes.set(False, None, None, answers.append) is None
    assert answers == [None]
    reader.run(1000)
    assert answers == [None, None]
    assert changes.settings == {"identification": False, "security_level": 5}


def test_a_setting_that_is_as_wanted_wears_no_flash() -> None:
    reader = started()
    writes = reader.flash.writes
    assert reader.set(identification=True) is None
    assert reader.set(security_level=3) is None
    assert reader.flash.writes == writes


def test_a_flash_that_refuses_a_setting_leaves_it() -> None:
    reader = started()
    reader.flash.broken = True
    assert reader.set(identification=False) == "sensor_error"
    assert reader.scanner.changes.settings["identification"] is True


def test_the_security_level_is_the_sensors_own() -> None:
    reader = started()
    assert reader.set(security_level=5) is None
    assert reader.sensor.level == 5
    assert reader.scanner.changes.settings["security_level"] == 5
    reader.sensor.level = 1
    reader.turn_on()
    assert reader.scanner.changes.settings["security_level"] is None
    reader.run(1000)
    assert reader.scanner.changes.settings["security_level"] == 1


def test_a_security_level_that_the_sensor_does_not_take_is_not_told() -> None:
    reader = started()
    for answer in (SensorError(), None):  # no answer, or an answer and nothing done
        reader.sensor.says = [("set_security_level", answer)]
        assert reader.set(identification=False, security_level=5) == "sensor_error"
        reader.run(1000)
        assert reader.scanner.changes.settings == {"identification": True, "security_level": 3}


def test_the_security_level_needs_a_sensor_that_is_ours_and_free() -> None:
    reader = enrolled("anna")
    reader.enroll(ID)
    assert reader.set(identification=False, security_level=5) == "busy"
    reader.user = at(1, "img2tz", lambda reader: reader.scanner.cancel())
    reader.run_until_ended()
    reader.user = nobody
    reader.sensor.swap({})
    reader.turn_on()
    assert reader.set(security_level=5) == "sensor_error"
    reader.run(1000)
    assert reader.set(security_level=5) == "sensor_changed"
    assert (reader.sensor.level, reader.memory.identification) == (3, True)


def test_commands_without_a_valid_answer_are_counted() -> None:
    reader = started()
    reader.sensor.connection.errors = 7
    assert reader.scanner.sensor_errors == 7
