"""Home Assistant's MQTT client in virtual time: its integration `mqtt` on top of paho 2.1.

What the integration under test relies on, or must not rely on: a clean session at every connect,
subscriptions that are complete only a while after the connection, retained messages that are
replayed, and publishes at QoS 1 that have failed and are delivered nevertheless.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.simulation.ha_subscriptions import Subscriptions
from tests.simulation.packets import (
    Connack,
    Connect,
    MalformedError,
    Packet,
    Parser,
    Puback,
    Publish,
    Signal,
    Suback,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.network import Network
    from tests.simulation.tcp import End

KEEPALIVE_S = 60
#: Between the end of an attempt to connect, or of a connection, and the next attempt.
RECONNECT_S = 10
#: For the TCP connection.
CONNECT_WITHIN_S = 5
#: Seconds by which a clock may be wrong through rounding.
_ROUNDING = 0.001
_MOST_ID = 65535


class NotConnectedError(Exception):
    """There is no connection to publish on."""


class HaMqttClient:
    """One run of the client, from the start of Home Assistant to its end.

    Home Assistant draws another `client_id` at each start. Callbacks: `on_connection` is called
    with whether there is a connection, with True before anything is subscribed to; `on_subscribed`
    when all requested subscriptions are acknowledged (or the wait for that has timed out, which
    Home Assistant treats alike); `on_message` with topic, payload and whether it was retained,
    once for each subscription, and before the broker gets its PUBACK. Exceptions of callbacks are
    not caught.
    """

    def __init__(
        self,
        network: Network,
        party: str,
        client_id: str,
        *,
        on_message: Callable[[str, bytes, bool], None],
        on_connection: Callable[[bool], None],
        on_subscribed: Callable[[], None],
    ) -> None:
        self._network = network
        self._party = party
        self._client_id = client_id
        self._on_message = on_message
        self._on_connection = on_connection
        self._loop = asyncio.get_running_loop()
        self._subscriptions = Subscriptions(self._send, self._next_id, on_subscribed)
        self._end: End | None = None
        self._parser = Parser()
        self._connected = False
        self._connecting: asyncio.Task[None] | None = None
        self._last_id = 0
        self._unacknowledged: dict[int, Publish] = {}
        """Published at QoS 1, also those whose publish failed."""
        self._watch: asyncio.TimerHandle | None = None
        self._heard_at = self._spoke_at = 0.0
        self._pinged = False
        """Whether a ping has not been answered."""

    # --- for the integration ----------------------------------------------------------

    @property
    def connected(self) -> bool:
        """What `mqtt.is_connected` returns."""
        return self._connected

    def start(self) -> None:
        """Connect, and stay connected."""
        self._connecting = self._loop.create_task(self._connect(), name=f"{self._party} connects")

    def subscribe(self, name: str, qos: int = 0) -> None:
        """Subscribe to a topic filter; SUBSCRIBE is sent after a cool-down."""
        self._subscriptions.add(name, qos, connected=self._connected)

    def unsubscribe(self, name: str) -> None:
        """Unsubscribe from a topic filter."""
        self._subscriptions.remove(name, connected=self._connected)

    def publish(self, topic: str, payload: bytes, qos: int = 0, *, retain: bool = False) -> None:
        """Publish a message. Raises NotConnectedError, and at QoS 1 delivers it later anyway.

        Returning means that it was sent, not that anybody got it.
        """
        packet_id = self._next_id()
        packet = Publish(topic, payload, retain, packet_id if qos else None)
        sent = self._send(packet)
        if qos:
            self._unacknowledged[packet_id] = packet._replace(duplicate=sent)
        if not sent:
            raise NotConnectedError(topic)

    def close(self, *, kill: bool) -> None:
        """End with DISCONNECT, or as a killed process does; no callback is called afterwards.

        Home Assistant itself ends without DISCONNECT, so to a broker every end of it is a kill;
        only a reload of its integration `mqtt` sends one.
        """
        self._connected = False
        self._subscriptions.stop()
        self._stop_connecting()
        self._stop_watching()
        if not kill:
            self._send(Signal.DISCONNECT)
        if self._end is not None:
            self._end.close()
            self._end = None

    # --- the connection ---------------------------------------------------------------

    async def _connect(self, first_wait: float = 0) -> None:
        """Try to connect until the broker accepts, which cancels this.

        Home Assistant is more patient with its very first attempt, if that gets as far as TCP.
        """
        await asyncio.sleep(first_wait)
        while True:
            # A broker that has not accepted the last attempt by now is given up.
            self._hang_up()
            try:
                async with asyncio.timeout(CONNECT_WITHIN_S):
                    end = await self._network.connect(self._party)
            except OSError:  # TimeoutError is one
                pass
            else:
                self._opened(end)
            await asyncio.sleep(RECONNECT_S)

    def _stop_connecting(self) -> None:
        if self._connecting is not None:
            self._connecting.cancel()
            self._connecting = None

    def _opened(self, end: End) -> None:
        end.take, end.ended, end.takes_packets = self._take, self._ended, True
        self._end = end
        self._parser = Parser()
        self._pinged = False
        self._heard_at = self._loop.time()
        self._send(Connect(self._client_id, KEEPALIVE_S, clean=True))
        self._watch = self._loop.call_later(KEEPALIVE_S, self._check_keepalive)

    def _ended(self, _reset: bool) -> None:
        self._lose()

    def _lose(self) -> None:
        """Give up the connection, and try again."""
        self._hang_up()
        if self._connected:
            self._connected = False
            self._connecting = self._loop.create_task(
                self._connect(RECONNECT_S), name=f"{self._party} connects again"
            )
            self._on_connection(False)

    def _hang_up(self) -> None:
        self._stop_watching()
        if self._end is not None:
            self._end.abort()
            self._end = None

    def _send(self, packet: Packet) -> bool:
        """Send, and return whether there was a connection to send on."""
        if self._end is None:
            return False
        self._spoke_at = self._loop.time()
        self._end.send_packet(packet)
        return True

    # --- keepalive --------------------------------------------------------------------

    def _check_keepalive(self) -> None:
        """Ping after a silence, and give up after another one, as paho does."""
        now = self._loop.time()
        if min(self._heard_at, self._spoke_at) + KEEPALIVE_S - now < _ROUNDING:
            if not self._connected or self._pinged:
                self._lose()
                return
            self._send(Signal.PINGREQ)
            self._pinged = True
            self._heard_at = now
        oldest = min(self._heard_at, self._spoke_at)
        self._watch = self._loop.call_at(oldest + KEEPALIVE_S, self._check_keepalive)

    def _stop_watching(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    # --- packets of the broker --------------------------------------------------------

    def _take(self, data: bytes | Packet) -> None:
        self._heard_at = self._loop.time()
        if not isinstance(data, bytes):
            self._handle(data)
            return
        try:
            for packet in self._parser.packets(data):
                self._handle(packet)
        except MalformedError:
            self._lose()

    def _handle(self, packet: Packet) -> None:
        if isinstance(packet, Publish):
            for _ in range(self._subscriptions.times(packet.topic, retain=packet.retain)):
                self._on_message(packet.topic, packet.payload, packet.retain)
            if packet.packet_id is not None:
                self._send(Puback(packet.packet_id))
        elif isinstance(packet, Puback):
            self._unacknowledged.pop(packet.packet_id, None)
        elif isinstance(packet, Suback):
            self._subscriptions.acknowledged(packet.packet_id)
        elif isinstance(packet, Connack):
            if not packet.code:
                self._accepted()
        elif packet is Signal.PINGRESP:
            self._pinged = False

    def _accepted(self) -> None:
        self._connected = True
        self._stop_connecting()
        self._on_connection(True)
        self._subscriptions.connected()
        for packet_id, publish in self._unacknowledged.items():
            self._send(publish)
            self._unacknowledged[packet_id] = publish._replace(duplicate=True)

    def _next_id(self) -> int:
        self._last_id = self._last_id % _MOST_ID + 1
        return self._last_id
