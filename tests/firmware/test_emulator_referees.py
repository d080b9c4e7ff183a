"""Clients written for real sensors judge the emulated one.

Both libraries are unchanged and know nothing of this project. What they accept here is
what they have been accepting from hardware for years.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from adafruit_fingerprint import Adafruit_Fingerprint
from pyfingerprint.pyfingerprint import PyFingerprint
from serial import Serial

from emulator import R307, R503, EmulatedSensor, Finger, Led, SensorLine

if TYPE_CHECKING:
    from collections.abc import Iterator

ANNA = Finger("anna")
BERT = Finger("bert")


@pytest.fixture(params=[R307, R503], ids=lambda profile: profile.name)
def line(request: pytest.FixtureRequest) -> Iterator[SensorLine]:
    with SensorLine(EmulatedSensor(request.param)) as running:
        yield running


@pytest.fixture
def py(line: SensorLine) -> Any:
    return PyFingerprint(line.path)


@pytest.fixture
def uart(line: SensorLine) -> Iterator[Serial]:
    with Serial(line.path, 57600, timeout=2) as opened:
        yield opened


@pytest.fixture
def ada(uart: Serial) -> Any:
    return Adafruit_Fingerprint(uart)


def capacity(line: SensorLine) -> int:
    with line.hold() as sensor:
        return sensor.profile.capacity


def template_size(line: SensorLine) -> int:
    with line.hold() as sensor:
        return sensor.profile.template_size


# --- pyfingerprint ------------------------------------------------------------------


def py_enroll(line: SensorLine, py: Any, finger: Finger, slot: int = -1) -> int:
    for buffer in (1, 2):
        line.place(finger)
        assert py.readImage()
        assert py.convertImage(buffer)
        line.lift()
        assert not py.readImage()
    assert py.createTemplate()
    stored = py.storeTemplate(slot)
    assert isinstance(stored, int)
    return stored


def py_search(line: SensorLine, py: Any, finger: Finger) -> tuple[int, int]:
    line.place(finger)
    assert py.readImage()
    assert py.convertImage(1)
    slot, score = py.searchTemplate()
    return slot, score


def test_pyfingerprint_verifies_the_password(line: SensorLine, py: Any) -> None:
    assert py.verifyPassword()
    assert not PyFingerprint(line.path, password=1).verifyPassword()


def test_pyfingerprint_changes_the_password_and_is_held_to_it(line: SensorLine, py: Any) -> None:
    assert py.setPassword(0xCAFE)
    line.power_cycle()
    stranger = PyFingerprint(line.path)
    assert not stranger.verifyPassword()
    with pytest.raises(Exception, match="0x21"):
        stranger.readImage()
    owner = PyFingerprint(line.path, password=0xCAFE)
    assert owner.verifyPassword()
    assert owner.getTemplateCount() == 0


def test_pyfingerprint_reads_and_sets_parameters(line: SensorLine, py: Any) -> None:
    assert py.getStorageCapacity() == capacity(line)
    assert (py.getSecurityLevel(), py.getMaxPacketSize(), py.getBaudRate()) == (3, 128, 57600)
    py.setSecurityLevel(5)
    py.setMaxPacketSize(32)
    assert (py.getSecurityLevel(), py.getMaxPacketSize()) == (5, 32)
    assert py.setAddress(0x01020304)
    assert py.getSystemParameters()[4] == 0x01020304
    assert 0 <= py.generateRandomNumber() < 2**32


def test_pyfingerprint_enrolls_and_finds(line: SensorLine, py: Any) -> None:
    assert py_enroll(line, py, ANNA) == 0
    assert py_enroll(line, py, BERT) == 1
    assert py.getTemplateCount() == 2
    assert py.getTemplateIndex(0)[:3] == [True, True, False]
    slot, score = py_search(line, py, BERT)
    assert slot == 1
    assert score >= 50
    assert py_search(line, py, Finger("carl")) == (-1, -1)


def test_pyfingerprint_compares_two_scans(line: SensorLine, py: Any) -> None:
    scores = []
    for second in (ANNA, BERT):
        for buffer, finger in ((1, ANNA), (2, second)):
            line.place(finger)
            assert py.readImage()
            assert py.convertImage(buffer)
        scores.append(py.compareCharacteristics())
    assert scores[0] >= 50
    assert scores[1] == 0
    assert not py.createTemplate()


@pytest.mark.parametrize("size", [32, 128, 256])
def test_pyfingerprint_copies_a_template(line: SensorLine, py: Any, size: int) -> None:
    py_enroll(line, py, ANNA, 4)
    py.setMaxPacketSize(size)
    assert py.loadTemplate(4, 2)
    template = py.downloadCharacteristics(2)
    assert len(template) == template_size(line)
    with line.hold() as sensor:
        other = EmulatedSensor(sensor.profile)
    line.swap(other)
    copy = PyFingerprint(line.path)  # opening drops the 0x55 of an R503
    copy.setMaxPacketSize(size)
    assert copy.uploadCharacteristics(1, template)
    assert copy.storeTemplate(6, 1) == 6
    assert py_search(line, copy, ANNA)[0] == 6


def test_pyfingerprint_deletes_and_empties(line: SensorLine, py: Any) -> None:
    for slot in (0, 1, 2):
        py_enroll(line, py, ANNA, slot)
    assert py.deleteTemplate(1)
    assert py.getTemplateIndex(0)[:4] == [True, False, True, False]
    assert py.clearDatabase()
    assert py.getTemplateCount() == 0


# --- Adafruit -----------------------------------------------------------------------


def ada_enroll(line: SensorLine, ada: Any, finger: Finger, slot: int) -> None:
    for buffer in (1, 2):
        line.place(finger)
        assert ada.get_image() == 0
        assert ada.image_2_tz(buffer) == 0
        line.lift()
        assert ada.get_image() == 2
    assert ada.create_model() == 0
    assert ada.store_model(slot) == 0


def test_adafruit_finds_no_sensor_with_a_wrong_password(uart: Serial) -> None:
    with pytest.raises(RuntimeError, match="Failed to find sensor"):
        Adafruit_Fingerprint(uart, (0, 0, 0, 1))


def test_adafruit_reads_and_sets_parameters(line: SensorLine, ada: Any) -> None:
    assert ada.library_size == capacity(line)
    assert ada.device_address == b"\xff\xff\xff\xff"
    assert (ada.security_level, ada.data_packet_size, ada.baudrate) == (3, 2, 6)
    assert ada.set_sysparam(6, 1) == 0
    assert ada.read_sysparam() == 0
    assert ada.data_packet_size == 1


def test_adafruit_enrolls_and_finds(line: SensorLine, ada: Any) -> None:
    last = capacity(line) - 1
    ada_enroll(line, ada, ANNA, 3)
    ada_enroll(line, ada, BERT, last)
    assert ada.count_templates() == 0
    assert ada.template_count == 2
    assert ada.read_templates() == 0
    assert ada.templates == [3, last]
    for search in (ada.finger_search, ada.finger_fast_search):
        line.place(BERT)
        assert ada.get_image() == 0
        assert ada.image_2_tz(1) == 0
        assert search() == 0
        assert ada.finger_id == last
        assert ada.confidence >= 50
        line.place(Finger("carl"))
        assert ada.get_image() == 0
        assert ada.image_2_tz(1) == 0
        assert search() == 9


def test_adafruit_compares_two_scans(line: SensorLine, ada: Any) -> None:
    line.place(ANNA)
    assert ada.get_image() == 0
    assert ada.image_2_tz(1) == 0
    assert ada.image_2_tz(2) == 0
    assert ada.compare_templates() == 0
    line.place(BERT)
    assert ada.get_image() == 0
    assert ada.image_2_tz(2) == 0
    assert ada.compare_templates() == 8
    assert ada.create_model() == 0x0A


def test_adafruit_copies_a_template(line: SensorLine, ada: Any) -> None:
    ada_enroll(line, ada, ANNA, 3)
    assert ada.load_model(3, 1) == 0
    template = ada.get_fpdata("char", 1)
    assert len(template) == template_size(line)
    assert ada.empty_library() == 0
    assert ada.load_model(3, 1) == 0x0C
    assert ada.send_fpdata(template, "char", 2)
    assert ada.store_model(9, 2) == 0
    line.place(ANNA)
    assert ada.get_image() == 0
    assert ada.image_2_tz(1) == 0
    assert ada.finger_search() == 0
    assert ada.finger_id == 9


def test_adafruit_deletes(line: SensorLine, ada: Any) -> None:
    ada_enroll(line, ada, ANNA, 3)
    assert ada.delete_model(3) == 0
    assert ada.read_templates() == 0
    assert ada.templates == []


def test_adafruit_sets_the_light_of_an_r503_and_not_of_an_r307(line: SensorLine, ada: Any) -> None:
    answer = ada.set_led(color=3, mode=2, speed=50, cycles=4)
    with line.hold() as sensor:
        if sensor.profile is R503:
            assert answer == 0
            assert sensor.led == Led(control=2, colour=3, speed=50, count=4)
        else:
            assert answer == 1


def test_adafruit_sees_every_colour_of_an_r503_and_its_going_out() -> None:
    with SensorLine(EmulatedSensor(R503)) as line, Serial(line.path, 57600, timeout=2) as uart:
        ada = Adafruit_Fingerprint(uart)
        for colour in range(1, 8):
            assert ada.set_led(color=colour, mode=3, speed=0, cycles=0) == 0
            with line.hold() as sensor:
                assert sensor.led == Led(control=3, colour=colour)
        assert ada.set_led(color=1, mode=4, speed=0, cycles=0) == 0
        with line.hold() as sensor:
            assert sensor.led == Led(control=4, colour=1)
        assert ada.set_led(color=8, mode=3, speed=0, cycles=0) == 1


def test_adafruit_hears_an_r503_say_that_it_is_well() -> None:
    with SensorLine(EmulatedSensor(R503)) as line, Serial(line.path, 57600, timeout=2) as uart:
        assert Adafruit_Fingerprint(uart).check_module()
