"""Requests and answers (protocol, "Requests and answers"), without network and clock."""

import json

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    class Enrolling(Protocol):
        """What the desk needs of scanner.Scanner."""

        @property
        def snapshot(self) -> dict[str, Any]:
            """The current or last enrollment."""

        @property
        def templates(self) -> dict[str, Any]:
            """What the sensor holds."""

        @property
        def running(self) -> bool:
            """Whether an enrollment is running."""

        def start(
            self, template_id: str, slot: int | None, total: int, scan_timeout_s: int
        ) -> tuple[int | None, str | None]:
            """Accept an enrollment (slot, None) or refuse it (None, error)."""

        def cancel(self) -> None:
            """Ask the running enrollment to end."""

    class Acknowledged(Protocol):
        """What the desk needs of journal.Journal."""

        dropped: int

        def __len__(self) -> int:
            """Count the touches that wait."""

        def hello_answered(self, request: str, now: int) -> None:
            """Begin to deliver the backlog."""

        def ack(self, touch: str) -> None:
            """Forget one touch."""

    class Outside(Protocol):
        """What the desk causes elsewhere."""

        def answer(self, payload: bytes) -> bool:
            """Send on `command/response`; False when that is not possible now."""

        def publish_snapshot(self) -> None:
            """Publish on `enroll/response` again."""

        def identify(self) -> None:
            """Blink the light, later."""

        def restart(self) -> None:
            """Restart the reader once the answer is sent."""


#: Milliseconds for which a nonce can be used.
NONCE_MS = 30000
#: Answers that are remembered for a repeat of their request.
MOST_ANSWERS = 8
#: Cancels that can wait for the end of one enrollment; HA repeats one that is not taken.
MOST_CANCELS = 8
MOST_PAYLOAD = 4096

_HEX = "0123456789abcdef"
_ID_DIGITS = 16
_MOST_SLOT = 65535
_FINAL = ("completed", "failed", "cancelled")


