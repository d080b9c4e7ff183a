"""The journal keeps every touch until it is acknowledged, through restarts and torn writes."""

from fpreader.journal import ACK_MS, CAPACITY, COMPACT_AT, Journal
from fpreader.touch_record import RECORD_BYTES
from tests.firmware.portable.counting import Counting, nth

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

HELLO = "61d0f3a29c5b7e84"
ID = "9f2c01ab44d0e1f7"


class Flash:
    """Records in RAM that can refuse to be written."""

    def __init__(self) -> None:
        self.records: list[bytes | None] = []
        self.writes = 0
        self.rewrites = 0
        self.broken = False

    def read(self) -> "Iterator[bytes | None]":
        return iter(list(self.records))

    def append(self, records: "list[bytes]") -> None:
        self._write()
        assert all(len(record) == RECORD_BYTES for record in records)
        self.records += records

    def replace(self, records: "Iterable[bytes]") -> None:
        self._write()
        self.rewrites += 1
        self.records = []
        for record in records:
            assert len(record) == RECORD_BYTES
            self.records.append(record)

    def _write(self) -> None:
        if self.broken:
            raise OSError(28)
        self.writes += 1


def new_journal(flash: "Flash | None" = None, random: "Counting | None" = None) -> Journal:
    return Journal(flash or Flash(), random or Counting())


def identified(journal: Journal, at_ms: int, slot: int = 5) -> None:
    journal.touched("identified", at_ms, slot, ID, 143, None)


def unreadable(journal: Journal, at_ms: int) -> None:
    journal.touched("unreadable", at_ms, None, None, None, "too_messy")


def sent(journal: Journal, now: int) -> "list[Any]":
    """Take all messages that are due, as ids."""
    found = []
    while (message := journal.due(now, can_send=True)) is not None:
        found.append(message["touch"])
    return found


def away(journal: Journal, now: int) -> None:
    assert journal.due(now, can_send=False) is None


def test_a_new_touch_is_sent_at_once_and_only_once() -> None:
    journal = new_journal()
    identified(journal, 1000)
    assert journal.due(1000, can_send=True) == {
        "v": 1,
        "touch": nth(1),
        "hello": None,
        "at_ms": 1000,
        "result": "identified",
        "slot": 5,
        "template_id": ID,
        "confidence": 143,
        "reason": None,
        "count": 1,
    }
    assert sent(journal, 1000) == []
    assert len(journal) == 1


def test_every_kind_of_touch_comes_out_as_it_went_in() -> None:
    kinds: list[tuple[Any, ...]] = [
        ("identified", 0, 0, None, 0, None),
        ("identified", 2**47, 65535, ID, 65535, None),
        ("not_identified", 7, None, None, None, None),
        ("unreadable", 7, None, None, None, "sensor_error"),
    ]
    keys = ("result", "at_ms", "slot", "template_id", "confidence", "reason")
    for kind in kinds:
        journal = new_journal()
        journal.touched(*kind)
        message = journal.due(2**47, can_send=True)
        assert message is not None
        assert tuple(message[key] for key in keys) == kind


def test_a_touch_that_the_sensor_was_slow_about_is_still_sent_at_once() -> None:
    journal = new_journal()
    identified(journal, 1000)
    assert sent(journal, 1000 + 3 * ACK_MS) == [nth(1)]


def test_what_is_acknowledged_in_time_never_reaches_the_flash() -> None:
    flash = Flash()
    journal = new_journal(flash)
    identified(journal, 1000)
    sent(journal, 1000)
    sent(journal, 1000 + ACK_MS - 1)
    journal.ack(nth(1))
    sent(journal, 9000)
    assert (len(journal), flash.writes) == (0, 0)


def test_what_is_not_acknowledged_in_time_survives_a_restart_without_its_uptime() -> None:
    flash = Flash()
    journal = new_journal(flash)
    identified(journal, 1000)
    sent(journal, 1500)
    sent(journal, 1500 + ACK_MS)
    again = new_journal(flash)
    assert len(again) == 1
    again.hello_answered(HELLO, 50)
    message = again.due(50, can_send=True)
    assert message is not None
    assert (message["touch"], message["at_ms"], message["hello"]) == (nth(1), None, HELLO)
    assert (message["slot"], message["template_id"], message["confidence"]) == (5, ID, 143)


def test_the_two_seconds_begin_when_the_touch_is_sent() -> None:
    flash = Flash()
    journal = new_journal(flash)
    identified(journal, 1000)
    sent(journal, 2900)
    sent(journal, 2900 + ACK_MS - 1)
    assert flash.writes == 0
    sent(journal, 2900 + ACK_MS)
    assert flash.writes == 1


def test_the_next_thing_to_do_is_the_earliest() -> None:
    journal = new_journal()
    identified(journal, 1000)
    away(journal, 9000)
    journal.hello_answered(HELLO, 9000)
    sent(journal, 9000)
    identified(journal, 9500)
    sent(journal, 9500)
    assert journal.wait_ms(9500) == ACK_MS - 500


