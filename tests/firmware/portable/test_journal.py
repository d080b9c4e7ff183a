"""The journal delivers every touch, at once or as backlog, until it is acknowledged."""

from fpreader.journal import ACK_MS, Journal
from fpreader.touch_record import Touch
from tests.firmware.portable.counting import nth
from tests.firmware.portable.journal_harness import (
    BOOT,
    ID,
    FakeFlash,
    away,
    delivering,
    identified,
    new_journal,
    sent,
)

TYPE_CHECKING = False

if TYPE_CHECKING:
    pass


def test_a_new_touch_is_sent_at_once_and_only_once() -> None:
    journal = new_journal()
    identified(journal, 1000)
    assert journal.due(1000, can_send=True) == {
        "v": 1,
        "touch": nth(1),
        "boot": BOOT,
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
    keys = ("result", "at_ms", "slot", "template_id", "confidence", "reason")
    for touch in (
        Touch("identified", 0, finger=(0, None, 0)),
        Touch("identified", 2**47, finger=(65535, ID, 65535)),
        Touch("not_identified", 7),
        Touch("unreadable", 7, reason="sensor_error"),
    ):
        journal = new_journal()
        journal.add(touch)
        message = journal.due(2**47, can_send=True)
        assert message is not None
        for key in keys:
            assert message[key] == getattr(touch, key)


def test_a_touch_that_the_sensor_was_slow_about_is_still_sent_at_once() -> None:
    journal = new_journal()
    identified(journal, 1000)
    assert sent(journal, 1000 + 3 * ACK_MS) == [nth(1)]


def test_what_is_acknowledged_in_time_never_reaches_the_flash() -> None:
    flash = FakeFlash()
    journal = new_journal(flash)
    identified(journal, 1000)
    sent(journal, 1000)
    sent(journal, 1000 + ACK_MS - 1)
    journal.ack(nth(1))
    sent(journal, 9000)
    assert (len(journal), flash.writes) == (0, 0)


def test_what_is_not_acknowledged_in_time_survives_a_restart_without_its_uptime() -> None:
    flash = FakeFlash()
    journal = new_journal(flash)
    identified(journal, 1000)
    sent(journal, 1500)
    sent(journal, 1500 + ACK_MS)
    again = new_journal(flash)
    assert len(again) == 1
    again.hello_answered(50)
    message = again.due(50, can_send=True)
    assert message is not None
    assert (message["touch"], message["at_ms"], message["boot"]) == (nth(1), None, None)
    assert (message["slot"], message["template_id"], message["confidence"]) == (5, ID, 143)


def test_the_two_seconds_begin_when_the_touch_is_sent() -> None:
    flash = FakeFlash()
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
    journal.hello_answered(9000)
    sent(journal, 9000)
    identified(journal, 9500)
    sent(journal, 9500)
    assert journal.wait_ms(9500) == ACK_MS - 500


def test_a_touch_that_could_not_be_sent_reaches_the_flash_as_well() -> None:
    flash = FakeFlash()
    journal = new_journal(flash)
    identified(journal, 1000)
    assert journal.wait_ms(1000) == ACK_MS
    away(journal, 1000 + ACK_MS)
    assert len(new_journal(flash)) == 1


def test_an_acknowledgement_removes_exactly_that_touch_also_from_flash() -> None:
    flash = FakeFlash()
    journal = new_journal(flash)
    for at_ms in (1000, 2000, 3000):
        identified(journal, at_ms)
    away(journal, 9000)
    journal.ack(nth(2))
    journal.ack(nth(2))
    journal.ack(nth(99))
    for one in (journal, new_journal(flash)):
        one.hello_answered(10000)
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
    journal.hello_answered(6000)
    assert journal.wait_ms(6000) == 0
    assert sent(journal, 6000) == [nth(1)]


def test_the_backlog_goes_oldest_first_and_one_at_a_time() -> None:
    journal = new_journal()
    for at_ms in (1000, 2000):
        identified(journal, at_ms)
    away(journal, 9000)
    journal.hello_answered(9000)
    assert sent(journal, 9000) == [nth(1)]
    assert sent(journal, 9000 + ACK_MS - 1) == []
    journal.ack(nth(1))
    assert sent(journal, 9000 + ACK_MS - 1) == [nth(2)]


def test_after_three_sends_without_an_answer_the_backlog_waits_for_the_next_hello() -> None:
    journal = delivering()
    sends = [now for now in range(5000, 60000, 500) if sent(journal, now)]
    assert sends == [5000, 5000 + ACK_MS, 5000 + 2 * ACK_MS]
    assert journal.wait_ms(60000) is None
    journal.hello_answered(60000)
    assert sent(journal, 60000) == [nth(1)]


def due_at(journal: Journal, begin: int, end: int) -> "list[str]":
    """Take what is due in that time, and acknowledge nothing."""
    return [touch for now in range(begin, end, 500) for touch in sent(journal, now)]


def test_a_touch_that_nobody_acknowledges_does_not_block_the_next_and_is_not_dropped() -> None:
    journal = new_journal()
    for at_ms in (1000, 1500):
        identified(journal, at_ms)
    away(journal, 4000)
    journal.hello_answered(5000)
    assert due_at(journal, 5000, 11000) == 3 * [nth(1)]
    assert sent(journal, 11000) == [nth(2)]
    journal.ack(nth(2))
    assert due_at(journal, 11500, 60000) == []
    journal.hello_answered(60000)
    assert due_at(journal, 60000, 90000) == 3 * [nth(1)]


def test_what_was_passed_over_comes_after_the_others_in_the_next_delivery() -> None:
    """Else many such touches would take all the time between two hellos."""
    journal = new_journal()
    for at_ms in range(1000, 6000, 1000):
        identified(journal, at_ms)
    away(journal, 9000)
    journal.hello_answered(10000)
    assert due_at(journal, 10000, 60000) == 3 * [nth(1)] + 3 * [nth(2)] + 3 * [nth(3)]
    journal.hello_answered(60000)
    order = []
    for now in range(60000, 90000, 500):
        for touch in sent(journal, now):
            order.append(touch)
            if touch in (nth(4), nth(5)):
                journal.ack(touch)
    assert order == [nth(4), nth(5)] + 3 * [nth(1)] + 3 * [nth(2)] + 3 * [nth(3)]
    assert len(journal) == 3


def test_what_was_passed_over_is_sent_again_after_a_restart() -> None:
    flash = FakeFlash()
    journal = new_journal(flash)
    identified(journal, 1000)
    away(journal, 4000)
    journal.hello_answered(5000)
    due_at(journal, 5000, 20000)
    flash.broken = True  # what refused is written whole
    identified(journal, 21000)
    away(journal, 30000)
    flash.broken = False
    away(journal, 200000)
    again = new_journal(flash)
    again.hello_answered(0)
    assert sent(again, 0) == [nth(1)]


def test_a_hello_in_the_middle_does_not_send_a_touch_twice_at_once() -> None:
    journal = delivering()
    assert sent(journal, 5000) == [nth(1)]
    journal.hello_answered(5100)
    assert sent(journal, 5100) == []
    assert sent(journal, 5000 + ACK_MS) == [nth(1)]


def test_a_hello_in_the_middle_gives_the_touch_three_sends_more() -> None:
    journal = delivering()
    sends = [now for now in range(5000, 8000, 500) if sent(journal, now)]
    journal.hello_answered(8000)
    sends += [now for now in range(8000, 60000, 500) if sent(journal, now)]
    assert len(sends) == 2 + 3


def test_each_touch_of_the_backlog_has_its_own_three_sends() -> None:
    journal = new_journal()
    identified(journal, 1000)
    identified(journal, 1500)
    away(journal, 4000)
    journal.hello_answered(5000)
    for now in range(5000, 8000, 500):
        sent(journal, now)
    journal.ack(nth(1))
    sends = [now for now in range(8000, 60000, 500) if sent(journal, now)]
    assert len(sends) == 3


def test_a_delivered_backlog_leaves_nothing_to_wait_for() -> None:
    journal = delivering()
    sent(journal, 5000)
    journal.ack(nth(1))
    sent(journal, 5100)
    assert journal.wait_ms(5100) is None


def test_a_hello_after_a_lost_connection_starts_at_once() -> None:
    journal = delivering()
    sent(journal, 5000)
    away(journal, 5100)
    journal.hello_answered(5200)
    assert sent(journal, 5200) == [nth(1)]


def test_a_new_touch_overtakes_the_backlog() -> None:
    journal = delivering()
    assert sent(journal, 5000) == [nth(1)]
    identified(journal, 5100)
    assert sent(journal, 5100) == [nth(2)]
    journal.ack(nth(1))
    # The new one has its own two seconds; only then is it part of the backlog.
    assert sent(journal, 5200) == []


def test_a_touch_becomes_backlog_while_the_backlog_is_delivered() -> None:
    journal = delivering()
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
    journal.hello_answered(1500)
    assert sent(journal, 1500) == []
    assert journal.wait_ms(1500) == ACK_MS - 500
    assert sent(journal, 1000 + ACK_MS) == [nth(1)]


def test_losing_the_connection_ends_the_delivery_until_the_next_hello() -> None:
    journal = delivering()
    sent(journal, 5000)
    away(journal, 6000)
    assert sent(journal, 9000) == []
