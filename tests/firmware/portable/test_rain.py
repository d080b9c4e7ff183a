"""Rain on the sensor: unreadable touches without end, which must not cost those of people."""

from fpreader.journal import ACK_MS, Journal
from fpreader.touch_record import count_of
from tests.firmware.portable.counting import Counting
from tests.firmware.portable.test_journal import (
    HELLO,
    Flash,
    away,
    identified,
    journal,
    sent,
    unreadable,
)


def test_rain_is_one_entry_as_long_as_nobody_can_have_seen_it() -> None:
    book = journal()
    for at_ms in range(0, 20000, 1000):
        unreadable(book, at_ms)
        away(book, at_ms)
    assert len(book) == 1
    book.hello_answered(HELLO, 20000)
    message = book.due(20000, can_send=True)
    assert message is not None
    assert (message["count"], message["at_ms"]) == (20, 0)
    unreadable(book, 20100)
    assert len(book) == 2


def test_rain_does_not_wear_out_the_flash() -> None:
    flash = Flash()
    book = journal(flash)
    for at_ms in range(0, 1000000, 1000):
        unreadable(book, at_ms)
        away(book, at_ms)
    assert flash.writes <= 11
    again = journal(flash)
    again.hello_answered(HELLO, 0)
    message = again.due(0, can_send=True)
    assert message is not None
    assert message["count"] == 512  # the newest power of two; the rest is lost with the power


def rain(book: Journal, begin: int, count: int) -> int:
    """Let it rain, a drop each second; give the number of messages that were sent."""
    sends = 0
    for second in range(count):
        now = begin + 1000 * second
        unreadable(book, now)
        sends += len(sent(book, now))
    return sends


def test_rain_that_nobody_acknowledges_becomes_one_entry_though_the_broker_is_there() -> None:
    """Else it would fill the journal, and drop the touches of people from it."""
    flash = Flash()
    book = journal(flash)
    identified(book, 0)
    sends = rain(book, 10_000, 1000)
    before = len(book)
    assert before <= 1 + 2 + ACK_MS // 1000 + 1
    assert sends == before - 1  # the first touch too, but not what is counted together
    assert flash.writes <= before + 10
    book.hello_answered(HELLO, 2_000_000)
    told = []
    while (message := book.due(2_000_000, can_send=True)) is not None:
        told.append(message["count"])
        book.ack(message["touch"])
    assert sum(told) == 1 + 1000
    assert len(told) == before


def test_what_is_added_to_an_entry_was_never_sent() -> None:
    """Home Assistant takes a touch that it has seen for the same touch, whatever its count."""
    book = journal()
    rain(book, 0, 100)
    book.hello_answered(HELLO, 200_000)
    counts: dict[str, int] = {}
    for now in range(200_000, 300_000, 500):
        unreadable(book, now)
        while (message := book.due(now, can_send=True)) is not None:
            assert counts.setdefault(message["touch"], message["count"]) == message["count"]
            book.ack(message["touch"])
    assert sum(counts.values()) + sum_of(book) == 100 + 200


def sum_of(book: Journal) -> int:
    return sum(count_of(entry) for entry in book._entries)


def test_unreadable_touches_that_are_acknowledged_are_told_one_by_one() -> None:
    book = journal()
    for now in range(0, 60_000, 1000):
        unreadable(book, now)
        (touch,) = sent(book, now)
        book.ack(touch)
    assert len(book) == 0


def test_one_lost_acknowledgement_holds_nothing_back() -> None:
    book = journal()
    unreadable(book, 0)
    assert len(sent(book, 0)) == 1
    sent(book, 5000)
    unreadable(book, 10_000)
    assert len(sent(book, 10_000)) == 1


def test_rain_from_before_a_restart_is_rain_still() -> None:
    flash = Flash()
    rain(journal(flash), 0, 100)
    book = journal(flash, Counting(500))
    before = len(book)
    assert rain(book, 0, 100) == 0
    assert len(book) == before + 1


def test_a_person_is_told_at_once_also_in_the_rain() -> None:
    book = journal()
    rain(book, 0, 100)
    identified(book, 100_000)
    assert len(sent(book, 100_000)) == 1


def test_the_count_of_rain_stays_a_16_bit_number() -> None:
    book = journal()
    for _ in range(65536):
        unreadable(book, 0)
    assert len(book) == 2


def test_other_touches_are_never_counted_together() -> None:
    book = journal()
    unreadable(book, 0)
    book.touched("not_identified", 1, None, None, None, None)
    unreadable(book, 2)
    book.touched("not_identified", 3, None, None, None, None)
    book.touched("not_identified", 4, None, None, None, None)
    assert len(book) == 5
