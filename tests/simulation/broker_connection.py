"""One client's connection, from the broker's side: parses packets and executes them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.simulation.packets import (
    Connack,
    Connect,
    MalformedError,
    Message,
    Packet,
    Parser,
    Puback,
    Publish,
    Signal,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
)

if TYPE_CHECKING:
    from tests.simulation.broker import Broker
    from tests.simulation.broker_sessions import Session
    from tests.simulation.tcp import End

#: How much longer than its keepalive a client may be silent (3.1.2.10).
PATIENCE = 1.5
#: Seconds by which a clock may be wrong through rounding.
_ROUNDING = 0.001


class Connection:
    """One client's connection, from its first byte to its last."""

    def __init__(self, broker: Broker, end: End) -> None:
        self._broker = broker
        self._end = end
        self._loop = asyncio.get_running_loop()
        self._parser = Parser()
        self._session: Session | None = None
        self._over = False
        self._patience_s = 0.0
        self._heard_at = 0.0
        self._watch: asyncio.TimerHandle | None = None
        self._acked_until = 0.0
        """When the newest PUBACK leaves: they leave in order."""
        self.client_id = ""
        self.will: Message | None = None
        end.take, end.ended, end.takes_packets = self._take, self._ended, True

    # --- callbacks of the network -----------------------------------------------------

    def _take(self, data: bytes | Packet) -> None:
        if self._broker.postpones(self, self._take, data):
            return
        self._heard_at = self._loop.time()
        try:
            packets = self._parser.packets(data) if isinstance(data, bytes) else (data,)
            for packet in packets:
                # It may have ended already: bytes that a stall has held come after its end.
                if self._over:
                    return
                self._broker.note(self.client_id, ">", packet)
                self._handle(packet)
        except MalformedError as error:
            self._broker.note(self.client_id, ">", error)
            self.drop()

    def _ended(self, reset: bool) -> None:
        if not self._broker.postpones(self, self._ended, reset):
            self._broker.note(self.client_id, ">", "reset" if reset else "end")
            self._leave()

    # --- what the broker does ---------------------------------------------------------

    def deliver(self, message: Message, qos: int) -> None:
        """Send a message to the subscriber."""
        if not qos or self._session is None:
            self._send(Publish(message.topic, message.payload, message.retain))
            return
        packet_id = self._session.sent(message)
        self._send(Publish(message.topic, message.payload, message.retain, packet_id))
        if (late := self._broker.draw_duplicate()) is not None:
            self._broker.later(late, self._send, _again(packet_id, message))

    def drop(self) -> None:
        """End the connection from the broker's side."""
        self._end.abort()
        self._leave()

    def die(self, *, kill: bool) -> None:
        """End together with the broker's process."""
        self._over = True
        self._stop_watching()
        if kill:
            self._end.abort()
        else:
            self._end.close()

    # --- the packets ------------------------------------------------------------------

    def _handle(self, packet: Packet) -> None:
        if isinstance(packet, Connect):
            self._connect(packet)
        elif self._session is None:
            raise MalformedError("the first packet must be CONNECT")
        else:
            self._serve(packet, self._session)

    def _serve(self, packet: Packet, session: Session) -> None:
        if isinstance(packet, Publish):
            qos = 0 if packet.packet_id is None else 1
            self._broker.publish(Message(packet.topic, packet.payload, qos, packet.retain))
            if packet.packet_id is not None:
                self._acknowledge(packet.packet_id)
        elif isinstance(packet, Puback):
            session.in_flight.pop(packet.packet_id, None)
        elif isinstance(packet, Subscribe):
            self._subscribe(packet, session)
        elif isinstance(packet, Unsubscribe):
            for name in packet.filters:
                session.unsubscribe(name)
            self._send(Unsuback(packet.packet_id))
        elif packet is Signal.PINGREQ:
            self._send(Signal.PINGRESP)
        elif packet is Signal.DISCONNECT:
            self.will = None
            self._end.close()
            self._leave()
        else:
            raise MalformedError("a packet that no client sends")

    def _connect(self, packet: Connect) -> None:
        if self._session is not None:
            raise MalformedError("a second CONNECT")
        self.client_id, self.will = packet.client_id, packet.will
        session, present = self._broker.enter(self, clean=packet.clean)
        self._session = session
        self._send(Connack(present))
        if packet.keepalive_s and self._broker.behavior.enforces_keepalive:
            self._patience_s = PATIENCE * packet.keepalive_s
            self._watch = self._broker.later(self._patience_s, self._check_keepalive)
        for packet_id, message in session.in_flight.items():
            self._send(_again(packet_id, message))
        waiting, session.waiting = session.waiting, []
        for message in waiting:
            self.deliver(message, 1)

    def _subscribe(self, packet: Subscribe, session: Session) -> None:
        suback = Suback(packet.packet_id, tuple(min(qos, 1) for _, qos in packet.filters))
        first = self._broker.behavior.retained_first
        if not first:
            self._send(suback)
        for (name, _), qos in zip(packet.filters, suback.codes, strict=True):
            session.subscribe(name, qos)
            for message in self._broker.retained_for(name):
                self.deliver(message, min(qos, message.qos))
        if first:
            self._send(suback)

    def _acknowledge(self, packet_id: int) -> None:
        now = self._loop.time()
        at = max(now + self._broker.draw_ack_delay(), self._acked_until)
        if at <= now:
            self._send(Puback(packet_id))
        else:
            self._acked_until = at
            self._broker.later(at - now, self._send, Puback(packet_id))

    def _send(self, packet: Packet) -> None:
        if not self._over:
            self._broker.note(self.client_id, "<", packet)
            self._end.send_packet(packet)

    # --- its end ----------------------------------------------------------------------

    def _check_keepalive(self) -> None:
        if self._broker.patient:
            self._watch = self._broker.later(10 * self._patience_s, self._check_keepalive)
            return
        left = self._heard_at + self._patience_s - self._loop.time()
        if left > _ROUNDING:
            self._watch = self._broker.later(left, self._check_keepalive)
        else:
            self._broker.note(self.client_id, ">", "silence for too long")
            self.drop()

    def _leave(self) -> None:
        """Leave the session, once."""
        if not self._over:
            self._over = True
            self._stop_watching()
            self._broker.leave(self)

    def _stop_watching(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None


def _again(packet_id: int, message: Message) -> Publish:
    return Publish(message.topic, message.payload, message.retain, packet_id, duplicate=True)
