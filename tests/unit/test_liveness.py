"""The upper bound of a touch's age, which decides whether it is live."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.biometric_enroll.client.liveness import Clocks, Liveness

HELLO, BOOT, OTHER_BOOT = "61d0f3a29c5b7e84", "b3f0a91c5d7e2648", "0123456789abcdef"
LOADED = Clocks(0, 0, 0, 1_764_000_000)

_seconds = st.floats(0, 3000, allow_nan=False)
_drift = st.floats(-50e-6, 50e-6)


def at(seconds: float, **others: float) -> Clocks:
    """Return what all clocks show so many seconds after loading, or `others` in their place."""
    steady = Clocks(seconds, seconds, seconds, LOADED.utc + seconds)
    return replace(steady, **others)


def answered(
    sent: float = 1000.0, uptime_ms: int = 50_000, received: float | None = None
) -> Liveness:
    """Return what is known after one answer."""
    liveness = Liveness(LOADED)
    liveness.sent(HELLO, at(sent))
    liveness.answered(HELLO, BOOT, uptime_ms, at(received or sent))
    return liveness


def another(liveness: Liveness, number: int, sent: float, uptime_ms: int, boot: str = BOOT) -> bool:
    """Have another hello answered at once; return whether earlier answers were dropped."""
    request = f"{number:016x}"
    liveness.sent(request, at(sent))
    return liveness.answered(request, boot, uptime_ms, at(sent))


# The bound


@given(
    question=_seconds,
    touched_after=st.floats(-100, 500),
    touch=st.floats(0, 100),
    uptime=st.integers(10**6, 2**40),
    repeats=st.integers(0, 4),
    fast=_drift,
)
def test_the_age_is_never_less_than_the_truth(
    question: float, touched_after: float, touch: float, uptime: int, repeats: int, fast: float
) -> None:
    """Whatever the delays of hello, answer and touch, and however often hello was repeated.

    All times are of one clock that neither side has; the reader's crystal is up to 50 millionths
    off. Its uptime is in whole milliseconds, hence the tolerance.
    """
    asked = 1000.0
    told = asked + 2.0 * repeats + question
    touched = told + touched_after
    arrived = max(touched, told) + touch
    liveness = answered(asked, uptime, told)
    age = liveness.age(BOOT, uptime + round(touched_after * 1000 * (1 + fast)), at(arrived))
    assert age is None or age >= arrived - touched - 0.01


@given(touched_after=st.floats(0, 600), way=st.floats(0, 4), fast=_drift)
def test_a_prompt_touch_after_a_prompt_hello_is_live(
    touched_after: float, way: float, fast: float
) -> None:
    """Otherwise no door would ever open."""
    at_ms = 50_000 + round(touched_after * 1000 * (1 + fast))
    now = at(1000.0 + touched_after + way)
    liveness = answered()
    assert not liveness.is_doubtful(BOOT, at_ms, now)
    assert liveness.is_live(liveness.age(BOOT, at_ms, now), now)


@pytest.mark.parametrize("fast", [-50e-6, 50e-6])
def test_clocks_that_drift_for_days_change_nothing(fast: float) -> None:
    """With the tightest bound kept for ever, fresh touches become late, or old ones live."""
    liveness = Liveness(LOADED)
    for hour in range(72):
        asked = 1000.0 + hour * 600
        assert not another(liveness, hour, asked, round(asked * 1000 * (1 + fast)))
        for after, live in ((1.0, True), (590.0, True)):
            now = at(asked + after)
            fresh = liveness.age(BOOT, round(now.monotonic * 1000 * (1 + fast)), now)
            assert liveness.is_live(fresh, now) is live
            old = liveness.age(BOOT, round((now.monotonic - 5.1) * 1000 * (1 + fast)), now)
            assert old is not None
            assert old > 5.0


def test_a_hello_that_somebody_else_has_said_since_changes_nothing() -> None:
    """A touch names no hello, only the boot, so each of our own answers bounds its age."""
    liveness = answered(1000.0, 50_000)
    now = at(1300.0)
    assert liveness.is_live(liveness.age(BOOT, 349_000, now), now)


def test_the_least_of_all_bounds_counts() -> None:
    liveness = answered(1000.0, 53_000, received=1004.0)
    another(liveness, 1, 1010.0, 60_000)
    assert liveness.age(BOOT, 60_000, at(1010.0)) == pytest.approx(0.0)
    slow = answered(1000.0, 50_000)
    slow.sent("f" * 16, at(1010.0))
    slow.answered("f" * 16, BOOT, 68_000, at(1019.0))
    assert slow.age(BOOT, 69_000, at(1019.5)) == pytest.approx(0.5, abs=0.02)


# What bounds nothing


def test_a_boot_that_nobody_has_told_bounds_nothing() -> None:
    liveness = answered()
    assert liveness.age(OTHER_BOOT, 50_000, at(1000.0)) is None
    assert not liveness.knows(OTHER_BOOT)
    assert liveness.is_doubtful(OTHER_BOOT, 50_000, at(1000.0))


def test_a_hello_that_was_not_answered_bounds_nothing() -> None:
    liveness = Liveness(LOADED)
    liveness.sent(HELLO, at(1.0))
    assert liveness.age(BOOT, 1000, at(1.0)) is None


def test_an_answer_to_a_hello_of_somebody_else_bounds_nothing() -> None:
    liveness = Liveness(LOADED)
    liveness.answered(HELLO, BOOT, 1000, at(1.0))
    assert liveness.age(BOOT, 1000, at(1.0)) is None
    assert not liveness.knows(BOOT)


def test_a_touch_before_the_readers_last_start_has_no_age_and_waits_for_none() -> None:
    liveness = answered()
    assert liveness.age(None, None, at(1000.0)) is None
    assert not liveness.is_doubtful(None, None, at(1000.0))


def test_an_answer_over_an_hour_old_bounds_nothing() -> None:
    liveness = answered(1000.0)
    assert liveness.age(BOOT, 3_649_000, at(4599.0)) is not None
    assert liveness.age(BOOT, 3_651_000, at(4601.0)) is None
    assert liveness.is_doubtful(BOOT, 3_651_000, at(4601.0))


def test_two_boots_that_answer_one_hello_are_told_apart() -> None:
    """The reader restarted between the two; each touch is of the one or of the other."""
    liveness = answered(1000.0, 65_000, received=1000.1)
    liveness.answered(HELLO, OTHER_BOOT, 3_000, at(1005.0))
    late = at(1063.0)
    assert liveness.age(BOOT, 66_000, late) == pytest.approx(62.0, abs=0.1)
    assert liveness.age(OTHER_BOOT, 61_000, late) == pytest.approx(5.0, abs=0.1)


def test_a_repeated_answer_bounds_no_better_than_the_first() -> None:
    """It was made again, later: its uptime is closer to now, and says nothing of the sending."""
    liveness = answered(1000.0, 50_000)
    assert not liveness.answered(HELLO, BOOT, 60_000, at(1010.0))
    assert liveness.age(BOOT, 50_000, at(1000.0)) == pytest.approx(0.0)


# What is kept


def test_the_newest_eight_answers_of_a_boot_are_kept() -> None:
    liveness = answered(1000.0, 50_000)
    for number in range(1, 9):
        another(liveness, number, 1000.0 + number, 49_999 + number * 1000)
    assert liveness.age(BOOT, 50_000, at(1000.0)) == pytest.approx(-1 + 1.001 + 0, abs=0.1)
    assert len(liveness._boots[BOOT]) == 8


def test_the_newest_four_boots_are_kept() -> None:
    liveness = answered(1000.0, 50_000)
    for number in range(1, 4):
        another(liveness, number, 1000.0 + number, 1000, f"{number:016x}")
    assert liveness.knows(BOOT)
    another(liveness, 4, 1004.0, 1000, f"{4:016x}")
    assert not liveness.knows(BOOT)
    assert liveness.knows(f"{1:016x}")


# Clocks that fail


@pytest.mark.parametrize(
    "stopped",
    [
        {"monotonic": 1001.0, "raw": 1001.0},
        {"monotonic": 1001.0, "boottime": 1001.0, "utc": LOADED.utc + 1001.0},
        {"raw": 1001.0},
        {"monotonic": 4597.0, "boottime": 4597.0, "utc": LOADED.utc + 4597.0},
    ],
    ids=["suspended", "only the raw one goes on", "the raw one stands still", "slowed"],
)
def test_the_age_is_that_of_the_clock_that_went_on(stopped: dict[str, float]) -> None:
    """A machine that was suspended gets a touch of an hour ago, and its answer of then."""
    liveness = answered(1000.0, 50_000)
    now = at(4590.0, **stopped)
    age = liveness.age(BOOT, 51_000, now)
    assert age is not None
    assert age > 3000


@pytest.mark.parametrize("step", [-3600.0, -1.5, 1.5, 3600.0])
def test_after_the_wall_clock_was_set_only_new_answers_count(step: float) -> None:
    liveness = answered(1000.0, 50_000)
    now = at(1010.0, utc=LOADED.utc + 1010.0 + step)
    assert liveness.is_doubtful(BOOT, 60_000, now)
    assert liveness.age(BOOT, 60_000, now) is None
    liveness.sent(OTHER_BOOT, now)
    assert liveness.answered(OTHER_BOOT, BOOT, 60_000, now)
    assert not liveness.is_doubtful(BOOT, 60_000, now)
    age = liveness.age(BOOT, 60_000, now)
    assert liveness.is_live(age, now)


def test_a_wall_clock_that_is_corrected_a_little_has_not_jumped() -> None:
    liveness = answered(1000.0, 50_000)
    now = at(1010.0, utc=LOADED.utc + 1010.9)
    assert not liveness.is_doubtful(BOOT, 60_000, now)


@pytest.mark.parametrize("uptime_ms", [70_000, 50_500])
def test_answers_whose_uptimes_cannot_be_drop_the_earlier_ones(uptime_ms: int) -> None:
    """All our clocks stood still for 10 s, or the reader's did for 9.5 s."""
    liveness = answered(1000.0, 50_000)
    assert another(liveness, 1, 1010.0, uptime_ms)
    assert liveness.age(BOOT, uptime_ms, at(1010.0)) == pytest.approx(0.0)


