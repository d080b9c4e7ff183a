"""The journal through restarts, torn writes and a flash that refuses, and when it is full."""

from fpreader.journal import ACK_MS, CAPACITY, COMPACT_AT
from fpreader.touch_record import RECORD_BYTES, Touch
from tests.firmware.portable.counting import Counting, nth
from tests.firmware.portable.journal_harness import (
    FakeFlash,
    away,
    identified,
    new_journal,
    sent,
)

TYPE_CHECKING = False

if TYPE_CHECKING:
    pass


def test_a_full_journal_drops_the_oldest_and_counts_it() -> None:
    flash = FakeFlash()
    journal = new_journal(flash)
    for number in range(CAPACITY + 3):
        identified(journal, number)
        away(journal, number + ACK_MS)
    assert (len(journal), journal.dropped) == (CAPACITY, 3)
    again = new_journal(flash)
    assert (len(again), again.dropped) == (CAPACITY, 3)
    again.hello_answered(0)
    assert sent(again, 0) == [nth(4)]


def test_what_was_dropped_is_remembered_when_the_journal_is_empty_again() -> None:
    flash = FakeFlash()
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
    flash = FakeFlash()
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
    flash = FakeFlash()
    identified(new_journal(flash), 0)
    for number in range(1, 2 * COMPACT_AT):
        journal = new_journal(flash, Counting(number))
        identified(journal, 0)
        away(journal, ACK_MS)
        if number > 1:
            journal.ack(nth(number + 1))
    assert len(flash.records) <= COMPACT_AT + 2


def test_a_torn_record_costs_only_itself_and_is_cleaned_up() -> None:
    flash = FakeFlash()
    journal = new_journal(flash)
    identified(journal, 0)
    away(journal, 5000)
    flash.records.append(None)
    again = new_journal(flash, Counting(50))
    assert len(again) == 1
    again.add(Touch("not_identified", 10))
    away(again, 10 + ACK_MS)
    assert None not in flash.records
    assert len(flash.records) == 2
    rewrites = flash.rewrites
    for one in (again, new_journal(flash, Counting(60))):
        identified(one, 9000)
        away(one, 9000 + ACK_MS)
    assert flash.rewrites == rewrites


def test_a_file_with_too_many_touches_fills_the_journal_and_no_more() -> None:
    flash = FakeFlash()
    journal = new_journal(flash)
    identified(journal, 0)
    away(journal, ACK_MS)
    (record,) = flash.records
    assert record is not None
    for number in range(CAPACITY + 5):
        flash.records.append(record[:1] + number.to_bytes(8, "big") + record[9:])
    assert len(new_journal(flash)) == CAPACITY


def test_a_record_of_another_kind_is_no_reason_to_fail() -> None:
    flash = FakeFlash()
    rest = bytes(RECORD_BYTES - 12)
    for kind, result, reason in ((9, 0, 0), (0, 0, 0), (1, 3, 0), (1, 0, 6), (1, 255, 255)):
        flash.records = [bytes((kind,)) + bytes(9) + bytes((result, reason)) + rest]
        journal = new_journal(flash)
        assert len(journal) == 0
        identified(journal, 0)
        away(journal, ACK_MS)
        assert len(flash.records) == 1


def test_flash_that_refuses_loses_nothing_while_the_reader_runs() -> None:
    flash = FakeFlash()
    journal = new_journal(flash)
    flash.broken = True
    identified(journal, 0)
    away(journal, 5000)
    assert len(journal) == 1
    flash.broken = False
    identified(journal, 6000)
    away(journal, 9000)
    assert len(new_journal(flash)) == 2


def test_a_touch_that_the_flash_refused_is_written_before_a_restart() -> None:
    flash = FakeFlash()
    journal = new_journal(flash)
    identified(journal, 0)
    flash.broken = True
    journal.due(3_000, can_send=False)
    flash.broken = False
    journal.store_all()
    assert len(new_journal(flash)) == 1


def test_a_touch_that_the_flash_refused_is_written_as_soon_as_it_takes_it() -> None:
    flash = FakeFlash()
    journal = new_journal(flash)
    identified(journal, 0)
    flash.broken = True
    journal.due(3_000, can_send=False)
    flash.broken = False
    for now in range(4_000, 3_600_000, 1_000):
        journal.due(now, can_send=False)
    assert len(flash.records) == 1
