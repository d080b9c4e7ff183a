"""The procedure itself, operation by operation, where the scanner's tests do not look."""

from fpreader.enrollment import Enrollment
from fpreader.interrupted_enrollment import RESTART_GAP, snapshot_after_restart

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

ID = "a" * 16


class Play:
    """Plays an enrollment against scripted results, in virtual time."""

    def __init__(self, total: int = 3, scan_timeout_s: int = 30) -> None:
        self.now = 1000
        self.enrollment = Enrollment(ID, 5, total, scan_timeout_s, self.now)
        self.operation: Any = self.enrollment.advance(None, self.now)

    def answer(self, result: "Any", after_ms: int = 0) -> "Any":
        """Give the result of the operation that is asked for, and take the next."""
        self.now += after_ms
        self.operation = self.enrollment.advance(result, self.now)
        return self.operation

    def until(self, name: str) -> "Any":
        """Go on well until this operation is asked for."""
        finger = False
        while self.operation[0] != name:
            if self.operation[0] == "gen_img":
                finger = self.snapshot()["stage"] == "place_finger"
                self.answer("finger" if finger else "no_finger")
            elif self.operation[0] == "pause":
                self.answer("good", self.operation[1][0])
            elif self.operation[0] == "search":
                self.answer((5, None) if self.operation[1][1] else None)
            else:
                self.answer("good")
        return self.operation

    def snapshot(self) -> "dict[str, Any]":
        return self.enrollment.snapshot(self.now)


def test_the_first_search_is_in_the_whole_sensor_and_the_last_in_one_slot() -> None:
    play = Play()
    assert play.until("search") == ("search", (0, 0))
    play.answer(None)
    assert play.until("search") == ("search", (5, 1))


def test_a_verifying_search_that_finds_another_slot_is_a_mismatch() -> None:
    play = Play()
    play.until("store")
    play.until("search")
    play.answer((6, None))
    assert play.snapshot()["rejected"] == {"count": 1, "last": "mismatch"}


def test_a_scan_is_kept_before_it_is_shown() -> None:
    play = Play()
    play.until("keep")
    assert play.snapshot()["stage"] == "processing"
    assert play.enrollment.operation()["captured"] == [{"attempts": 1}]
    play.answer("good")
    assert play.snapshot()["stage"] == "lift_finger"


def test_a_scan_that_cannot_be_kept_is_not_captured() -> None:
    play = Play()
    play.until("keep")
    assert play.answer("sensor_error") == ("end", (1,))
    final = play.snapshot()
    assert (final["reason"], final["captured"]) == ("sensor_error", [])


def test_an_enrollment_that_is_ended_says_nothing_more() -> None:
    play = Play()
    play.until("commit")
    assert play.answer("good") is None
    play.enrollment.cancel()
    assert play.answer(None) is None
    assert play.snapshot()["stage"] == "completed"


def test_a_cancel_after_the_verifying_search_is_in_time_before_the_commit() -> None:
    play = Play()
    play.until("store")
    play.until("search")
    play.enrollment.cancel()
    assert play.answer((5, None)) == ("empty", (5,))
    assert play.answer("good") == ("end", (1,))
    assert play.snapshot()["stage"] == "cancelled"


def test_a_slot_is_emptied_when_nobody_knows_whether_it_was_stored() -> None:
    play = Play()
    play.until("store")
    play.answer("sensor_error")
    play.enrollment.cancel()
    assert play.answer("finger") == ("empty", (5,))
    assert play.answer("sensor_error") == ("end", (0,))


def test_a_slot_that_was_taken_is_not_emptied() -> None:
    play = Play()
    play.until("store")
    assert play.answer("taken") == ("end", (1,))
    assert play.snapshot()["reason"] == "sensor_error"


def test_three_silences_of_any_kind_fail_it() -> None:
    play = Play()
    play.answer("sensor_error")
    assert play.snapshot()["rejected"] == {"count": 1, "last": "sensor_error"}
    play.answer("sensor_error")  # while waiting for the finger to go: no image, so no rejection
    assert play.snapshot()["rejected"] == {"count": 1, "last": "sensor_error"}
    play.until("img2tz")
    play.answer("sensor_error")
    assert play.snapshot()["reason"] == "sensor_error"


def test_a_deadline_is_kept_however_slow_the_answers_are() -> None:
    play = Play(scan_timeout_s=5)
    assert play.answer("no_finger", 4999)[0] == "pause"
    assert play.enrollment.may_repeat(play.now)
    play.answer("good")
    assert not play.enrollment.may_repeat(play.now + 1)
    assert play.answer("no_finger", 3000)[0] == "end"
    assert play.snapshot()["reason"] == "timeout"


def test_no_wait_lasts_longer_than_the_whole_may() -> None:
    play = Play(scan_timeout_s=10)  # so at most 60 s
    begin = play.now
    while play.now - begin < 55_000:
        if play.operation[0] == "pause":
            play.answer("good", play.operation[1][0])
        elif play.operation[0] != "gen_img":
            play.answer("too_messy")
        elif play.snapshot()["stage"] == "lift_finger":
            play.answer("no_finger")
        else:
            play.answer("finger", 5000)
    assert 0 < play.snapshot()["timeout_ms"] <= begin + 60_000 - play.now


def test_a_restart_goes_on_above_every_snapshot_there_can_have_been() -> None:
    """The worst case: from the first scan on, every image is rejected as fast as can be."""
    play = Play(total=7, scan_timeout_s=120)
    play.until("keep")
    kept = play.enrollment.operation()
    play.answer("good")
    while play.operation is not None and play.operation[0] != "end":
        name = play.operation[0]
        waiting = play.snapshot()["stage"] == "lift_finger"
        if name == "pause":
            play.answer("good", play.operation[1][0])
        elif name == "gen_img":
            play.answer("no_finger" if waiting else "finger")
        else:
            play.answer("too_messy")
    assert play.snapshot()["reason"] == "timeout"
    shown = play.snapshot()["seq"]
    final = snapshot_after_restart(kept)
    assert 12_000 < shown < final["seq"]
    assert shown + RESTART_GAP < 65536
    assert final["captured"] == kept["captured"]
    assert (final["stage"], final["reason"]) == ("failed", "reader_restarted")
    assert (final["step"], final["timeout_ms"]) == (2, None)
