"""Many fake readers, simulated by one client of the broker.

They answer requests and publish messages according to the protocol; there is no firmware, no
sensor and no finger.
"""

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tests.support.reader_publications import IDLE, new_id

if TYPE_CHECKING:
    from collections.abc import Callable

_WITHIN = 120
_IDENTITY = {"firmware": "0", "board": "crowd", "sensor": "R307", "max_scans": 3, "features": []}
_BOOT = "b3f0a91c5d7e2648"
_TEMPLATES = {
    "capacity": 1000,
    "count": 0,
    "revision": "0000000000000000",
    "sensor_changed": False,
    "sensor_error": None,
}


class FakeReaders:
    """Readers with given ids; the hardware id of each is the same."""

    def __init__(self, port: int, reader_ids: list[str]) -> None:
        """Connect; paho's thread answers requests."""
        self._reader_ids = frozenset(reader_ids)
        self._greeted: set[str] = set()
        self._enrollments: dict[str, dict[str, Any]] = {}
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Condition()
        self.acknowledged = 0
        """How many touches Home Assistant has acknowledged."""
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = self._subscribe
        self._client.on_message = self._take
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    @property
    def all_greeted(self) -> bool:
        """Whether Home Assistant has said hello to all of them."""
        return self._greeted == self._reader_ids

    def close(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()

    async def until(self, condition: Callable[[FakeReaders], bool]) -> None:
        """Wait for a condition; it is checked at each message of Home Assistant."""
        async with asyncio.timeout(_WITHIN), self._changed:
            await self._changed.wait_for(lambda: condition(self))

    def tell_templates(self, reader_id: str, count: int) -> None:
        """Publish the number of templates in a sensor."""
        self._say(reader_id, "templates", {**_TEMPLATES, "count": count})

    def tell_stage(self, reader_id: str, stage: str) -> None:
        """Publish the next stage of the enrollment that Home Assistant has started."""
        snapshot = self._enrollments[reader_id]
        snapshot["seq"] += 1
        snapshot["stage"] = stage
        if stage == "cancelled":
            snapshot["timeout_ms"] = None
        self._say(reader_id, "enroll/response", snapshot)

    def touch(self, reader_id: str) -> None:
        """Publish a touch by an unknown finger."""
        self._say(
            reader_id,
            "fingerprint",
            {
                "touch": new_id(),
                "boot": _BOOT,
                "at_ms": _uptime_ms(),
                "result": "not_identified",
                "slot": None,
                "template_id": None,
                "confidence": None,
                "reason": None,
                "count": 1,
            },
        )

    def _subscribe(self, client: paho.Client, *_: object) -> None:
        client.subscribe([("biometric/+/command", 0), ("biometric/+/enroll/request", 0)])

    def _take(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        _, reader_id, _ = message.topic.split("/", 2)
        request = json.loads(message.payload)
        if "v" not in request:
            return  # asks whether this is a reader of the first generation
        if request.get("command") == "ack":
            self.acknowledged += 1
        else:
            result = self._result(reader_id, request)
            answer = {"request": request["request"], "ok": True, "result": result}
            self._say(reader_id, "command/response", answer)
        asyncio.run_coroutine_threadsafe(self._notify(), self._loop)

    def _result(self, reader_id: str, request: dict[str, Any]) -> dict[str, Any]:
        if request.get("action") == "start":
            self._enrollments[reader_id] = {
                **IDLE,
                "template_id": request["template_id"],
                "slot": 0,
                "step": 1,
                "total": 3,
                "timeout_ms": 30000,
            }
            return {"slot": 0}
        self._greeted.add(reader_id)
        return {
            "device": reader_id,
            **_IDENTITY,
            "boot": _BOOT,
            "uptime_ms": _uptime_ms(),
            "nonce": new_id(),
            "enrollment": self._enrollments.get(reader_id, IDLE),
            "templates": _TEMPLATES,
            "journal": 0,
            "dropped": 0,
        }

    def _say(self, reader_id: str, topic: str, message: dict[str, Any]) -> None:
        self._client.publish(f"biometric/{reader_id}/{topic}", json.dumps({"v": 1, **message}))

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()


def _uptime_ms() -> int:
    return time.monotonic_ns() // 1_000_000
