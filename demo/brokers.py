"""MQTT brokers: one in Python that needs nothing installed, and Mosquitto."""

import json
from enum import StrEnum
from typing import TYPE_CHECKING

from .programs import CACHE, Program

if TYPE_CHECKING:
    from pathlib import Path


class BrokerKind(StrEnum):
    """A broker that can be started here."""

    AMQTT = "amqtt"
    MOSQUITTO = "mosquitto"


class Broker:
    """A broker on loopback, which can be killed and started again."""

    def __init__(self, kind: BrokerKind, port: int, folder: Path) -> None:
        """Prepare a broker; nothing runs yet. The folder must exist."""
        self.port = port
        self._command, config = {
            BrokerKind.AMQTT: _amqtt,
            BrokerKind.MOSQUITTO: _mosquitto,
        }[kind](port, folder / f"{kind}.conf")
        (folder / f"{kind}.conf").write_text(config)
        self._log = folder / f"{kind}.log"
        self._program: Program | None = None

    async def async_start(self) -> None:
        """Start it and wait until it listens."""
        self._program = Program(self._command, self._log)
        await self._program.async_listening(self.port)

    def kill(self) -> None:
        """End it at once. It keeps nothing on disk, so its retained messages are gone."""
        if self._program:
            self._program.kill()

    def stop(self) -> None:
        """End it."""
        if self._program:
            self._program.stop()


def _mosquitto(port: int, config: Path) -> tuple[list[str | Path], str]:
    return (
        [CACHE / "bin" / "mosquitto", "-c", config],
        # Without nodelay an acknowledgement waits for Nagle's algorithm.
        f"listener {port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n",
    )


def _amqtt(port: int, config: Path) -> tuple[list[str | Path], str]:
    return (
        [CACHE / "ha-newest" / "bin" / "amqtt", "-c", config],
        json.dumps(
            {
                "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
                "plugins": {
                    "amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}
                },
            }
        ),
    )
