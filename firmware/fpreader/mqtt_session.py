"""What one MQTT session has to do next, without socket and clock (protocol, "Topics").

The transport tells what happened (`opened`, `received`, `closed`) and asks what to send (`output`)
and for how long nothing will happen (`wait_ms`). Times are milliseconds of uptime.

A retained topic is only marked as changed; its payload is asked for at the moment it is sent. So
the newest value replaces older ones by itself, and nothing is ever sent again: every connect
publishes all of them anew.
"""

from fpreader import mqtt_packets
from fpreader.mqtt_packets import CONNACK, PINGRESP, PUBACK, PUBLISH, SUBACK, Parser

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from fpreader.board import Board
    from fpreader.config import Config

    #: Topic below the reader's own, payload (None when it was too long), retained.
    Message = tuple[str, bytes | None, bool]

KEEPALIVE_S = 15
#: A ping leaves so often, whatever else does: it also shows that the broker still listens.
PING_MS = 10000
#: Longest wait for any answer of the broker.
ANSWER_MS = 10000
#: Smallest gap between two corrections of the reader's own status.
CORRECTION_MS = 1000
FIRST_RETRY_MS = 1000
LAST_RETRY_MS = 60000
#: Bytes of answers, touches and acknowledgements that may wait for the connection to take them.
MOST_WAITING = 8192

STATUS = "status"
#: What the broker says on `status` when the connection is lost.
WILL = b'{"v":1,"online":false}'
#: The topics that the reader listens to, below its own.
LISTENED = ("enroll/request", "command", STATUS)

_CODES = {
    1: "protocol version refused",
    2: "client id refused",
    3: "server unavailable",
    4: "wrong user name or password",
    5: "not allowed",
}
_REFUSED = 0x80
#: What every TLS server begins an answer with that refuses what is no TLS: an alert.
_TLS_ALERT = 0x15
#: Said of a broker that ends the connection in the place of an answer to CONNECT.
CLOSED_AT_ONCE = "the broker closed at once; does it want TLS?"

_CLOSED, _CONNECTING, _SUBSCRIBING, _READY = range(4)


class MqttSessionError(Exception):
    """The session cannot go on; the transport closes the connection and waits `retry_ms`."""