def test_a_repeat_of_an_answer_that_was_dropped_does_not_bring_it_back() -> None:
    """All our clocks stood still for 10 s: by the old answer, a touch of 15 s ago would be live."""
    liveness = answered(1000.0, 50_000)
    assert another(liveness, 1, 1010.0, 70_000)
    assert not liveness.answered(HELLO, BOOT, 50_000, at(1010.0))
    assert liveness.age(BOOT, 55_000, at(1010.0)) == pytest.approx(15.0)


def test_a_slow_answer_contradicts_nothing() -> None:
    liveness = answered(1000.0, 57_000, received=1009.0)
    liveness.sent(OTHER_BOOT, at(1010.0))
    assert not liveness.answered(OTHER_BOOT, BOOT, 60_500, at(1012.0))


def test_a_touch_from_the_future_is_doubtful() -> None:
    liveness = answered(1000.0, 50_000)
    assert not liveness.is_doubtful(BOOT, 50_400, at(1000.0))
    assert liveness.is_doubtful(BOOT, 50_600, at(1000.0))


# Live


@pytest.mark.parametrize(
    ("age", "live"),
    [
        (None, False),
        (-0.51, False),
        (-0.5, True),
        (0.0, True),
        (5.0, True),
        (5.01, False),
        (float("inf"), False),
        (float("nan"), False),
    ],
)
def test_live_is_from_half_a_second_ahead_to_five_seconds_ago(
    age: float | None, live: bool
) -> None:
    assert Liveness(LOADED).is_live(age, at(1000.0)) is live


def test_a_touch_of_before_the_reported_ones_were_loaded_is_not_live() -> None:
    """An earlier run may have opened for it, and was killed before it had saved that."""
    liveness = Liveness(LOADED)
    assert liveness.is_live(1.9, at(2.0))
    assert not liveness.is_live(2.1, at(2.0))
    # However the clocks go: the one that has gone least says how long ago that was.
    assert not liveness.is_live(2.1, at(100.0, raw=2.0))


def test_a_touch_of_before_the_first_hello_may_be_live() -> None:
    liveness = answered(3.0, 50_000)
    now = at(3.1)
    age = liveness.age(BOOT, 48_500, now)
    assert age == pytest.approx(1.6, abs=0.01)
    assert liveness.is_live(age, now)