class Refusal(Exception):  # noqa: N818 - an answer, not an error of this program
    """A request that is answered with an error of the protocol."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


class Desk:
    """Takes requests, does each once, and answers a repeat with the same bytes."""

    def __init__(  # noqa: PLR0913, PLR0917 - what it stands between
        self,
        identity: "dict[str, Any]",
        scanner: "Enrolling",
        journal: "Acknowledged",
        outside: "Outside",
        clock: "Callable[[], int]",
        random: "Callable[[int], bytes]",
    ) -> None:
        """Open the desk; `identity` is who the reader is, as on `status`."""
        self._identity = identity
        self._scanner = scanner
        self._journal = journal
        self._outside = outside
        self._clock = clock
        self._random = random
        self._answers: list[tuple[str, bytes]] = []
        self._cancels: list[tuple[str, str]] = []
        """Request and template id of each cancel that waits for the end of its enrollment."""
        self._nonce: str | None = None
        self._nonce_end = 0
        self._hello: str | None = None
        """Request id of the newest hello."""
        self._requests: dict[str, dict[str, Callable[[str, dict[str, Any]], None]]] = {
            "command": {
                "hello": self._take_hello,
                "ack": self._ack,
                "identify": self._identify,
                "restart": self._restart,
            },
            "action": {"start": self._start, "cancel": self._cancel},
        }

    def take(self, topic: str, payload: "bytes | None", *, retained: bool) -> None:
        """Take a message of `command` or `enroll/request`, whatever it is; never raises.

        None stands for a payload that was too long to be kept.
        """
        if retained or payload is None:
            return
        message = parse(payload)
        if message is None or not is_id(message.get("request")):
            return
        request = message["request"]
        for known, answer in self._answers:
            if known == request:
                self._repeat(request, answer)
                return
        if any(waiting == request for waiting, _ in self._cancels):
            return
        key = "command" if topic == "command" else "action"
        try:
            self._do(key, request, message)
        except Refusal as refusal:
            self._answer(request, {"ok": False, "error": refusal.error})

    def settle(self) -> None:
        """Answer the cancels whose enrollment has ended; asked whenever the snapshot changes."""
        if not self._cancels:
            return
        snapshot = self._scanner.snapshot
        waiting, self._cancels = self._cancels, []
        for request, template_id in waiting:
            if snapshot["template_id"] == template_id and snapshot["stage"] not in _FINAL:
                self._cancels.append((request, template_id))
            elif snapshot["template_id"] == template_id:
                self._answer_ok(request, {"enrollment": snapshot})
            else:
                self._answer(request, {"ok": False, "error": "not_running"})

    # --- the requests -----------------------------------------------------------------

    def _do(self, key: str, request: str, message: "dict[str, Any]") -> None:
        """Do what is asked for. Raises Refusal."""
        word = message.get(key)
        if not isinstance(word, str):
            raise Refusal("bad_request")
        do = self._requests[key].get(word)
        if do is None:
            raise Refusal("unknown_command")
        do(request, message)

    def _take_hello(self, request: str, _: "dict[str, Any]") -> None:
        now = self._clock()
        self._nonce = self._random(_ID_DIGITS // 2).hex()
        self._nonce_end = now + NONCE_MS
        self._hello = request
        result = dict(self._identity)
        result["uptime_ms"] = now
        result["nonce"] = self._nonce
        result["enrollment"] = self._scanner.snapshot
        result["templates"] = self._scanner.templates
        result["journal"] = len(self._journal)
        result["dropped"] = self._journal.dropped
        if self._answer_ok(request, result):
            self._journal.hello_answered(request, now)

    def _start(self, request: str, message: "dict[str, Any]") -> None:
        template_id: Any = message.get("template_id")
        slot: Any = message.get("slot")
        total: Any = message.get("total")
        timeout: Any = message.get("scan_timeout_s")
        whole = (
            is_id(template_id)
            and "slot" in message
            and (slot is None or _is_in(slot, 0, _MOST_SLOT))
            and _is_in(total, 3, 7)
            and _is_in(timeout, 5, 120)
        )
        if not whole or not _is_nonce_shaped(message):
            raise Refusal("bad_request")
        snapshot = self._scanner.snapshot
        if snapshot["template_id"] == template_id:
            slot = snapshot["slot"]
        else:
            self._use_nonce(message)
            slot, error = self._scanner.start(template_id, slot, total, timeout)
            if error is not None:
                raise Refusal(error)
        self._answer_ok(request, {"slot": slot})
        self._outside.publish_snapshot()

    def _cancel(self, request: str, message: "dict[str, Any]") -> None:
        template_id = message.get("template_id")
        if not is_id(template_id):
            raise Refusal("bad_request")
        snapshot = self._scanner.snapshot
        if snapshot["template_id"] != template_id:
            raise Refusal("not_running")
        if snapshot["stage"] in _FINAL:
            self._answer_ok(request, {"enrollment": snapshot})
        elif len(self._cancels) < MOST_CANCELS:
            self._cancels.append((request, template_id))
            self._scanner.cancel()

    def _ack(self, _: str, message: "dict[str, Any]") -> None:
        touch: Any = message.get("touch")
        if is_id(touch):
            self._journal.ack(touch)

    def _identify(self, request: str, _: "dict[str, Any]") -> None:
        self._answer_ok(request, {})
        self._outside.identify()

    def _restart(self, request: str, message: "dict[str, Any]") -> None:
        if not _is_nonce_shaped(message):
            raise Refusal("bad_request")
        self._use_nonce(message)
        if self._scanner.running:
            raise Refusal("busy")
        self._answer_ok(request, {})
        self._outside.restart()

    def _use_nonce(self, message: "dict[str, Any]") -> None:
        """Use the nonce up; Refusal when it is not the newest one, or too old."""
        nonce = message.get("nonce")
        if nonce is None or nonce != self._nonce or self._clock() >= self._nonce_end:
            raise Refusal("stale")
        self._nonce = None

    # --- the answers ------------------------------------------------------------------

    def _repeat(self, request: str, answer: bytes) -> None:
        if self._outside.answer(answer) and request == self._hello:
            # The first answer may not have got through, so this may be the one that counts.
            self._journal.hello_answered(request, self._clock())

    def _answer_ok(self, request: str, result: "dict[str, Any]") -> bool:
        return self._answer(request, {"ok": True, "result": result})

    def _answer(self, request: str, answer: "dict[str, Any]") -> bool:
        answer["v"] = 1
        answer["request"] = request
        payload = json.dumps(answer).encode()
        self._answers.append((request, payload))
        del self._answers[:-MOST_ANSWERS]
        return self._outside.answer(payload)


def parse(payload: bytes) -> "dict[str, Any] | None":
    """Read a message of this protocol, None when it is none."""
    if len(payload) > MOST_PAYLOAD:
        return None
    try:
        message = json.loads(payload.decode())
    except Exception:
        # Also the recursion and memory limits of the parser.
        return None
    # Exactly int: true is not a number.
    if not isinstance(message, dict) or type(message.get("v")) is not int or message["v"] != 1:
        return None
    return message


def is_id(value: object) -> bool:
    """Tell whether a value is an id: 16 lower-case hexadecimal digits."""
    return (
        isinstance(value, str)
        and len(value) == _ID_DIGITS
        and all(character in _HEX for character in value)
    )


def _is_in(value: "Any", lowest: int, highest: int) -> bool:
    return type(value) is int and lowest <= value <= highest


def _is_nonce_shaped(message: "dict[str, Any]") -> bool:
    nonce = message.get("nonce")
    return nonce is None or is_id(nonce)