def test_a_touch_that_could_not_be_sent_reaches_the_flash_as_well() -> None:
    flash = Flash()
    journal = new_journal(flash)
    identified(journal, 1000)
    assert journal.wait_ms(1000) == ACK_MS
    away(journal, 1000 + ACK_MS)
    assert len(new_journal(flash)) == 1


def test_an_acknowledgement_removes_exactly_that_touch_also_from_flash() -> None:
    flash = Flash()
    journal = new_journal(flash)
    for at_ms in (1000, 2000, 3000):
        identified(journal, at_ms)
    away(journal, 9000)
    journal.ack(nth(2))
    journal.ack(nth(2))
    journal.ack(nth(99))
    for one in (journal, new_journal(flash)):
        one.hello_answered(HELLO, 10000)
        assert sent(one, 10000) == [nth(1)]
        one.ack(nth(1))
        assert sent(one, 10000) == [nth(3)]
        one.ack(nth(3))
        assert len(one) == 0
    assert len(new_journal(flash)) == 0


def test_the_backlog_waits_for_a_hello() -> None:
    journal = new_journal()
    identified(journal, 1000)
    away(journal, 4000)
    assert sent(journal, 5000) == []
    assert journal.wait_ms(5000) is None
    journal.hello_answered(HELLO, 6000)
    assert journal.wait_ms(6000) == 0
    assert sent(journal, 6000) == [nth(1)]


def test_the_backlog_goes_oldest_first_and_one_at_a_time() -> None:
    journal = new_journal()
    for at_ms in (1000, 2000):
        identified(journal, at_ms)
    away(journal, 9000)
    journal.hello_answered(HELLO, 9000)
    assert sent(journal, 9000) == [nth(1)]
    assert sent(journal, 9000 + ACK_MS - 1) == []
    journal.ack(nth(1))
    assert sent(journal, 9000 + ACK_MS - 1) == [nth(2)]


def test_after_three_sends_without_an_answer_the_backlog_waits_for_the_next_hello() -> None:
    journal = new_journal()
    identified(journal, 1000)
    away(journal, 4000)
    journal.hello_answered(HELLO, 5000)
    sends = [now for now in range(5000, 60000, 500) if sent(journal, now)]
    assert sends == [5000, 5000 + ACK_MS, 5000 + 2 * ACK_MS]
    assert journal.wait_ms(60000) is None
    journal.hello_answered(HELLO, 60000)
    assert sent(journal, 60000) == [nth(1)]


def test_a_hello_in_the_middle_does_not_send_a_touch_twice_at_once() -> None:
    journal = new_journal()
    identified(journal, 1000)
    away(journal, 4000)
    journal.hello_answered(HELLO, 5000)
    assert sent(journal, 5000) == [nth(1)]
    journal.hello_answered("00" * 8, 5100)
    assert sent(journal, 5100) == []
    assert sent(journal, 5000 + ACK_MS) == [nth(1)]


def test_a_hello_in_the_middle_gives_the_touch_three_sends_more() -> None:
    journal = new_journal()
    identified(journal, 1000)
    away(journal, 4000)
    journal.hello_answered(HELLO, 5000)
    sends = [now for now in range(5000, 8000, 500) if sent(journal, now)]
    journal.hello_answered(HELLO, 8000)
    sends += [now for now in range(8000, 60000, 500) if sent(journal, now)]
    assert len(sends) == 2 + 3


def test_each_touch_of_the_backlog_has_its_own_three_sends() -> None:
    journal = new_journal()
    identified(journal, 1000)
    identified(journal, 1500)
    away(journal, 4000)
    journal.hello_answered(HELLO, 5000)
    for now in range(5000, 8000, 500):
        sent(journal, now)
    journal.ack(nth(1))
    sends = [now for now in range(8000, 60000, 500) if sent(journal, now)]
    assert len(sends) == 3


def test_a_delivered_backlog_leaves_nothing_to_wait_for() -> None:
    journal = new_journal()
    identified(journal, 1000)
    away(journal, 4000)
    journal.hello_answered(HELLO, 5000)
    sent(journal, 5000)
    journal.ack(nth(1))
    sent(journal, 5100)
    assert journal.wait_ms(5100) is None


def test_a_hello_after_a_lost_connection_starts_at_once() -> None:
    journal = new_journal()
    identified(journal, 1000)
    away(journal, 4000)
    journal.hello_answered(HELLO, 5000)
    sent(journal, 5000)
    away(journal, 5100)
    journal.hello_answered(HELLO, 5200)
    assert sent(journal, 5200) == [nth(1)]


def test_a_new_touch_overtakes_the_backlog() -> None:
    journal = new_journal()
    identified(journal, 1000)
    away(journal, 4000)
    journal.hello_answered(HELLO, 5000)
    assert sent(journal, 5000) == [nth(1)]
    identified(journal, 5100)
    assert sent(journal, 5100) == [nth(2)]
    journal.ack(nth(1))
    # The new one has its own two seconds; only then is it part of the backlog.
    assert sent(journal, 5200) == []


