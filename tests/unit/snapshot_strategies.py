"""Hypothesis strategies for what a reader publishes in the course of enrollments."""

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from custom_components.biometric_enroll.protocol.messages import IDLE, Snapshot
from custom_components.biometric_enroll.protocol.words import Reason, Rejection, Stage

if TYPE_CHECKING:
    from collections.abc import Callable

TEMPLATE_ID = "9f2c01ab44d0e1f7"


@st.composite
def histories(draw: Callable[..., object], template_id: str = TEMPLATE_ID) -> list[Snapshot]:
    """Return all snapshots of one enrollment, as a reader that obeys the protocol makes them."""
    total = _draw(draw, st.integers(3, 7))
    now = replace(
        IDLE,
        template_id=template_id,
        seq=_draw(draw, st.integers(1, 9)),
        slot=_draw(draw, st.integers(0, 65535)),
        stage=Stage.PLACE_FINGER,
        step=1,
        total=total,
        timeout_ms=30_000,
    )
    history = [now]
    attempts = 1

    def publish(**changes: object) -> Snapshot:
        growth = _draw(draw, st.integers(1, 3))
        history.append(replace(history[-1], seq=history[-1].seq + growth, **changes))  # type: ignore[arg-type]
        return history[-1]

    while True:
        match _draw(draw, st.sampled_from(["good", "good", "good", "bad", "cancel", "fail"])):
            case "cancel":
                publish(stage=Stage.CANCELLED, timeout_ms=None)
                return history
            case "fail":
                reason = _draw(draw, st.sampled_from(Reason))
                publish(stage=Stage.FAILED, reason=reason, timeout_ms=None)
                return history
            case "bad":
                publish(stage=Stage.PROCESSING)
                last = _draw(draw, st.sampled_from(Rejection))
                rejected = history[-1].rejected + 1
                publish(stage=Stage.LIFT_FINGER, rejected=rejected, rejected_last=last)
                publish(stage=Stage.PLACE_FINGER)
                attempts += 1
            case _:
                publish(stage=Stage.PROCESSING)
                captured = (*history[-1].captured, attempts)
                attempts = 1
                if len(captured) == total:
                    publish(stage=Stage.COMPLETED, captured=captured, timeout_ms=None)
                    return history
                now = publish(stage=Stage.LIFT_FINGER, captured=captured)
                publish(stage=Stage.PLACE_FINGER, step=now.step + 1)


def _draw[T](draw: Callable[..., object], strategy: st.SearchStrategy[T]) -> T:
    """Draw with the type that the strategy promises."""
    value: T = draw(strategy)  # type: ignore[assignment]
    return value


@st.composite
def deliveries(draw: Callable[..., object]) -> tuple[list[Snapshot], list[Snapshot]]:
    """Return a history, and what of it arrives: with losses, repeats and steps back."""
    history = _draw(draw, histories())
    indices = _draw(draw, st.lists(st.integers(0, len(history) - 1), max_size=40))
    return history, [history[index] for index in indices] + [history[-1]]
