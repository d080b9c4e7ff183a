"""Our reader with one mistake, which the tests have to notice: broken_reader.py MISTAKE CONFIG."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).parents[2] / "firmware"))

import board_host
from fpreader import app, mqtt_packets
from fpreader.answers import Answers
from fpreader.boot import Boot
from fpreader.changes import Changes
from fpreader.dispatcher import Dispatcher
from fpreader.enrollment import Enrollment
from fpreader.journal import Journal
from fpreader.memory import Memory
from fpreader.templates import Templates

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    #: Makes a mistake.
    Mistake = Callable[[], Any]


def _keep_the_nonce() -> Any:
    use = Dispatcher._use_nonce

    def use_and_keep(self: Dispatcher, message: dict[str, Any]) -> None:
        nonce = self._nonce
        use(self, message)
        self._nonce = nonce

    return patch.object(Dispatcher, "_use_nonce", use_and_keep)


def _do_repeats_again() -> Any:
    return patch.object(Answers, "repeat", lambda *_: None)


def _count_no_snapshots() -> Any:
    snapshot = Enrollment.snapshot

    def always_the_first(self: Enrollment, now: int) -> dict[str, Any]:
        return {**snapshot(self, now), "seq": 1}

    return patch.object(Enrollment, "snapshot", always_the_first)


def _leave_the_cancelled_template() -> Any:
    async def leave(_: Templates, __: int) -> None:
        """Do nothing."""

    return patch.object(Templates, "empty", leave)


def _enroll_a_finger_twice() -> Any:
    def search(_: Enrollment) -> Generator[Any, Any, str]:
        return "good"
        yield

    return patch.object(Enrollment, "_search_duplicate", search)


def _acknowledge_all_touches() -> Any:
    ack = Journal.ack

    def ack_all(self: Journal, touch: str) -> None:
        for entry in list(self._entries):
            ack(self, bytes(entry[1:9]).hex())
        ack(self, touch)

    return patch.object(Journal, "ack", ack_all)


def _forget_a_touch_once_it_is_sent() -> Any:
    message = Journal._message

    def send_and_forget(self: Journal, entry: bytearray) -> dict[str, Any]:
        told = message(self, entry)
        self.ack(told["touch"])
        return told

    return patch.object(Journal, "_message", send_and_forget)


def _identify_in_any_case() -> Any:
    return patch.object(Memory, "identification", property(lambda _: True, lambda *_: None))


def _delete_whatever_is_in_the_slot() -> Any:
    def delete(self: Changes, slot: int, _: Any, __: Any, done: Any) -> str | None:
        held = self._memory.template_id(slot)
        error = self._slot_refusal(slot)
        return self._accept_unless(error, lambda: self._delete(slot, held), done)

    return patch.object(Changes, "delete", delete)


def _be_the_same_boot_for_ever() -> Any:
    return patch.object(Boot, "__call__", lambda _: "b" * 16)


def _obey_retained_requests() -> Any:
    handle = Dispatcher.handle

    def obey(self: Dispatcher, topic: str, payload: bytes | None, *, retained: bool) -> None:
        del retained
        handle(self, topic, payload, retained=False)

    return patch.object(Dispatcher, "handle", obey)


def _publish_without_retaining() -> Any:
    publish = mqtt_packets.publish

    def publish_once(*arguments: Any, retain: bool = False) -> bytes:
        del retain
        return publish(*arguments)

    return patch.object(mqtt_packets, "publish", publish_once)


def _begin_seq_anew_after_a_restart() -> Any:
    return patch("fpreader.interrupted_enrollment.RESTART_GAP", -1)


def _believe_an_old_last_will() -> Any:
    return patch.object(app, "_says_offline", lambda _: False)


MISTAKES: dict[str, Mistake] = {
    mistake.__name__.removeprefix("_"): mistake
    for mistake in (
        _keep_the_nonce,
        _do_repeats_again,
        _count_no_snapshots,
        _leave_the_cancelled_template,
        _enroll_a_finger_twice,
        _acknowledge_all_touches,
        _forget_a_touch_once_it_is_sent,
        _identify_in_any_case,
        _delete_whatever_is_in_the_slot,
        _be_the_same_boot_for_ever,
        _obey_retained_requests,
        _publish_without_retaining,
        _begin_seq_anew_after_a_restart,
        _believe_an_old_last_will,
    )
}

if __name__ == "__main__":
    with MISTAKES[sys.argv.pop(1)]():
        sys.exit(board_host.main())
