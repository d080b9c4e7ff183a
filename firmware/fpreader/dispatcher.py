"""Requests and answers (protocol, "Requests and answers"), without network and clock."""

from fpreader.answers import Answers
from fpreader.requests import (
    ID_DIGITS,
    MOST_SLOT,
    Refusal,
    adopt_target,
    check_nonce,
    delete_target,
    is_id,
    is_in,
    parse,
    require,
    settings_changes,
    start_options,
)

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from fpreader.app import App
    from fpreader.board import Board
    from fpreader.changes import Done

#: Milliseconds for which a nonce can be used.
NONCE_MS = 30000
#: Cancels that can wait for the end of one enrollment; HA repeats one that is not taken.
MOST_CANCELS = 8

_FINAL = ("completed", "failed", "cancelled")


class Dispatcher:
    """Takes requests, does each once, and answers a repeat with the same bytes."""

    def __init__(self, board: "Board", app: "App") -> None:
        """Prepare the dispatcher; `app` already has its scanner and its journal."""
        self._clock = board.clock
        self._random = board.random
        self._app = app
        self._scanner = app.scanner
        self._journal = app.journal
        self._answers = Answers(app.answer)
        self._cancels: list[tuple[str, str]] = []
        """Request and template id of each cancel that waits for the end of its enrollment."""
        self._nonce: str | None = None
        self._nonce_end = 0
        self._hello: str | None = None
        """Request id of the newest hello."""
        self._requests: dict[str, dict[str, Callable[[str, dict[str, Any]], None]]] = {
            "command": {
                "hello": self._handle_hello,
                "list": self._handle_list,
                "ack": self._handle_ack,
                "identify": self._handle_identify,
                "restart": self._handle_restart,
                "delete": self._handle_delete,
                "adopt": self._handle_adopt,
                "accept_sensor": self._handle_accept_sensor,
                "settings": self._handle_settings,
            },
            "action": {"start": self._handle_start, "cancel": self._handle_cancel},
        }

    def handle(self, topic: str, payload: "bytes | None", *, retained: bool) -> None:
        """Take a message of `command` or `enroll/request`, whatever it is; never raises.

        None stands for a payload that was too long to be kept.
        """
        if retained or payload is None:
            return
        message = parse(payload)
        if message is None or not is_id(message.get("request")):
            return
        request = message["request"]
        sent = self._answers.repeat(request)
        if sent is not None:
            if sent and request == self._hello:
                # The first answer may not have got through, so this may be the one that counts.
                self._journal.hello_answered(self._clock())
        elif not self._answers.is_pending(request):
            key = "command" if topic == "command" else "action"
            try:
                self._do(key, request, message)
            except Refusal as refusal:
                self._answers.refuse(request, refusal.error)

    def answer_cancels(self) -> None:
        """Answer the cancels whose enrollment has ended; asked whenever the snapshot changes."""
        if not self._cancels:
            return
        snapshot = self._scanner.snapshot
        waiting, self._cancels = self._cancels, []
        for request, template_id in waiting:
            if snapshot["template_id"] == template_id and snapshot["stage"] not in _FINAL:
                self._cancels.append((request, template_id))
            elif snapshot["template_id"] == template_id:
                self._answers.succeed(request, {"enrollment": snapshot})
            else:
                self._answers.refuse(request, "not_running")

    # --- the requests -----------------------------------------------------------------

    def _do(self, key: str, request: str, message: "dict[str, Any]") -> None:
        """Do what is asked for. Raises Refusal."""
        word: Any = message.get(key)
        require(isinstance(word, str))
        do = self._requests[key].get(word)
        if do is None:
            raise Refusal("unknown_command")
        do(request, message)

    def _handle_hello(self, request: str, _: "dict[str, Any]") -> None:
        now = self._clock()
        self._nonce = self._random(ID_DIGITS // 2).hex()
        self._nonce_end = now + NONCE_MS
        self._hello = request
        result = dict(self._app.identity)
        result["boot"] = self._app.boot()
        result["uptime_ms"] = now
        result["nonce"] = self._nonce
        result["enrollment"] = self._scanner.snapshot
        result["templates"] = self._scanner.templates
        result["journal"] = len(self._journal)
        result["dropped"] = self._journal.dropped
        result["changing"] = self._scanner.changes.pending
        result["settings"] = self._scanner.changes.settings
        result["diagnostics"] = self._app.diagnostics()
        if self._scanner.sensor_info is not None:
            result["sensor_info"] = self._scanner.sensor_info
        if self._answers.succeed(request, result):
            self._journal.hello_answered(now)

    def _handle_list(self, request: str, message: "dict[str, Any]") -> None:
        first: Any = message.get("first")
        require(is_in(first, 0, MOST_SLOT))
        page = self._scanner.page(first)
        if page is None:
            raise Refusal("sensor_error")
        self._answers.succeed_uncached(request, page)

    def _handle_start(self, request: str, message: "dict[str, Any]") -> None:
        template_id, slot, total, timeout = start_options(message)
        snapshot = self._scanner.snapshot
        if snapshot["template_id"] == template_id:
            slot = snapshot["slot"]
        else:
            self._use_nonce(message)
            slot, error = self._scanner.start(template_id, slot, total, timeout)
            if error is not None:
                raise Refusal(error)
        self._answers.succeed(request, {"slot": slot})
        self._app.publish_snapshot()

    def _handle_cancel(self, request: str, message: "dict[str, Any]") -> None:
        template_id: Any = message.get("template_id")
        require(is_id(template_id))
        snapshot = self._scanner.snapshot
        if snapshot["template_id"] != template_id:
            raise Refusal("not_running")
        if snapshot["stage"] in _FINAL:
            self._answers.succeed(request, {"enrollment": snapshot})
        elif len(self._cancels) < MOST_CANCELS:
            self._cancels.append((request, template_id))
            self._answers.mark_pending(request)
            self._scanner.cancel()

    def _handle_ack(self, _: str, message: "dict[str, Any]") -> None:
        touch: Any = message.get("touch")
        if is_id(touch):
            self._journal.ack(touch)

    def _handle_identify(self, request: str, _: "dict[str, Any]") -> None:
        self._answers.succeed(request, {})
        self._app.identify()

    def _handle_restart(self, request: str, message: "dict[str, Any]") -> None:
        check_nonce(message)
        self._use_nonce(message)
        if self._scanner.busy:
            raise Refusal("busy")
        self._answers.succeed(request, {})
        self._app.restart()

    # --- the changes ------------------------------------------------------------------

    def _handle_delete(self, request: str, message: "dict[str, Any]") -> None:
        slot, template_id, revision = delete_target(message)
        self._use_nonce(message)
        changes = self._scanner.changes
        self._change(
            request,
            lambda done: changes.delete(slot, template_id, revision, done),
            lambda: {"revision": changes.revision},
        )

    def _handle_adopt(self, request: str, message: "dict[str, Any]") -> None:
        slot, template_id, revision = adopt_target(message)
        self._use_nonce(message)
        changes = self._scanner.changes
        self._change(
            request,
            lambda done: changes.adopt(slot, template_id, revision, done),
            lambda: {"revision": changes.revision},
        )

    def _handle_accept_sensor(self, request: str, message: "dict[str, Any]") -> None:
        check_nonce(message)
        self._use_nonce(message)
        self._change(request, self._scanner.changes.accept_sensor)

    def _handle_settings(self, request: str, message: "dict[str, Any]") -> None:
        colored = "led_color" in self._app.identity["features"]
        identification, level, color = settings_changes(message, colored=colored)
        self._use_nonce(message)
        changes = self._scanner.changes
        self._change(
            request,
            lambda done: changes.set(identification, level, color, done),
            lambda: changes.settings,
        )

    def _change(
        self,
        request: str,
        ask: "Callable[[Done], str | None]",
        result: "Callable[[], dict[str, Any]]" = dict,
    ) -> None:
        """Ask for a change, and answer as soon as it is refused or done."""

        def done(error: "str | None") -> None:
            if error is None:
                self._answers.succeed(request, result())
            else:
                self._answers.refuse(request, error)

        self._answers.mark_pending(request)
        error = ask(done)
        if error is not None:
            done(error)

    def _use_nonce(self, message: "dict[str, Any]") -> None:
        """Use the nonce up; Refusal when it is not the newest one, or too old."""
        nonce = message.get("nonce")
        if nonce is None or nonce != self._nonce or self._clock() >= self._nonce_end:
            raise Refusal("stale")
        self._nonce = None
