"""A dispatcher between fakes: a scanner that does as it is told, and all that was sent."""

import json

from fpreader.board import Board
from fpreader.dispatcher import Dispatcher
from fpreader.enrollment import IDLE
from tests.firmware.portable.counting import Counting

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from fpreader.changes import Done

FEATURES = ["led", "list", "delete", "adopt", "accept_sensor", "settings"]
IDENTITY = {
    "device": "a1b2c3d4e5f6",
    "firmware": "0.2.0",
    "board": "esp32",
    "sensor": "R307",
    "max_scans": 3,
    "features": FEATURES,
}
BOOT = "b3f0a91c5d7e2648"
REVISION = "5f0c6d7e8a9b0c1d"
TEMPLATES = {
    "capacity": 1000,
    "count": 3,
    "revision": REVISION,
    "sensor_changed": False,
    "sensor_error": None,
}
PAGE: "dict[str, Any]" = {
    "revision": REVISION,
    "templates": [[5, "9f2c01ab44d0e1f7"], [6, None]],
    "next": 7,
}
SETTINGS = {"identification": True, "security_level": 3}
#: What a reader has beside whose sensor's light has colours.
COLOR_FEATURES = ["led_color"]
COLOR_SETTINGS = {"led_color": "off"}
DIAGNOSTICS = {"signal": -61, "free_memory": 41000, "sensor_errors": 3}


class FakeChanges:
    """Accepts every change, and ends it when the test says so."""

    def __init__(self) -> None:
        self.settings: dict[str, Any] = dict(SETTINGS)
        self.revision = REVISION
        self.refuses: str | None = None
        self.asked: list[tuple[Any, ...]] = []
        self.done: list[Done] = []

    @property
    def pending(self) -> bool:
        return bool(self.done)

    def delete(
        self, slot: int, template_id: "str | None", revision: "str | None", done: "Done"
    ) -> "str | None":
        return self._ask(done, "delete", slot, template_id, revision)

    def adopt(self, slot: int, template_id: str, revision: str, done: "Done") -> "str | None":
        return self._ask(done, "adopt", slot, template_id, revision)

    def accept_sensor(self, done: "Done") -> "str | None":
        return self._ask(done, "accept_sensor")

    def set(
        self,
        identification: "bool | None",
        security_level: "int | None",
        led_color: "str | None",
        done: "Done",
    ) -> "str | None":
        return self._ask(done, "set", identification, security_level, led_color)

    def end(self, error: "str | None" = None) -> None:
        self.done.pop(0)(error)

    def _ask(self, done: "Done", *what: "Any") -> "str | None":
        if self.refuses is None:
            self.asked.append(what)
            self.done.append(done)
        return self.refuses


class FakeScanner:
    """Accepts every start, and ends an enrollment when the test says so."""

    def __init__(self) -> None:
        self.changes = FakeChanges()
        self.known = True
        self.templates_of_a_page: list[Any] = PAGE["templates"]
        self.snapshot: dict[str, Any] = dict(IDLE)
        self.templates: dict[str, Any] = dict(TEMPLATES)
        self.sensor_info: dict[str, Any] | None = None
        self.running = False
        self.refuses: str | None = None
        self.started: list[tuple[str, int | None, int, int]] = []
        self.cancels = 0

    @property
    def busy(self) -> bool:
        return self.running or bool(self.changes.done)

    def page(self, first: int) -> "dict[str, Any] | None":
        page: dict[str, Any] = dict(PAGE)
        page["templates"] = self.templates_of_a_page
        page["next"] = first + 7
        return page if self.known else None

    def start(
        self, template_id: str, slot: "int | None", total: int, scan_timeout_s: int
    ) -> "tuple[int | None, str | None]":
        if self.running:
            return None, "busy"
        if self.refuses:
            return None, self.refuses
        self.started.append((template_id, slot, total, scan_timeout_s))
        self.running = True
        self.show(template_id, "place_finger", 5 if slot is None else slot)
        return self.snapshot["slot"], None

    def cancel(self) -> None:
        self.cancels += 1

    def show(self, template_id: str, stage: str, slot: int = 5) -> None:
        self.running = stage == "place_finger"
        self.snapshot = dict(IDLE)
        self.snapshot["template_id"] = template_id
        self.snapshot["stage"] = stage
        self.snapshot["slot"] = slot


class FakeJournal:
    """Writes down what it was told."""

    def __init__(self) -> None:
        self.dropped = 0
        self.waiting = 0
        self.hellos: list[int] = []
        """When each was answered that begins a delivery."""
        self.acks: list[str] = []

    def __len__(self) -> int:
        return self.waiting

    def hello_answered(self, now: int) -> None:
        self.hellos.append(now)

    def ack(self, touch: str) -> None:
        self.acks.append(touch)


class DispatcherHarness(Board):
    """The dispatcher between fakes; `colored` says whether there is a light with colours."""

    def __init__(self, *, colored: bool = False) -> None:
        self.now = 1000
        self.connected = True
        self.sent: list[bytes] = []
        self.published = 0
        self.identified = 0
        self.restarts = 0
        self.requests = 0
        self.scanner = FakeScanner()
        self.journal = FakeJournal()
        self.random = Counting()
        self.identity: dict[str, Any] = dict(IDENTITY)
        if colored:
            self.identity["features"] = FEATURES + COLOR_FEATURES
            self.scanner.changes.settings.update(COLOR_SETTINGS)
        app: Any = self
        self.dispatcher = Dispatcher(self, app)

    # What the dispatcher has of its board and causes in the app.

    def clock(self) -> int:
        return self.now

    def answer(self, payload: bytes) -> bool:
        if self.connected:
            self.sent.append(payload)
        return self.connected

    def publish_snapshot(self) -> None:
        self.published += 1

    def identify(self) -> None:
        self.identified += 1

    def restart(self) -> None:
        self.restarts += 1

    def boot(self) -> str:
        return BOOT

    def diagnostics(self) -> "dict[str, Any]":
        return dict(DIAGNOSTICS)

    # What the tests do.

    def give(self, topic: str, payload: "bytes | None", *, retained: bool = False) -> "list[Any]":
        """Give it a message, return the answers."""
        return self.sent_by(lambda: self.dispatcher.handle(topic, payload, retained=retained))

    def sent_by(self, act: "Callable[[], None]") -> "list[Any]":
        """Do something, return the answers."""
        before = len(self.sent)
        act()
        return [json.loads(answer) for answer in self.sent[before:]]

    def ask(self, topic: str, **message: "Any") -> "list[Any]":
        """Give it a request with a new id, return the answers."""
        self.requests += 1
        return self.repeat(topic, **message)

    def repeat(self, topic: str, **message: "Any") -> "list[Any]":
        """Give it the request once more."""
        message["v"] = 1
        message["request"] = self.request
        return self.give(topic, json.dumps(message).encode())

    @property
    def request(self) -> str:
        return "%016x" % (0xABC000 + self.requests)

    def nonce(self) -> str:
        (answer,) = self.ask("command", command="hello")
        return str(answer["result"]["nonce"])

    def error(self, topic: str, **message: "Any") -> "str | None":
        """Return the error of the one answer, None for a success."""
        (answer,) = self.ask(topic, **message)
        assert (answer["v"], answer["request"]) == (1, self.request)
        assert answer["ok"] is ("error" not in answer)
        error: str | None = answer.get("error")
        return error
