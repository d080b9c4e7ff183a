"""A reader as docs/protocol.md has it, at the test's command.

It answers requests, enrolls and touches by itself; its attributes make it misbehave.
"""

import asyncio
import json
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from tests.support.broker import FakeBroker

READER_ID = "front_door"
DEVICE = "a1b2c3d4e5f6"

FEATURES = ["accept_sensor", "adopt", "delete", "led", "list", "settings"]

IDLE: dict[str, Any] = {
    "template_id": None,
    "seq": 0,
    "slot": None,
    "stage": "idle",
    "step": 0,
    "total": 0,
    "captured": [],
    "rejected": {"count": 0, "last": None},
    "timeout_ms": None,
    "reason": None,
}

_CHANGES = {"start", "restart", "delete", "adopt", "accept_sensor", "settings"}
"""The requests that need a nonce."""

_RUNNING = ("place_finger", "processing", "lift_finger")


def new_id() -> str:
    return secrets.token_hex(8)


def list_page(revision: str, templates: list[Any], following: int | None = None) -> dict[str, Any]:
    """Return one page of the list of what a sensor holds."""
    return {"revision": revision, "templates": templates, "next": following}


class FakeReader:
    """A reader on the far side of the broker."""

    def __init__(
        self, broker: FakeBroker, reader_id: str = READER_ID, device: str = DEVICE
    ) -> None:
        self.silent = False
        """Whether it hears nothing, as if it had no power."""
        self.deaf: set[str] = set()
        """Requests that get lost on their way to it, by command or action."""
        self.holds: set[str] = set()
        """Requests that it has got but does nothing about, by command or action; see `held`."""
        self.held: list[dict[str, Any]] = []
        """What it does nothing about; `on_request` lets it."""
        self.journal = 0
        """Touches that wait, as its answers to hello tell."""
        self.changing = False
        """Whether a request that it has taken may still change something, as they tell."""
        self.speechless = False
        """Whether all that it says gets lost."""
        self.refuses: dict[str, str] = {}
        """Error by command or action."""
        self.answers: dict[str, Any] = {}
        """Result by command or action, in place of the right one."""
        self.heard: list[dict[str, Any]] = []
        """The requests that reached it, repeats included."""
        self.acked: list[str] = []
        self.identity: dict[str, Any] = {
            "device": device,
            "firmware": "0.2.0",
            "board": "esp32",
            "sensor": "R307",
            "max_scans": 3,
            "features": FEATURES,
        }
        self.stored: dict[int, str | None] = {1: None, 2: None, 3: None}
        """Template ids by slot: at first what somebody enrolled before Home Assistant knew it."""
        self.page = 32
        """Most templates on one page of its list."""
        self.settings: dict[str, Any] = {"identification": True, "security_level": 3}
        self.diagnostics = {"signal": -61, "free_memory": 41000, "sensor_errors": 0}
        self.templates: dict[str, Any] = {
            "capacity": 1000,
            "count": 3,
            "revision": "5f0c6d7e8a9b0c1d",
            "sensor_changed": False,
            "sensor_error": None,
        }
        self.enrollment: dict[str, Any] = IDLE
        self.greeted: str | None = None
        """Request of the hello that was answered last."""
        self._broker = broker
        self.reader_id = reader_id
        self._started = asyncio.get_running_loop().time() - 100
        self._nonce: str | None = None
        self._answered: dict[str, dict[str, Any]] = {}
        self._news = asyncio.Event()
        broker.listen(self._hear)

    # What a test lets it do

    @property
    def uptime_ms(self) -> int:
        return round((asyncio.get_running_loop().time() - self._started) * 1000)

    def announce(self) -> None:
        """Publish the three retained topics, as on every connect."""
        self.silent = False
        self.say("status", {"online": True, **self.identity}, retain=True)
        self.say("templates", self.templates, retain=True)
        self.say("enroll/response", self.enrollment, retain=True)

    @contextmanager
    def unheard(self) -> Generator[None]:
        """Lose all that it says meanwhile."""
        self.speechless = True
        yield
        self.speechless = False

    def die(self) -> None:
        """Vanish from the network; the broker publishes the last will."""
        self.silent = True
        self.say("status", {"online": False}, retain=True)

    def forget(self) -> None:
        """Lose all memory, as new hardware with the same id would."""
        self.enrollment = IDLE
        self._started = asyncio.get_running_loop().time()
        self.greeted = self._nonce = None
        self._answered.clear()

    def go_on(self, **changes: Any) -> None:
        """Publish the snapshot with changes, one `seq` further."""
        self.enrollment = {**self.enrollment, "seq": self.enrollment["seq"] + 1, **changes}
        self.say("enroll/response", self.enrollment, retain=True)

    def reject(self, why: str = "too_messy") -> None:
        """Find one image not good enough; then wait for the finger again."""
        rejected = {"count": self.enrollment["rejected"]["count"] + 1, "last": why}
        self.go_on(stage="lift_finger", rejected=rejected)
        self.go_on(stage="place_finger")

    def capture(self, scans: int = 1) -> None:
        """Capture the scan under way, or some more, each time with the finger lifted behind it."""
        for _ in range(scans):
            self._capture()

    def _capture(self) -> None:
        captured, step = self.enrollment["captured"], self.enrollment["step"]
        before = sum(scan["attempts"] - 1 for scan in captured)
        attempts = self.enrollment["rejected"]["count"] - before + 1
        captured = [*captured, {"attempts": attempts}]
        if step == self.enrollment["total"]:
            self.end("completed", captured=captured)
        else:
            self.go_on(stage="lift_finger", captured=captured)
            self.go_on(stage="place_finger", step=step + 1)

    def end(self, stage: str, reason: str | None = None, **changes: Any) -> None:
        """End the enrollment."""
        self.go_on(stage=stage, reason=reason, timeout_ms=None, **changes)
        if stage == "completed":
            self.hold(self.enrollment["slot"], self.enrollment["template_id"])

    def hold(self, slot: int, template_id: str | None) -> None:
        """Have a template in a slot, and publish that there is something new."""
        self.stored[slot] = template_id
        self._templates_changed()

    def lose(self, slot: int) -> None:
        """Have a slot empty, and publish that there is something new."""
        del self.stored[slot]
        self._templates_changed()

    def _templates_changed(self) -> None:
        self.templates = {**self.templates, "count": len(self.stored), "revision": new_id()}
        self.say("templates", self.templates, retain=True)

    def touch(self, template_id: str | None = None, *, age: float = 0.0, **changes: Any) -> str:
        """Send a touch, identified if a template is given; return its id."""
        found = template_id is not None
        message = {
            "touch": new_id(),
            "hello": self.greeted,
            "at_ms": self.uptime_ms - round(age * 1000),
            "result": "identified" if found else "not_identified",
            "slot": 5 if found else None,
            "template_id": template_id,
            "confidence": 143 if found else None,
            "reason": None,
            "count": 1,
            **changes,
        }
        self.say("fingerprint", message)
        touch: str = message["touch"]
        return touch

    def answer_again(self, request: str) -> None:
        """Send an old answer once more, as a network may do."""
        self._say_answer(self._answered[request])

    def say(self, topic: str, message: dict[str, Any], *, retain: bool = False) -> None:
        """Publish any message of this protocol."""
        self.say_bytes(topic, json.dumps({"v": 1, **message}).encode(), retain=retain)

    def say_bytes(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish anything at all."""
        if self.speechless:
            return
        self._broker.publish(f"biometric/{self.reader_id}/{topic}", payload, retain=retain)

    # What a test can wait for

    def heard_of(self, name: str) -> list[dict[str, Any]]:
        """Return the requests of this command or action that came in."""
        return [request for request in self.heard if _name(request) == name]

    async def hears(self, name: str, times: int = 1) -> None:
        """Wait until a request of this command or action has come in so often."""
        await self.until(lambda: len(self.heard_of(name)) >= times)

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait for what becomes true with a request that comes in."""
        async with asyncio.timeout(5):
            while not true():
                self._news.clear()
                await self._news.wait()

    # What it does by itself

    def _hear(self, topic: str, payload: str) -> None:
        base = f"biometric/{self.reader_id}/"
        if self.silent or topic not in {f"{base}command", f"{base}enroll/request"}:
            return
        request = json.loads(payload)
        if "v" not in request:
            # A message of the first-generation protocol, which the firmware drops as well.
            return
        name = _name(request)
        if name in self.deaf:
            return
        self.heard.append(request)
        self._news.set()
        if name in self.holds:
            self.held.append(request)
        else:
            self.on_request(request)

    def on_request(self, request: dict[str, Any]) -> None:
        """Answer as the firmware does; a test may put its own in place of this."""
        name, request_id = _name(request), request["request"]
        if name == "ack":
            self.acked.append(request["touch"])
        elif request_id in self._answered:
            self._say_answer(self._answered[request_id])
        elif (error := self.refuses.get(name) or self._refusal(name, request)) is not None:
            self.refuse(request_id, error)
        else:
            self.answer(request_id, self._do(name, request))

    def answer(self, request: str, result: object) -> None:
        """Answer a request with yes."""
        self._say_answer({"request": request, "ok": True, "result": result})

    def refuse(self, request: str, error: str) -> None:
        """Answer a request with no."""
        self._say_answer({"request": request, "ok": False, "error": error})

    def _say_answer(self, answer: dict[str, Any]) -> None:
        self._answered[answer["request"]] = answer
        self.say("command/response", answer)

    def hello(self) -> dict[str, Any]:
        """Return the result of a hello, with a new nonce."""
        self._nonce = new_id()
        return {
            **self.identity,
            "uptime_ms": self.uptime_ms,
            "nonce": self._nonce,
            "enrollment": self.enrollment,
            "templates": self.templates,
            "journal": self.journal,
            "dropped": 0,
            "changing": self.changing,
            **({"settings": self.settings} if "settings" in self.identity["features"] else {}),
            "diagnostics": self.diagnostics,
        }

    def _refusal(self, name: str, request: dict[str, Any]) -> str | None:
        ours = request.get("template_id") == self.enrollment["template_id"]
        if name == "cancel":
            return None if ours else "not_running"
        if name not in _CHANGES or (name == "start" and ours):
            return None
        return self._objection(name, request)

    def _objection(self, name: str, request: dict[str, Any]) -> str | None:
        """Return why a change is not done."""
        nonce, self._nonce = self._nonce, None
        if nonce is None or nonce != request["nonce"]:
            return "stale"
        # A lock-out waits for nothing.
        waits = name != "settings" or not request.keys().isdisjoint({"security_level", "led_color"})
        if self.enrollment["stage"] in _RUNNING and waits:
            return "busy"
        if name == "accept_sensor" and not self.templates["sensor_changed"]:
            return "bad_request"
        wanted = {"delete": request.get("template_id"), "adopt": None}
        if name not in wanted:
            return None
        outdated = request.get("revision") != self.templates["revision"]
        if self.stored.get(request["slot"], "") != wanted[name]:
            return "not_found"
        return "not_found" if wanted[name] is None and outdated else None

    def _do(self, name: str, request: dict[str, Any]) -> object:
        result: dict[str, Any] = {}
        if name == "hello":
            self.greeted = request["request"]
            result = self.hello()
        elif name == "start":
            result = self._start(request)
        elif name == "cancel":
            if self.enrollment["stage"] in _RUNNING:
                self.end("cancelled")
            result = {"enrollment": self.enrollment}
        elif name == "list":
            result = self._list(request["first"])
        elif name == "delete":
            self.lose(request["slot"])
            result = {"revision": self.templates["revision"]}
        elif name == "adopt":
            self.hold(request["slot"], request["template_id"])
            result = {"revision": self.templates["revision"]}
        elif name == "accept_sensor":
            self.stored = dict.fromkeys(self.stored)
            self.templates = {**self.templates, "sensor_changed": False}
            self._templates_changed()
        elif name == "settings":
            given = {name: value for name, value in request.items() if name in self.settings}
            result = self.settings = {**self.settings, **given}
        return self.answers.get(name, result)

    def _list(self, first: int) -> dict[str, Any]:
        slots = sorted(slot for slot in self.stored if slot >= first)
        page, rest = slots[: self.page], slots[self.page :]
        return {
            "revision": self.templates["revision"],
            "templates": [[slot, self.stored[slot]] for slot in page],
            "next": rest[0] if rest else None,
        }

    def _start(self, request: dict[str, Any]) -> dict[str, Any]:
        if request["template_id"] == self.enrollment["template_id"]:
            self.say("enroll/response", self.enrollment, retain=True)
        else:
            self.enrollment = {
                **IDLE,
                "template_id": request["template_id"],
                "slot": 5 if request["slot"] is None else request["slot"],
                "stage": "place_finger",
                "step": 1,
                "total": request["total"],
                "timeout_ms": request["scan_timeout_s"] * 1000,
            }
            self.go_on()
        return {"slot": self.enrollment["slot"]}


def _name(request: dict[str, Any]) -> str:
    name: str = request.get("command") or request.get("action") or ""
    return name
