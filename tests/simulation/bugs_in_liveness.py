"""Mistakes about the age of a touch, and about others that speak under the id of a reader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from custom_components.biometric_enroll.client import liveness
from custom_components.biometric_enroll.client.connection import Connection
from custom_components.biometric_enroll.client.liveness import Clocks, Liveness
from custom_components.biometric_enroll.client.request_ids import RequestIds
from custom_components.biometric_enroll.client.touches import Touches
from custom_components.biometric_enroll.protocol import parser, touch_parser
from custom_components.biometric_enroll.protocol.fields import MalformedError
from custom_components.biometric_enroll.protocol.messages import Answer
from tests.simulation.planted_bug import bug, bug_value

if TYPE_CHECKING:
    from custom_components.biometric_enroll.protocol.fields import Fields
    from custom_components.biometric_enroll.protocol.messages import Touch


@bug(5, "The answers of any boot bound the age of a touch",
     Liveness, "age")  # fmt: skip
def answers_of_any_boot(
    original: Any, self: Liveness, boot: str | None, at_ms: int | None, now: Clocks
) -> Any:
    if boot is None:
        return None
    ages = [original(self, each, at_ms, now) for each in self._boots]
    return min((age for age in ages if age is not None), default=None)


@bug(5, "A boot that another device tells is taken for one of the reader",
     Connection, "handle_answer")  # fmt: skip
def strange_boot_believed(original: Any, self: Connection, answer: Any) -> Any:
    if isinstance(answer, Answer) and self.liveness.has_sent(answer.request):
        hello = parser.hello(answer.result)
        clocks = self._host.clocks()
        self.liveness.answered(answer.request, hello.boot, hello.uptime_ms, clocks)
    return original(self, answer)


bug_value("one_clock", 5, "The age of a touch is measured by the monotonic clock only",
          Clocks, "most_since", lambda now, then: now.monotonic - then.monotonic)  # fmt: skip


@bug(5, "The answer that came most quickly is kept for ever, instead of the newest ones",
     Liveness, "answered", (liveness, "_OLDEST", float("inf")))  # fmt: skip
def tightest_kept(
    original: Any, self: Liveness, request: str, boot: str, uptime_ms: int, now: Clocks
) -> Any:
    dropped = original(self, request, boot, uptime_ms, now)
    answers = self._boots.get(boot, [])
    answers[:] = sorted(answers, key=lambda one: one.received.raw - one.sent.raw)[:1]
    return dropped


@bug(5, "A touch of before the reported ones were loaded may be live",
     Liveness, "is_live")  # fmt: skip
def killed_and_opened_again(
    _original: Any, _self: Liveness, age: float | None, _now: Clocks, limit: float
) -> bool:
    return age is not None and -liveness.SLACK <= age <= limit


@bug(6, "A touch that has waited for hello is acknowledged, and not reported",
     Touches, "judge_waiting")  # fmt: skip
def waiting_dropped(_original: Any, self: Touches, _asked_at: float | None) -> None:
    for touch in list(self._waiting):
        self._end_waiting(touch)
        self._host.create_task(self._connection.async_acknowledge(touch))


@bug(4, "A touch that is not understood is not acknowledged",
     touch_parser, "_partial_touch")  # fmt: skip
def poison_dropped(_original: Any, _fields: Fields, _touch: str, problem: str) -> Touch:
    raise MalformedError(problem)


bug_value("others_are_us", 7, "Answers to requests of another Home Assistant are taken for our own",
          RequestIds, "__contains__", lambda *_: True)  # fmt: skip
