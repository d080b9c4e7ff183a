"""A fake reader, as docs/protocol.md has it: answers requests, and does what a test tells it.

A test causes scans and touches; attributes make the reader misbehave.
"""

import asyncio
import json
from typing import TYPE_CHECKING, Any

from tests.support.reader_publications import IDLE, PublishingReader, new_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.broker import FakeBroker

READER_ID = "front_door"
DEVICE = "a1b2c3d4e5f6"

_CHANGES = {"start", "restart", "delete", "adopt", "accept_sensor", "settings"}
"""The requests that need a nonce."""

_RUNNING = ("place_finger", "processing", "lift_finger")


def list_page(revision: str, templates: list[Any], following: int | None = None) -> dict[str, Any]:
    """Return one page of the list of templates in a sensor."""
    return {"revision": revision, "templates": templates, "next": following}


class FakeReader(PublishingReader):
    """A reader that is connected to the fake broker, and answers requests."""

    def __init__(
        self, broker: FakeBroker, reader_id: str = READER_ID, device: str = DEVICE
    ) -> None:
        super().__init__(broker, reader_id, device)
        self.deaf: set[str] = set()
        """Requests that are lost on their way to it, by command or action."""
        self.holds: set[str] = set()
        """Requests that it receives but does not handle, by command or action; see `held`."""
        self.held: list[dict[str, Any]] = []
        """The requests that it has not handled; `on_request` handles one."""
        self.journal = 0
        """Number of touches in its journal, as its answers to hello say."""
        self.changing = False
        """Whether an accepted request may still change something, as its answers to hello say."""
        self.refuses: dict[str, str] = {}
        """Error by command or action."""
        self.answers: dict[str, Any] = {}
        """Result by command or action, instead of the right one."""
        self.heard: list[dict[str, Any]] = []
        """The requests that it has received, with repeats."""
        self.acked: list[str] = []
        self.page = 32
        """Maximum number of templates on one page of its list."""
        self.settings: dict[str, Any] = {"identification": True, "security_level": 3}
        self.diagnostics = {"signal": -61, "free_memory": 41000, "sensor_errors": 0}
        self.sensor_info: dict[str, Any] = {
            "product": None,
            "missing": [0x3C],
            "mark": True,
            "index": "table",
            "index_shift": 0,
            "count_agrees": True,
        }
        self._nonce: str | None = None
        self._answered: dict[str, dict[str, Any]] = {}
        self._news = asyncio.Event()
        broker.listen(self._hear)

    def forget(self) -> None:
        """Lose all memory, as new hardware with the same id would."""
        self.enrollment = IDLE
        self._started = asyncio.get_running_loop().time()
        self.boot = new_id()
        self.greeted = self._nonce = None
        self._answered.clear()

    def answer_again(self, request: str) -> None:
        """Send the answer to an old request again, as a network may do."""
        self._say_answer(self._answered[request])

    # Received requests

    def heard_of(self, name: str) -> list[dict[str, Any]]:
        """Return the received requests of this command or action."""
        return [request for request in self.heard if _name(request) == name]

    async def hears(self, name: str, times: int = 1) -> None:
        """Wait until so many requests of this command or action were received."""
        await self.until(lambda: len(self.heard_of(name)) >= times)

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until `true` returns True; it is checked at each received request."""
        async with asyncio.timeout(5):
            while not true():
                self._news.clear()
                await self._news.wait()

    # Answers

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
        """Answer a request as the firmware does; a test may replace this."""
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
        """Answer a request with its result."""
        self._say_answer({"request": request, "ok": True, "result": result})

    def refuse(self, request: str, error: str) -> None:
        """Answer a request with an error."""
        self._say_answer({"request": request, "ok": False, "error": error})

    def _say_answer(self, answer: dict[str, Any]) -> None:
        self._answered[answer["request"]] = answer
        self.say("command/response", answer)

    def hello(self) -> dict[str, Any]:
        """Return the result of a hello, with a new nonce."""
        self._nonce = new_id()
        return {
            **self.identity,
            "boot": self.boot,
            "uptime_ms": self.uptime_ms,
            "nonce": self._nonce,
            "enrollment": self.enrollment,
            "templates": self.templates,
            "journal": self.journal,
            "dropped": 0,
            "changing": self.changing,
            **({"settings": self.settings} if "settings" in self.identity["features"] else {}),
            "diagnostics": self.diagnostics,
            "sensor_info": self.sensor_info,
        }

    def _refusal(self, name: str, request: dict[str, Any]) -> str | None:
        ours = request.get("template_id") == self.enrollment["template_id"]
        if name == "cancel":
            return None if ours else "not_running"
        if name not in _CHANGES or (name == "start" and ours):
            return None
        return self._objection(name, request)

    def _objection(self, name: str, request: dict[str, Any]) -> str | None:
        """Return the error of a change that is refused; None: it is not."""
        nonce, self._nonce = self._nonce, None
        if nonce is None or nonce != request["nonce"]:
            return "stale"
        # Identification can be set during an enrollment.
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
