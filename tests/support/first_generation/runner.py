"""A reader of the first generation on a real broker."""

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING, Final

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tests.support.first_generation.reader import PREFIX, READER_ID, FirstGenerationReader
from tests.support.first_generation.sketch import GOOD

if TYPE_CHECKING:
    from collections.abc import Hashable

    from paho.mqtt.reasoncodes import ReasonCode

    from tests.support.first_generation.reader import Settings
    from tests.support.first_generation.sketch import Sketch

_KEEPALIVE: Final = 15  # seconds; what the MQTT library of such sketches has
_RECONNECT_AFTER: Final = 1  # seconds; sketches wait longer, which only makes tests longer


class FirstGenerationRunner:
    """One reader, connected as long as it is switched on; methods may be called from any thread.

    `reader` is for reading only. It exists as long as the runner: after being switched off and on
    again it has lost everything but the templates of its sensor.
    """

    def __init__(self, port: int, sketch: Sketch, settings: Settings | None = None) -> None:
        """Prepare a reader for a broker on this machine; it is switched off."""
        self._port = port
        self._client: paho.Client | None = None
        self._timer: threading.Thread | None = None
        # Guards the reader; notified when its next due time may have changed.
        self._changed = threading.Condition()
        self.reader = FirstGenerationReader(sketch, self._say, time.monotonic(), settings)

    # Power

    def start(self) -> None:
        """Switch it on. It connects by itself, and again whenever it loses the broker."""
        with self._changed:
            self.reader.reboot(time.monotonic())
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id=READER_ID)
        client.reconnect_delay_set(_RECONNECT_AFTER, _RECONNECT_AFTER)
        client.on_connect = self._connected
        client.on_disconnect = self._disconnected
        client.on_message = self._take
        self._client = client
        client.connect_async("127.0.0.1", self._port, _KEEPALIVE)
        client.loop_start()
        self._timer = threading.Thread(target=self._keep_time, args=(client,))
        self._timer.start()

    def stop(self) -> None:
        """Switch it off, with a DISCONNECT to the broker."""
        self._switch_off(farewell=True)

    def kill(self) -> None:
        """Cut its power: the broker gets no DISCONNECT, only the end of the connection."""
        self._switch_off(farewell=False)

    def _switch_off(self, *, farewell: bool) -> None:
        with self._changed:
            client, self._client = self._client, None
            # Fingers may be moved meanwhile, without any effect.
            self.reader.reboot(time.monotonic())
            self._changed.notify()
        if client is None:
            return
        if not farewell and isinstance(connection := client.socket(), socket.socket):
            with contextlib.suppress(OSError):  # the broker was faster
                connection.shutdown(socket.SHUT_WR)
        # After that it sends nothing, and only keeps paho from connecting again.
        client.disconnect()
        client.loop_stop()
        if self._timer is not None:
            self._timer.join()

    # Fingers

    def place(self, finger: Hashable, quality: int = GOOD) -> None:
        """Put a finger on the sensor; see `FirstGenerationReader.place`."""
        with self._changed:
            self.reader.place(finger, time.monotonic(), quality)
            self._changed.notify()

    def lift(self) -> None:
        """Take the finger from the sensor."""
        with self._changed:
            self.reader.lift(time.monotonic())
            self._changed.notify()

    def touch(self, finger: Hashable, quality: int = GOOD) -> None:
        """Place a finger and lift it."""
        with self._changed:
            self.reader.touch(finger, time.monotonic(), quality)
            self._changed.notify()

    # The two threads: paho's, and the one that keeps time

    def _connected(
        self,
        client: paho.Client,
        _data: object,
        _flags: object,
        reason: ReasonCode,
        _properties: object,
    ) -> None:
        with self._changed:
            if reason.is_failure or self._client is not client:
                return
            self.reader.connected(time.monotonic())
            self._changed.notify()
        # A request right after the announcement may come too early, as with such sketches.
        for suffix in self.reader.subscriptions:
            client.subscribe(PREFIX + suffix)

    def _disconnected(self, client: paho.Client, *_: object) -> None:
        with self._changed:
            if self._client is not client:
                return
            self.reader.disconnected(time.monotonic())
            self._changed.notify()

    def _take(self, client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        with self._changed:
            if self._client is not client:
                return
            suffix = message.topic.removeprefix(PREFIX)
            self.reader.take(suffix, message.payload, time.monotonic())
            self._changed.notify()

    def _keep_time(self, client: paho.Client) -> None:
        with self._changed:
            while self._client is client:
                now = time.monotonic()
                if now >= self.reader.due():
                    self.reader.tick(now)
                else:
                    left = self.reader.due() - now
                    self._changed.wait(min(left, threading.TIMEOUT_MAX))

    def _say(self, suffix: str, payload: bytes) -> None:
        if self._client is not None:
            self._client.publish(PREFIX + suffix, payload)
