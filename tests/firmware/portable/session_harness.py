"""An MQTT session between a fake board and a broker without socket."""

from fpreader.board import Board
from fpreader.config import Config, Section
from fpreader.mqtt_session import MqttSession
from tests.firmware.portable.broker import Broker

RETAINED = ("status", "templates", "enroll/response")
CONFIG = {
    "reader_id": "front_door",
    "sensor": "R307",
    "broker": "x",
    "port": 1,
    "user": "reader",
    "password": "secret",
}


class SessionHarness(Board):
    """A session whose retained topics say which version of the truth they are of."""

    device = "a1b2c3"

    def __init__(self, jitter: int = 0) -> None:
        self.version = 1
        self.asked = 0
        self._jitter = jitter
        retained = tuple((topic, self.value) for topic in RETAINED)
        self.session = MqttSession(self, Config(Section(CONFIG)), retained)
        self.broker = Broker(self.session)

    def random(self, size: int) -> bytes:
        return bytes((self._jitter,))

    def connect(self) -> None:
        """Open a session, up to the acknowledgement of its CONNECT."""
        self.session.opened(0)
        self.broker.look()
        self.broker.say(b"\x20\x02\x00\x00")

    def value(self) -> bytes:
        self.asked += 1
        return b"%d" % self.version


def opened() -> SessionHarness:
    """Make a session that is connected and has nothing left to publish."""
    harness = SessionHarness()
    harness.broker.open()
    harness.broker.acknowledge()
    assert harness.broker.taken() == []
    return harness


def payloads(harness: SessionHarness) -> "list[tuple[str, bytes]]":
    return [(topic, payload) for topic, payload, _, _ in harness.broker.taken()]