def test_a_touch_becomes_backlog_while_the_backlog_is_delivered() -> None:
    journal = new_journal()
    identified(journal, 1000)
    away(journal, 4000)
    journal.hello_answered(HELLO, 5000)
    sent(journal, 5000)
    identified(journal, 5100)
    sent(journal, 5100)
    assert sent(journal, 5100 + ACK_MS) == [nth(1)]
    journal.ack(nth(1))
    assert sent(journal, 5100 + ACK_MS) == [nth(2)]


def test_a_touch_that_was_sent_just_before_a_hello_is_delivered_with_the_backlog() -> None:
    """Nobody may have listened yet, and the next hello may be ten minutes away."""
    journal = new_journal()
    identified(journal, 1000)
    assert sent(journal, 1000) == [nth(1)]
    journal.hello_answered(HELLO, 1500)
    assert sent(journal, 1500) == []
    assert journal.wait_ms(1500) == ACK_MS - 500
    assert sent(journal, 1000 + ACK_MS) == [nth(1)]


def test_losing_the_connection_ends_the_delivery_until_the_next_hello() -> None:
    journal = new_journal()
    identified(journal, 1000)
    away(journal, 4000)
    journal.hello_answered(HELLO, 5000)
    sent(journal, 5000)
    away(journal, 6000)
    assert sent(journal, 9000) == []


def test_a_full_journal_drops_the_oldest_and_counts_it() -> None:
    flash = Flash()
    journal = new_journal(flash)
    for number in range(CAPACITY + 3):
        identified(journal, number)
        away(journal, number + ACK_MS)
    assert (len(journal), journal.dropped) == (CAPACITY, 3)
    again = new_journal(flash)
    assert (len(again), again.dropped) == (CAPACITY, 3)
    again.hello_answered(HELLO, 0)
    assert sent(again, 0) == [nth(4)]


def test_what_was_dropped_is_remembered_when_the_journal_is_empty_again() -> None:
    flash = Flash()
    journal = new_journal(flash)
    for number in range(CAPACITY + 1):
        identified(journal, number)
        away(journal, number + ACK_MS)
    for number in range(1, CAPACITY + 2):
        journal.ack(nth(number))
    assert len(flash.records) == 1
    again = new_journal(flash)
    assert (len(again), again.dropped) == (0, 1)


def test_the_file_stays_bounded() -> None:
    flash = Flash()
    journal = new_journal(flash)
    most = 0
    identified(journal, 0)
    for number in range(2, 3 * COMPACT_AT):
        identified(journal, number * 3000)
        away(journal, number * 3000 + ACK_MS)
        journal.ack(nth(number))
        most = max(most, len(flash.records))
    assert len(journal) == 1
    assert most <= COMPACT_AT + 2
    # A rewrite each time would wear the flash out as well.
    assert flash.rewrites <= 7


def test_the_file_stays_bounded_also_when_the_reader_restarts_often() -> None:
    flash = Flash()
    identified(new_journal(flash), 0)
    for number in range(1, 2 * COMPACT_AT):
        journal = new_journal(flash, Counting(number))
        identified(journal, 0)
        away(journal, ACK_MS)
        if number > 1:
            journal.ack(nth(number + 1))
    assert len(flash.records) <= COMPACT_AT + 2


def test_a_torn_record_costs_only_itself_and_is_cleaned_up() -> None:
    flash = Flash()
    journal = new_journal(flash)
    identified(journal, 0)
    away(journal, 5000)
    flash.records.append(None)
    again = new_journal(flash, Counting(50))
    assert len(again) == 1
    again.touched("not_identified", 10, None, None, None, None)
    away(again, 10 + ACK_MS)
    assert None not in flash.records
    assert len(flash.records) == 2
    rewrites = flash.rewrites
    for one in (again, new_journal(flash, Counting(60))):
        identified(one, 9000)
        away(one, 9000 + ACK_MS)
    assert flash.rewrites == rewrites


def test_a_file_with_too_many_touches_fills_the_journal_and_no_more() -> None:
    flash = Flash()
    journal = new_journal(flash)
    identified(journal, 0)
    away(journal, ACK_MS)
    (record,) = flash.records
    assert record is not None
    for number in range(CAPACITY + 5):
        flash.records.append(record[:1] + number.to_bytes(8, "big") + record[9:])
    assert len(new_journal(flash)) == CAPACITY


def test_a_record_of_another_kind_is_no_reason_to_fail() -> None:
    flash = Flash()
    rest = bytes(RECORD_BYTES - 12)
    for kind, result, reason in ((9, 0, 0), (0, 0, 0), (1, 3, 0), (1, 0, 6), (1, 255, 255)):
        flash.records = [bytes((kind,)) + bytes(9) + bytes((result, reason)) + rest]
        journal = new_journal(flash)
        assert len(journal) == 0
        identified(journal, 0)
        away(journal, ACK_MS)
        assert len(flash.records) == 1


def test_flash_that_refuses_loses_nothing_while_the_reader_runs() -> None:
    flash = Flash()
    journal = new_journal(flash)
    flash.broken = True
    identified(journal, 0)
    away(journal, 5000)
    assert len(journal) == 1
    flash.broken = False
    identified(journal, 6000)
    away(journal, 9000)
    assert len(new_journal(flash)) == 2
