"""A client of the broker that speaks to one reader as HA does, and checks all that it says."""

from __future__ import annotations

import json
import secrets
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from tests.conformance import shapes

if TYPE_CHECKING:
    from collections.abc import Callable

REPEAT_AFTER, ANSWER_WITHIN = 2.0, 10.0
"""Seconds, as Home Assistant's."""
RETAINED = ("status", "templates", "enroll/response")
SPOKEN = (*RETAINED, "fingerprint", "command/response")
"""Topics on which the reader publishes."""


@dataclass(frozen=True, kw_only=True)
class BrokerAddress:
    """Where the broker is, and how to get in."""

    host: str
    port: int
    username: str | None = None
    password: str | None = None
    tls_ca: str | None = None
    """File with the certificates to trust; None: without TLS."""


class Heard(NamedTuple):
    """One message of the reader."""

    topic: str
    payload: Any
    raw: bytes
    retained: bool
    qos: int


class Wire:
    """One connection to the broker."""

    def __init__(self, address: BrokerAddress, reader_id: str, patience: float) -> None:
        """Connect and subscribe. `patience` is how many seconds what hands do may take."""
        self.heard: list[Heard] = []
        self.problems: list[str] = []
        """What was wrong with what the reader said."""
        self.patience = patience
        self._base = f"biometric/{reader_id}/"
        self._snapshot: Any = None
        self._enrolling: str | None = None
        """Template id of the newest enrollment that was asked for."""
        self._changed = threading.Condition()
        subscribed = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2)
        if address.username is not None:
            self._client.username_pw_set(address.username, address.password)
        if address.tls_ca is not None:
            self._client.tls_set(address.tls_ca)
        self._client.on_message = self._hear
        self._client.on_connect = self._subscribe
        self._client.on_subscribe = lambda *_: subscribed.set()
        self._client.connect(address.host, address.port)
        self._client.loop_start()
        assert subscribed.wait(ANSWER_WITHIN), "the broker does not let us subscribe"

    def _subscribe(self, *_: object) -> None:
        self._client.subscribe(self._base + "#", 1)

    def close(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()

    def _hear(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        topic = message.topic.removeprefix(self._base)
        if topic not in SPOKEN:
            return
        with self._changed:
            payload: Any = None
            try:
                payload = json.loads(message.payload.decode())
            except ValueError:
                self.problems.append(f"{topic} is no JSON in UTF-8: {message.payload!r}")
            else:
                self._check(topic, payload, message)
            self.heard.append(Heard(topic, payload, message.payload, message.retain, message.qos))
            self._changed.notify_all()

    def _check(self, topic: str, payload: Any, message: MQTTMessage) -> None:
        if len(message.payload) > shapes.MOST_BYTES:
            self.problems.append(f"{topic} has {len(message.payload)} bytes")
        if message.qos != (topic in RETAINED):
            self.problems.append(f"{topic} is sent at QoS {message.qos}")
        wrong = list(shapes.of_message(topic, payload))
        before = self._snapshot
        if topic == "enroll/response" and not wrong:
            if before is not None and before["template_id"] == payload["template_id"]:
                wrong += shapes.of_change(before, payload)
            self._snapshot = payload
        self.problems += wrong

    # Listening

    def mark(self) -> int:
        """Return where the messages from now on begin."""
        with self._changed:
            return len(self.heard)

    def since(self, mark: int, topic: str) -> list[Any]:
        """Return the messages on a topic since then."""
        with self._changed:
            return [one.payload for one in self.heard[mark:] if one.topic == topic]

    def wait(
        self,
        topic: str,
        fits: Callable[[Any], object] = lambda _: True,
        since: int = 0,
        seconds: float | None = None,
    ) -> Heard:
        """Return the first message on a topic that fits, now or as soon as it has come."""

        def found() -> Heard | None:
            fitting = (one for one in self.heard[since:] if one.topic == topic)
            return next((one for one in fitting if fits(one.payload)), None)

        with self._changed:
            message = self._changed.wait_for(found, seconds or self.patience)
            assert message is not None, f"nothing of that on {topic}: {self.heard[since:]}"
            return message

    def stage(self, stage: str, step: int | None = None, since: int = 0) -> Any:
        """Wait for a snapshot of the newest enrollment, which must not end otherwise."""
        one = self.wait(
            "enroll/response",
            lambda one: (
                one["template_id"] == self._enrolling
                and (
                    (one["stage"], one["step"]) == (stage, step or one["step"])
                    or one["stage"] in shapes.FINAL
                )
            ),
            since,
        ).payload
        assert one["stage"] == stage, one
        return one

    # Speaking

    def say(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish some bytes below the reader's topics."""
        self._client.publish(self._base + topic, payload, 0, retain).wait_for_publish(5)

    def publish_status(self, payload: bytes) -> None:
        """Say something in the reader's place, as an old last will does."""
        self._client.publish(self._base + "status", payload, 1, retain=True).wait_for_publish(5)

    def request(self, topic: str, message: dict[str, Any]) -> Heard:
        """Say a whole message until it is answered; give the first answer."""
        since, end = self.mark(), time.monotonic() + ANSWER_WITHIN
        while True:
            self.say(topic, json.dumps(message).encode())
            try:
                return self.wait(
                    "command/response",
                    lambda one: one["request"] == message["request"],
                    since,
                    REPEAT_AFTER,
                )
            except AssertionError:
                if time.monotonic() > end:
                    raise

    def ask(self, topic: str, **message: Any) -> Any:
        """Say a request with a new id, and give the answer."""
        return self.request(topic, {"v": 1, "request": secrets.token_hex(8), **message}).payload

    def command(self, command: str, **message: Any) -> Any:
        """Say a request on `command`, and give the answer."""
        return self.ask("command", command=command, **message)

    def hello(self) -> Any:
        """Say hello, and give the result."""
        answer = self.command("hello")
        assert answer["ok"], answer
        self.problems += shapes.of_hello(answer["result"])
        return answer["result"]

    def change(self, command: str, **message: Any) -> Any:
        """Say a request that changes something, with the nonce of a new hello."""
        return self.command(command, nonce=self.hello()["nonce"], **message)

    def start(self, **changed: Any) -> Any:
        """Ask for an enrollment, with the nonce of a new hello; give the answer."""
        return self.ask("enroll/request", **self.start_message(**changed))

    def start_message(self, **changed: Any) -> dict[str, Any]:
        """Make the message of a start with a nonce of a new hello and a new template id."""
        self._enrolling = secrets.token_hex(8)
        return {
            "action": "start",
            "template_id": self._enrolling,
            "nonce": self.hello()["nonce"],
            "slot": None,
            "total": 3,
            "scan_timeout_s": 120,
            **changed,
        }

    def cancel(self, template_id: str) -> Any:
        """Ask for the end of an enrollment; give the answer."""
        return self.ask("enroll/request", action="cancel", template_id=template_id)

    def ack(self, touch: str) -> None:
        """Acknowledge a touch."""
        message = {"v": 1, "request": secrets.token_hex(8), "command": "ack", "touch": touch}
        self.say("command", json.dumps(message).encode())

    def whole_list(self) -> tuple[str, dict[int, str | None]]:
        """Ask for all pages of the list; give revision, and template ids by slot."""
        found: dict[int, str | None] = {}
        first: int | None = 0
        revision = ""
        while first is not None:
            page = self.command("list", first=first)["result"]
            self.problems += shapes.of_page(first, page)
            assert page["revision"] == (revision or page["revision"])
            revision = page["revision"]
            found |= dict(page["templates"])
            first = page["next"]
        return revision, found
