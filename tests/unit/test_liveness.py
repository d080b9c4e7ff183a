"""The upper bound of a touch's age, which decides whether it is live."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.biometric_enroll.client.liveness import Liveness, is_live

HELLO = "61d0f3a29c5b7e84"

_seconds = st.floats(0, 3600, allow_nan=False)


@given(
    question=_seconds,
    answer=_seconds,
    touched_after=_seconds,
    touch=_seconds,
    uptime=st.integers(0, 2**40),
    repeats=st.integers(0, 4),
)
def test_the_age_is_never_less_than_the_truth(
    question: float, answer: float, touched_after: float, touch: float, uptime: int, repeats: int
) -> None:
    """Whatever the delays of hello, answer and touch, and however often hello was repeated.

    All times are of one clock that neither side has. The reader's uptime is rounded to whole
    milliseconds, hence the tolerance.
    """
    asked = 1000.0
    answered = asked + 2.0 * repeats + question
    touched = answered + touched_after
    arrived = max(touched + touch, answered + answer)
    liveness = Liveness()
    liveness.sent(HELLO, asked)
    liveness.answered(HELLO, uptime)
    age = liveness.age(HELLO, uptime + round(touched_after * 1000), arrived)
    assert age is not None
    assert age >= arrived - touched - 0.002


@given(touched_after=_seconds, way=st.floats(0, 4))
def test_a_prompt_touch_after_a_prompt_hello_is_live(touched_after: float, way: float) -> None:
    """Otherwise no door would ever open."""
    liveness = Liveness()
    liveness.sent(HELLO, 1000.0)
    liveness.answered(HELLO, 50_000)
    at_ms = 50_000 + round(touched_after * 1000)
    assert is_live(liveness.age(HELLO, at_ms, 1000.0 + touched_after + way))


def test_without_a_hello_nothing_bounds_the_age() -> None:
    liveness = Liveness()
    assert liveness.age(None, 1000, 1.0) is None


def test_a_hello_of_an_earlier_run_bounds_nothing() -> None:
    liveness = Liveness()
    assert liveness.age(HELLO, 1000, 1.0) is None


def test_a_hello_that_was_not_answered_bounds_nothing() -> None:
    liveness = Liveness()
    liveness.sent(HELLO, 1.0)
    assert liveness.age(HELLO, 1000, 1.0) is None


def test_an_answer_to_an_unknown_hello_bounds_nothing() -> None:
    liveness = Liveness()
    liveness.answered(HELLO, 1000)
    assert liveness.age(HELLO, 1000, 1.0) is None


def test_a_touch_before_the_readers_last_start_has_no_age() -> None:
    liveness = Liveness()
    liveness.sent(HELLO, 1.0)
    liveness.answered(HELLO, 1000)
    assert liveness.age(HELLO, None, 1.0) is None


def test_only_the_newest_hellos_are_kept() -> None:
    """Each takes memory; a touch that names an older one is late by hours anyway."""
    liveness = Liveness()
    for number in range(9):
        liveness.sent(f"{number:016x}", 1.0)
        liveness.answered(f"{number:016x}", 1000)
    assert liveness.sent_at(f"{0:016x}") is None
    assert liveness.age(f"{1:016x}", 1000, 1.0) == pytest.approx(0.0)


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
    assert is_live(age) is live


def test_two_answers_to_one_hello_around_a_restart_prove_nothing() -> None:
    """A delayed touch from before the restart would seem to be new."""
    liveness = Liveness()
    liveness.sent(HELLO, 1000.0)
    liveness.answered(HELLO, 65_000)
    # Touched at 1001 s; then the reader restarts, and receives the repeated hello.
    liveness.answered(HELLO, 3_000)
    assert not is_live(liveness.age(HELLO, 66_000, 1063.0))
