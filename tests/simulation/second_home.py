"""Another Home Assistant on the same broker, which has set up the same readers.

It only reads: what it would acknowledge or change is lost for the first one, and no promise.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from custom_components.biometric_enroll.protocol import builder
from custom_components.biometric_enroll.protocol.words import Topic, topic_of
from tests.simulation.ha_mqtt_client import HaMqttClient, NotConnectedError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

    from tests.simulation.network import Network

PARTY = "second home"


class SecondHome:
    """Says hello, and lists, more often than a real one."""

    def __init__(self, network: Network, rng: Random, reader_ids: Iterable[str]) -> None:
        self._rng = rng
        self._reader_ids = list(reader_ids)
        self._client = HaMqttClient(
            network,
            PARTY,
            PARTY,
            on_message=lambda *_: None,
            on_connection=lambda _: None,
            on_subscribed=lambda: None,
        )

    async def run(self, times: int) -> None:
        """Ask each reader so many times, then end."""
        self._client.start()
        for _ in range(times):
            await asyncio.sleep(self._rng.uniform(0.5, 4))
            for reader_id in self._reader_ids:
                self._ask(reader_id)
        await asyncio.sleep(1)
        self._client.close(kill=True)

    def _ask(self, reader_id: str) -> None:
        request = self._rng.randbytes(8).hex()
        lists = self._rng.random() < 1 / 4
        message = builder.list_templates(request, first=0) if lists else builder.hello(request)
        try:
            self._client.publish(topic_of(reader_id, Topic.COMMAND), message.encode())
        except NotConnectedError:
            return