class MqttSession:
    """One reader's connection to its broker, over all its sessions."""

    def __init__(
        self,
        board: "Board",
        config: "Config",
        retained: "tuple[tuple[str, Callable[[], bytes]], ...]",
    ) -> None:
        """Prepare the session.

        `retained` are the retained topics in the order in which a session publishes them, each with
        what gives its payload as it is now.
        """
        self._base = "biometric/" + config.reader_id + "/"
        self._connect = mqtt_packets.connect(
            board.device, KEEPALIVE_S, (self._base + STATUS, WILL), config.user, config.password
        )
        self._retained = retained
        self._random = board.random
        self._state = _CLOSED
        self._parser = Parser()
        self._waiting = b""
        self._changed: dict[str, int] = {}
        """Topics to publish, and from when on."""
        self._in_flight: dict[str, tuple[int, int]] = {}
        """Topics that wait for a PUBACK: packet id, deadline."""
        self._packet_id = 0
        self._deadline: int | None = None
        """Of the CONNACK, SUBACK or PINGRESP that is waited for."""
        self._ping_at = 0
        self._correction_at = 0
        self._retry_ms = FIRST_RETRY_MS

    @property
    def ready(self) -> bool:
        """Whether messages can be sent now."""
        return self._state == _READY

    @property
    def idle(self) -> bool:
        """Whether the transport has taken everything that was to be sent."""
        return not self._waiting

    @property
    def unanswered(self) -> bool:
        """Whether the broker has not said anything yet on this connection."""
        return self._state == _CONNECTING

    # --- what happened ----------------------------------------------------------------

    def opened(self, now: int) -> None:
        """Begin a session on a new connection."""
        self._parser = Parser()
        self._waiting = self._connect
        self._in_flight = {}
        self._state = _CONNECTING
        self._deadline = now + ANSWER_MS

    def closed(self) -> None:
        """End the session; what it had not sent is void."""
        self._state = _CLOSED
        self._waiting = b""

    def received(self, data: bytes, now: int) -> "list[Message]":
        """Take bytes from the broker, give the messages on the reader's topics.

        Raises MqttSessionError when the broker refuses, MalformedError for what is not MQTT.
        """
        if self._state == _CONNECTING and data[0] == _TLS_ALERT:
            raise MqttSessionError(CLOSED_AT_ONCE)
        messages: list[Message] = []
        self._parser.feed(data)
        while (packet := self._parser.packet()) is not None:
            kind, content = packet
            if kind == PUBLISH:
                self._handle_publish(content, messages)
            else:
                self._handle_answer(kind, content, now)
        return messages

    def changed(self, topic: str) -> None:
        """Have this retained topic published with its value at that moment."""
        self._changed[topic] = 0

    def correct_status(self, now: int) -> None:
        """Publish the status again, because the broker has another; not more than once a second."""
        if STATUS not in self._changed:
            self._changed[STATUS] = max(now, self._correction_at)
            self._correction_at = self._changed[STATUS] + CORRECTION_MS

    def publish(self, topic: str, payload: bytes) -> bool:
        """Send a message at QoS 0; False when that is not possible now."""
        if not self.ready or len(self._waiting) + len(payload) > MOST_WAITING:
            return False
        self._waiting += mqtt_packets.publish(self._base + topic, payload, None)
        return True

    # --- what to do -------------------------------------------------------------------

    def output(self, now: int) -> bytes:
        """Give the bytes to send now. Raises MqttSessionError when the broker stays silent."""
        if any(deadline <= now for deadline in self._deadlines()):
            raise MqttSessionError("the broker does not answer")
        if self._state == _READY:
            for topic, value in self._retained:
                if topic in self._changed and self._changed[topic] <= now:
                    self._publish_retained(topic, value, now)
            if now >= self._ping_at and self._deadline is None:
                self._waiting += mqtt_packets.PINGREQ
                self._ping_at = now + PING_MS
                self._deadline = now + ANSWER_MS
        data, self._waiting = self._waiting, b""
        return data

    def wait_ms(self, now: int) -> int:
        """Say for how many milliseconds there is nothing to do, unless something happens."""
        moments = self._deadlines()
        if self._state == _READY:
            moments += [at for topic, at in self._changed.items() if topic not in self._in_flight]
            if self._deadline is None:
                moments.append(self._ping_at)
        return max(0, min(moments) - now) if moments else ANSWER_MS

    def retry_ms(self) -> int:
        """Say how long to wait before the next connection: twice as long each time, with jitter.

        The jitter keeps many readers from coming back to a restarted broker at one moment.
        """
        wait = self._retry_ms
        self._retry_ms = min(2 * wait, LAST_RETRY_MS)
        return wait - wait * self._random(1)[0] // 1024

    def _deadlines(self) -> "list[int]":
        deadlines = [deadline for _, deadline in self._in_flight.values()]
        if self._deadline is not None:
            deadlines.append(self._deadline)
        return deadlines

    # --- the session ------------------------------------------------------------------

    def _handle_publish(self, content: "tuple[Any, ...]", messages: "list[Message]") -> None:
        topic, payload, retained, packet_id = content
        if packet_id is not None:
            if len(self._waiting) + 4 > MOST_WAITING:
                raise MqttSessionError("the broker sends and takes nothing")
            self._waiting += mqtt_packets.puback(packet_id)
        for name in LISTENED:
            if topic == (self._base + name).encode():
                messages.append((name, payload, retained))

    def _handle_answer(self, kind: int, content: "tuple[Any, ...]", now: int) -> None:
        if kind == PUBACK and self._state == _READY:
            for topic, (packet_id, _) in self._in_flight.items():
                if packet_id == content[0]:
                    del self._in_flight[topic]
                    break
        elif kind == PINGRESP and self._state == _READY:
            self._deadline = None
        elif kind == CONNACK and self._state == _CONNECTING:
            if content[0]:
                raise MqttSessionError("broker: " + _CODES.get(content[0], "connection refused"))
            topics = [self._base + name for name in LISTENED]
            self._waiting += mqtt_packets.subscribe(self._next_id(), topics)
            self._state = _SUBSCRIBING
            self._deadline = now + ANSWER_MS
        elif kind == SUBACK and self._state == _SUBSCRIBING:
            if content[0] != self._packet_id or any(code >= _REFUSED for code in content[1]):
                raise MqttSessionError("broker: subscription refused")
            self._begin_publishing(now)
        else:
            raise MqttSessionError("broker: an answer to nothing")

    def _begin_publishing(self, now: int) -> None:
        """Begin to publish: requests now reach the reader."""
        self._state = _READY
        self._deadline = None
        self._ping_at = now + PING_MS
        self._retry_ms = FIRST_RETRY_MS
        for topic, _ in self._retained:
            self.changed(topic)

    def _publish_retained(self, topic: str, value: "Callable[[], bytes]", now: int) -> None:
        if topic in self._in_flight:
            return
        del self._changed[topic]
        packet_id = self._next_id()
        self._in_flight[topic] = packet_id, now + ANSWER_MS
        self._waiting += mqtt_packets.publish(self._base + topic, value(), packet_id, retain=True)

    def _next_id(self) -> int:
        self._packet_id = self._packet_id % 65535 + 1
        return self._packet_id
