"""Sensors whose index, count and LoadChar tell different stories."""

from fpreader.scanner import UNCLEAR_MS
from fpreader.sensor_connection import CodeError
from fpreader.slot_index import SlotIndex, is_occupied
from tests.firmware.portable.fake_hardware import FakeConnection, FakeSensor
from tests.firmware.portable.scanner_harness import (
    ANNA,
    BERT,
    ScannerHarness,
    drive,
    enrolled,
    listed,
    nobody,
    scans,
)

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any


class Table(FakeSensor):
    """Answers each page of the index table as the test says; LoadChar is missing."""

    def __init__(self, *pages: "bytes | CodeError") -> None:
        self.pages = list(pages)
        self.connection: Any = FakeConnection()
        self.connection.missing = {0x07, 0x1D}

    async def read_index_table(self, page: int) -> bytes:
        answer = self.pages.pop(0)
        if isinstance(answer, CodeError):
            raise answer
        return answer


EMPTY, FULL = bytes(32), b"\xff" * 32
NO_PAGE = CodeError(0x1F, 0x0B)


def test_bits_beyond_the_last_slot_are_no_slots() -> None:
    """Some sensors fill what they do not use; with a shift that would be slot 256 of 256."""
    for shift in (-8, -1, 1, 8):
        pages = [EMPTY] * (1 + (shift > 0)) + [FULL] * (1 + (shift > 0))
        index = SlotIndex(Table(*pages))
        drive(index.start(256, shift))
        assert is_occupied(drive(index.read()), 200)


def test_a_page_that_answers_only_sometimes_proves_nothing_and_breaks_nothing() -> None:
    one = b"\x02" + bytes(31)  # slot 0, by the shift
    for before, after in ((NO_PAGE, FULL), (FULL, NO_PAGE), (NO_PAGE, EMPTY), (EMPTY, NO_PAGE)):
        index = SlotIndex(Table(EMPTY, NO_PAGE, EMPTY, before, one, after))
        drive(index.start(256, 1))
        assert drive(index.prove_free(0))
        assert drive(index.prove_stored(0)) is (FULL not in (before, after))


class Odd(FakeSensor):
    """Has habits of its own."""

    capacity = 300
    shift = 0
    has_table = True
    has_load_char = True
    not_loaded: "tuple[int, ...]" = ()
    delete_code: "int | None" = None
    """What DeletChar says, without doing it."""

    async def read_sys_para(self) -> "tuple[int, int | None]":
        await super().read_sys_para()
        return self.capacity, 3

    async def read_index_table(self, page: int) -> bytes:
        if not self.has_table or page * 256 >= self.capacity:
            raise CodeError(0x1F, 0x0B)
        table = bytearray(96)
        for slot in self.templates:
            bit = slot + self.shift
            table[bit >> 3] |= 1 << (bit & 7)
        return bytes(table[32 * page :][:32])

    async def load_char(self, buffer: int, slot: int) -> bool:
        if not self.has_load_char:
            raise CodeError(0x07, 0xFC)
        loaded = await super().load_char(buffer, slot)
        return loaded and slot not in self.not_loaded

    async def delet_char(self, slot: int) -> "int | None":
        if self.delete_code is None:
            return await super().delet_char(slot)
        return self.delete_code


def odd(reader: ScannerHarness, **habits: "Any") -> ScannerHarness:
    """Give the sensor of a reader other habits, and let the reader find it so."""
    before, reader.sensor = reader.sensor, Odd(reader)
    for name in ("templates", "notepad", "says"):
        setattr(reader.sensor, name, getattr(before, name))
    for name, habit in habits.items():
        setattr(reader.sensor, name, habit)
    reader.turn_on()
    reader.run(60_000)
    return reader


def test_nothing_is_stored_over_a_template_that_only_the_table_and_the_count_know() -> None:
    reader = odd(ScannerHarness(), templates={0: "carl", 1: "dora"}, not_loaded=(0,))
    assert reader.told[-1]["sensor_error"] == "unclear_index"
    assert reader.enroll()[1] == "sensor_error"


def test_a_strange_code_of_load_char_costs_that_command_where_it_was_seen_to_work() -> None:
    reader = odd(ScannerHarness(), shift=-1)  # slot 0 has no bit, so LoadChar alone can tell
    strange = CodeError(0x07, 0x17)
    reader.user = scans("anna", "anna", "anna")
    # Before Store it is answered, after Store refused, then answered again for the next scan's.
    reader.sensor.says = [("load_char", False), ("load_char", strange)]
    assert reader.enroll(ANNA) == (0, None)
    reader.run_until_ended()
    assert reader.sensor.says == []
    reader.enroll_whole("bert", BERT)
    assert reader.told[-1]["sensor_error"] is None


def test_a_sensor_that_could_not_tell_what_was_stored_is_found_out_anew_a_minute_later() -> None:
    reader = odd(ScannerHarness(), shift=-1)
    reader.sensor.says = [("load_char", CodeError(0x07, 0x17))]
    reader.user = scans("anna", "anna", "anna")
    assert reader.enroll(ANNA) == (0, None)
    assert reader.run_until_ended()["reason"] == "sensor_error"
    reader.user = nobody
    reader.run(UNCLEAR_MS - 5000)
    assert reader.told[-1]["sensor_error"] == "unclear_index"
    assert reader.enroll(ANNA) == (None, "sensor_error")
    reader.run(10_000)
    assert reader.told[-1]["sensor_error"] is None
    reader.enroll_whole("anna", ANNA)


def test_one_misread_slot_costs_no_name_where_there_is_no_table() -> None:
    reader = enrolled("anna", "bert")
    reader.sensor.says = [("load_char", True), ("load_char", False)]  # the probe's, then slot 0
    odd(reader, has_table=False)
    assert reader.sensor.says == []
    assert listed(reader) == [(0, ANNA), (1, BERT)]


def test_a_shift_needs_no_page_behind_the_last_slot() -> None:
    for has_load_char in (True, False):
        reader = odd(ScannerHarness(), capacity=256, shift=1, has_load_char=has_load_char)
        reader.enroll_whole("anna", ANNA)
        reader.run(1000)
        reader.enroll_whole("bert", BERT)
        reader.restart()
        reader.run(60_000)
        assert listed(reader) == [(0, ANNA), (1, BERT)]


def test_a_capacity_that_no_sensor_has_is_none() -> None:
    reader = odd(ScannerHarness(), capacity=65535)
    assert reader.told == [] or reader.told[-1]["sensor_error"] == "missing_command"
    assert reader.scanner.templates["sensor_error_details"] == {"command": 0x0F, "code": 0}


def test_a_sensor_that_fails_at_each_start_is_not_marked_each_time() -> None:
    reader = odd(ScannerHarness(), has_table=False, has_load_char=False)
    reader.flash.broken = True
    reader.flash.records.clear()
    reader.turn_on()
    reader.sensor.asked.clear()
    reader.run(600_000)
    assert reader.sensor.asked.count("write_notepad") == 1


def test_an_enrollment_that_cannot_be_undone_says_that_the_sensor_lacks_delete() -> None:
    reader = odd(enrolled("anna"), delete_code=0xFC)
    reader.user = scans("bert", "bert")
    reader.enroll(BERT)
    assert reader.run_until_ended()["reason"] == "timeout"
    reader.user = nobody
    reader.run(10_000)
    assert reader.told[-1]["sensor_error"] == "missing_command"
    assert reader.told[-1]["sensor_error_details"] == {"command": 0x0C, "code": 0xFC}
