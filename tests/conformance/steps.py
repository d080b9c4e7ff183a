"""What several tests do with a reader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.conformance.hands import Hands
    from tests.conformance.wire import Wire


def begin(wire: Wire, **changed: Any) -> str:
    """Have an enrollment started; return its template id."""
    message = wire.start_message(**changed)
    since = wire.mark()
    answer = wire.ask("enroll/request", **message)
    assert answer["ok"], answer
    wire.stage("place_finger", 1, since)
    template_id: str = message["template_id"]
    return template_id


def enroll(wire: Wire, hands: Hands, finger: str) -> str:
    """Enroll a finger with three scans; return its template id."""
    message = wire.start_message()
    since = wire.mark()
    answer = wire.ask("enroll/request", **message)
    assert answer["ok"], answer
    for step in (1, 2, 3):
        wire.stage("place_finger", step, since)
        hands.place(finger)
        wire.stage("lift_finger" if step < 3 else "completed", step, since)
        hands.lift()
    template_id: str = message["template_id"]
    return template_id


def touch(wire: Wire, hands: Hands, finger: str) -> Any:
    """Put a finger on and take it off; give what is told of it."""
    since = wire.mark()
    hands.place(finger)
    told = wire.wait("fingerprint", since=since).payload
    hands.lift()
    return told
