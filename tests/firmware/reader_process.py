"""The whole reader as a process, with an emulated sensor, a real broker and a small client."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from emulator import PROFILES, EmulatedSensor, Finger, SensorLine
from emulator.seen_empty import wait_until_seen_empty

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT = Path(__file__).parents[2]
BIN = ROOT / ".cache/bin"
RUNTIMES = {
    "micropython": str(BIN / "micropython"),
    "micropython-1.25": str(BIN / "micropython-1.25"),
    "cpython": sys.executable,
}
BASE = "biometric/front_door/"
FINAL = ("completed", "failed", "cancelled")
ANNA, BEN = Finger("anna"), Finger("ben")


class Message(NamedTuple):
    topic: str
    payload: Any
    raw: bytes
    retained: bool


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Broker:
    """Mosquitto on loopback; it keeps nothing on disk."""

    def __init__(self, folder: Path, *more: str, first: str = "") -> None:
        """`more` are further lines of its configuration, `first` is its first one."""
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        lines = (
            first,
            f"listener {self.port} 127.0.0.1",
            "allow_anonymous true",
            "set_tcp_nodelay true",
            *more,
        )
        self._config.write_text("".join(f"{line}\n" for line in lines))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [BIN / "mosquitto", "-c", self._config], stderr=subprocess.DEVNULL
        )
        end = time.monotonic() + 10
        while True:
            with closing(socket.socket()) as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert time.monotonic() < end, "mosquitto does not listen"
            time.sleep(0.02)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()


class Home:
    """The other side of the reader: what Home Assistant would see and say."""

    def __init__(self, port: int) -> None:
        self.messages: list[Message] = []
        self._changed = threading.Condition()
        self._subscribed = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._on_message
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._client.subscribe(BASE + "#", 1)
        assert self._subscribed.wait(5)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        with self._changed:
            payload = json.loads(message.payload)
            topic = message.topic.removeprefix(BASE)
            self.messages.append(Message(topic, payload, message.payload, message.retain))
            self._changed.notify_all()

    def wait(
        self, topic: str, fits: Callable[[Any], bool], since: int = 0, timeout: float = 10
    ) -> Message:
        """Return the first message on a topic that fits, now or as soon as it has come."""

        def found() -> Message | None:
            return next(
                (one for one in self.messages[since:] if one.topic == topic and fits(one.payload)),
                None,
            )

        with self._changed:
            message = self._changed.wait_for(found, timeout)
            assert message is not None, (topic, self.messages[since:])
            return message

    def mark(self) -> int:
        with self._changed:
            return len(self.messages)

    def payloads(self, topic: str, since: int = 0) -> list[Any]:
        with self._changed:
            return [one.payload for one in self.messages[since:] if one.topic == topic]

    def say(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self._client.publish(BASE + topic, payload, 0, retain).wait_for_publish(5)

    def ask(self, topic: str, request: str | None = None, **message: Any) -> Message:
        """Say a request until it is answered, as Home Assistant does."""
        request = request or secrets.token_hex(8)
        payload = json.dumps({"v": 1, "request": request, **message}).encode()
        since = self.mark()
        for _ in range(5):
            self.say(topic, payload)
            try:
                return self.wait(
                    "command/response",
                    lambda answer: bool(answer["request"] == request),
                    since,
                    timeout=2,
                )
            except AssertionError:
                continue
        raise AssertionError(self.messages[since:])

    def hello(self) -> dict[str, Any]:
        answer = self.ask("command", command="hello").payload
        assert answer["ok"], answer
        result: dict[str, Any] = answer["result"]
        return result

    def start(self, template_id: str, **changed: Any) -> dict[str, Any]:
        message: dict[str, Any] = {
            "action": "start",
            "template_id": template_id,
            "nonce": self.hello()["nonce"],
            "slot": None,
            "total": 3,
            "scan_timeout_s": 30,
        }
        answer: dict[str, Any] = self.ask("enroll/request", **{**message, **changed}).payload
        return answer

    def ack(self, touch: str) -> None:
        message = {"v": 1, "request": secrets.token_hex(8), "command": "ack", "touch": touch}
        self.say("command", json.dumps(message).encode())

    def stage(self, stage: str, step: int, since: int = 0) -> dict[str, Any]:
        """Wait for a snapshot of a scan."""
        message = self.wait(
            "enroll/response", lambda one: one["stage"] == stage and one["step"] == step, since
        )
        snapshot: dict[str, Any] = message.payload
        return snapshot


class Reader:
    """The firmware in a process of its own, and its sensor."""

    def __init__(self, folder: Path, runtime: str, port: int, model: str = "R307") -> None:
        self.folder = folder
        self.line = SensorLine(EmulatedSensor(PROFILES[model]), link=folder / "sensor")
        self.device = "host1"
        self.config = folder / "config.json"
        self.flash = folder / "flash"
        self.flash.mkdir()
        self.configure(
            reader_id="front_door",
            device=self.device,
            sensor=model,
            broker="127.0.0.1",
            port=port,
            uart=str(folder / "sensor"),
            storage=str(self.flash),
        )
        self.log = folder / "reader.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._runtime = RUNTIMES[runtime]

    def configure(self, **values: Any) -> None:
        self.config.write_text(json.dumps(values))

    def start(self) -> Self:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log)
        return self

    def command(self) -> Sequence[str | Path]:
        """Give what starts the firmware."""
        return self._runtime, ROOT / "firmware/board_host.py", self.config

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def cpu_seconds(self) -> float:
        assert self.process is not None
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()
        self.line.close()


def enroll(home: Home, reader: Reader, finger: Finger) -> str:
    """Enroll a finger with three good scans, return its template id."""
    template_id, since = secrets.token_hex(8), home.mark()
    assert home.start(template_id)["ok"]
    for step in (1, 2):
        home.stage("place_finger", step, since)
        reader.line.place(finger)
        home.stage("lift_finger", step, since)
        reader.line.lift()
    home.stage("place_finger", 3, since)
    reader.line.place(finger)
    home.stage("completed", 3, since)
    reader.line.lift()
    return template_id


def touch(home: Home, reader: Reader, finger: Finger) -> dict[str, Any]:
    wait_until_seen_empty(reader.line)
    since = home.mark()
    reader.line.place(finger)
    message = home.wait("fingerprint", lambda _: True, since)
    reader.line.lift()
    payload: dict[str, Any] = message.payload
    return payload
