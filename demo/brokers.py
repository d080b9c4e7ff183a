"""MQTT brokers: one in Python that needs no installation, Mosquitto, and RabbitMQ."""

import json
from enum import StrEnum
from typing import TYPE_CHECKING

from .programs import CACHE, Program
from .rabbitmq import rabbitmq

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

type Recipe = tuple[Sequence[str | Path], Mapping[str, str] | None]
"""A command, and its environment; None: that of this process."""


class BrokerKind(StrEnum):
    """A broker that can be started here."""

    AMQTT = "amqtt"
    """Keeps its retained messages in RAM."""
    MOSQUITTO = "mosquitto"
    """With a usual configuration, but it keeps retained messages in RAM."""
    MOSQUITTO_ON_DISK = "mosquitto-on-disk"
    """Writes each retained message to disk at once."""
    RABBITMQ = "rabbitmq"
    """With its MQTT plugin. A kill loses the retained messages of the last seconds."""

    @property
    def discovers(self) -> bool:
        """Whether subscriptions with a wildcard get retained messages.

        Home Assistant's discovery subscribes so. If not, it discovers only readers that connect
        later than itself.
        """
        return self is not BrokerKind.RABBITMQ


class Broker:
    """A broker on loopback, which can be killed and started again."""

    def __init__(self, kind: BrokerKind, port: int, folder: Path) -> None:
        """Prepare a broker; nothing runs yet. The folder must exist."""
        self.kind = kind
        self.port = port
        self._store = folder / f"{kind}-store"
        self._store.mkdir()
        self._command, self.env = _RECIPES[kind](port, self._store)
        self._log = folder / f"{kind}.log"
        self._program: Program | None = None

    async def async_start(self) -> None:
        """Start it and wait until it listens."""
        self._program = Program(self._command, self._log, self.env)
        await self._program.async_listening(self.port)

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._program is not None and self._program.running

    def kill(self) -> None:
        """End it at once. Its kind determines which messages are kept."""
        if self._program:
            self._program.kill()

    def stop(self) -> None:
        """End it."""
        if self._program:
            self._program.stop()

    @property
    def memory(self) -> Path:
        """The file in which `MOSQUITTO_ON_DISK` stores its state, replaced at each change.

        A test may replace or remove it while the broker does not run.
        """
        return self._store / "mosquitto.db"


def _mosquitto(port: int, store: Path, memory: str = "") -> Recipe:
    config = store / "mosquitto.conf"
    config.write_text(
        # Without nodelay an acknowledgement waits for Nagle's algorithm.
        f"listener {port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n{memory}"
    )
    return [CACHE / "bin" / "mosquitto", "-c", config], None


def _mosquitto_on_disk(port: int, store: Path) -> Recipe:
    return _mosquitto(
        port,
        store,
        f"persistence true\npersistence_location {store}/\n"
        "autosave_interval 1\nautosave_on_changes true\n"  # after each change
        "user root\n",  # else, started as root, it would switch to a user who cannot write there
    )


def _amqtt(port: int, store: Path) -> Recipe:
    config = store / "amqtt.json"
    config.write_text(
        json.dumps(
            {
                "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
                "plugins": {
                    "amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}
                },
            }
        )
    )
    return [CACHE / "ha-newest" / "bin" / "amqtt", "-c", config], None


_RECIPES: dict[BrokerKind, Callable[[int, Path], Recipe]] = {
    BrokerKind.AMQTT: _amqtt,
    BrokerKind.MOSQUITTO: _mosquitto,
    BrokerKind.MOSQUITTO_ON_DISK: _mosquitto_on_disk,
    BrokerKind.RABBITMQ: rabbitmq,
}
