"""Rain on the sensor: unreadable touches without end, which must not cost those of people."""

from fpreader.journal import ACK_MS, Journal
from fpreader.touch_record import Touch, count_of
from tests.firmware.portable.counting import Counting
from tests.firmware.portable.journal_harness import (
    FakeFlash,
    away,
    identified,
    new_journal,
    sent,
    unreadable,
)


def test_rain_is_one_entry_as_long_as_nobody_can_have_seen_it() -> None:
    journal = new_journal()
    for at_ms in range(0, 20000, 1000):
        unreadable(journal, at_ms)
        away(journal, at_ms)
    assert len(journal) == 1
    journal.hello_answered(20000)
    message = journal.due(20000, can_send=True)
    assert message is not None
    assert (message["count"], message["at_ms"]) == (20, 0)
    unreadable(journal, 20100)
    assert len(journal) == 2


def test_rain_does_not_wear_out_the_flash() -> None:
    flash = FakeFlash()
    journal = new_journal(flash)
    for at_ms in range(0, 1000000, 1000):
        unreadable(journal, at_ms)
        away(journal, at_ms)
    assert flash.writes <= 11
    again = new_journal(flash)
    again.hello_answered(0)
    message = again.due(0, can_send=True)
    assert message is not None
    assert message["count"] == 512  # the newest power of two; the rest is lost with the power


def rain(journal: Journal, begin: int, count: int) -> int:
    """Let it rain, a drop each second; give the number of messages that were sent."""
    sends = 0
    for second in range(count):
        now = begin + 1000 * second
        unreadable(journal, now)
        sends += len(sent(journal, now))
    return sends


def test_rain_that_nobody_acknowledges_becomes_one_entry_though_the_broker_is_there() -> None:
    """Else it would fill the journal, and drop the touches of people from it."""
    flash = FakeFlash()
    journal = new_journal(flash)
    identified(journal, 0)
    sends = rain(journal, 10_000, 1000)
    before = len(journal)
    assert before <= 1 + 2 + ACK_MS // 1000 + 1
    assert sends == before - 1  # the first touch too, but not what is counted together
    assert flash.writes <= before + 10
    journal.hello_answered(2_000_000)
    told = []
    while (message := journal.due(2_000_000, can_send=True)) is not None:
        told.append(message["count"])
        journal.ack(message["touch"])
    assert sum(told) == 1 + 1000
    assert len(told) == before


def test_what_is_added_to_an_entry_was_never_sent() -> None:
    """Home Assistant takes a touch that it has seen for the same touch, whatever its count."""
    journal = new_journal()
    rain(journal, 0, 100)
    journal.hello_answered(200_000)
    counts: dict[str, int] = {}
    for now in range(200_000, 300_000, 500):
        unreadable(journal, now)
        while (message := journal.due(now, can_send=True)) is not None:
            assert counts.setdefault(message["touch"], message["count"]) == message["count"]
            journal.ack(message["touch"])
    assert sum(counts.values()) + sum_of(journal) == 100 + 200


def sum_of(journal: Journal) -> int:
    return sum(count_of(entry) for entry in journal._entries)


def test_unreadable_touches_that_are_acknowledged_are_told_one_by_one() -> None:
    journal = new_journal()
    for now in range(0, 60_000, 1000):
        unreadable(journal, now)
        (touch,) = sent(journal, now)
        journal.ack(touch)
    assert len(journal) == 0


def test_one_lost_acknowledgement_holds_nothing_back() -> None:
    journal = new_journal()
    unreadable(journal, 0)
    assert len(sent(journal, 0)) == 1
    sent(journal, 5000)
    unreadable(journal, 10_000)
    assert len(sent(journal, 10_000)) == 1


def test_rain_from_before_a_restart_is_rain_still() -> None:
    flash = FakeFlash()
    rain(new_journal(flash), 0, 100)
    journal = new_journal(flash, Counting(500))
    before = len(journal)
    assert rain(journal, 0, 100) == 0
    assert len(journal) == before + 1


def test_a_person_is_told_at_once_also_in_the_rain() -> None:
    journal = new_journal()
    rain(journal, 0, 100)
    identified(journal, 100_000)
    assert len(sent(journal, 100_000)) == 1


def test_the_count_of_rain_stays_a_16_bit_number() -> None:
    journal = new_journal()
    for _ in range(65536):
        unreadable(journal, 0)
    assert len(journal) == 2


def test_other_touches_are_never_counted_together() -> None:
    journal = new_journal()
    unreadable(journal, 0)
    journal.add(Touch("not_identified", 1))
    unreadable(journal, 2)
    journal.add(Touch("not_identified", 3))
    journal.add(Touch("not_identified", 4))
    assert len(journal) == 5


def test_what_was_held_back_follows_the_acknowledgement_of_the_others() -> None:
    """The messages may have stalled on their way for longer than that: no hello comes."""
    journal = new_journal()
    for at_ms in (0, 3000):
        unreadable(journal, at_ms)
        assert len(sent(journal, at_ms)) == 1
    sent(journal, 6000)
    unreadable(journal, 7000)
    assert sent(journal, 7000) == []
    first, second, _ = (bytes(entry[1:9]).hex() for entry in journal._entries)
    journal.ack(first)
    journal.ack(second)
    assert len(sent(journal, 20_000)) == 1
