"""The reader on an ESP32 under MicroPython.

No ESP32 has run this file yet: it is type-checked, and run against stand-ins for the hardware.

Beside what every reader needs (fpreader/config.py), /config.json says

    "uart": {"id": 2, "tx": 17, "rx": 16}          pins of the sensor's line, as the ESP32 sees them
    "wifi": {"ssid": "home", "password": "secret"}
"""

import asyncio
import os
import sys
import time

import machine
import network

from fpreader import config
from fpreader.app import App
from fpreader.board import Board
from fpreader.sensor_packet import FACTORY_BAUD

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable

CONFIG = "/config.json"
FOLDER = "/data"

_LOOK_MS = 3
_MOST_PIN = 48
#: Above the longest that looking up a name blocks everything.
_WATCHDOG_MS = 60000
#: A join that takes longer is begun anew.
_JOIN_MS = 30000
#: For the network to send what it was given, and after a failure for a person to read why.
_LEAVE_MS = 300
_READ_MS = 5000


class SensorLine:
    """The UART with the sensor."""

    def __init__(self, section: config.Section, clock: "Callable[[], int]") -> None:
        self._clock = clock
        self._uart = machine.UART(
            section.number("id", 0, 2),
            FACTORY_BAUD,
            tx=section.number("tx", 0, _MOST_PIN),
            rx=section.number("rx", 0, _MOST_PIN),
            rxbuf=512,
            timeout=0,
        )

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self._uart.write(data)

    def set_baud(self, rate: int) -> None:
        """Go on at another rate, in bits per second."""
        self._uart.init(baudrate=rate)

    async def read(self, n: int, timeout_ms: int) -> bytes:
        """Give what came, at most n bytes; nothing when the time was over first."""
        end = self._clock() + timeout_ms
        while not self._uart.any() and self._clock() < end:
            await asyncio.sleep(_LOOK_MS / 1000)
        return self._uart.read(min(n, self._uart.any())) or b""

    def discard(self) -> None:
        """Forget what came and was not read."""
        while self._uart.any():
            self._uart.read(self._uart.any())


class Esp32Board(Board):
    """The hardware, watched over from here on."""

    name = "esp32"

    def __init__(self, section: config.Section) -> None:
        super().__init__(FOLDER)
        wifi = section.section("wifi")
        self.device = machine.unique_id().hex()
        self.stream = SensorLine(section.section("uart"), self.clock)
        self._ssid = wifi.text("ssid")
        self._password = wifi.text_or_none("password")
        self._wlan = network.WLAN(network.WLAN.IF_STA)
        self._watchdog = machine.WDT(timeout=_WATCHDOG_MS)

    def feed(self) -> None:
        """Tell the watchdog that the program lives."""
        self._watchdog.feed()

    async def network(self) -> None:
        """Return once the Wi-Fi is joined; OSError when that takes too long."""
        if self._wlan.isconnected():
            return
        self._wlan.active(False)  # noqa: FBT003 - has no other form
        self._wlan.active(True)  # noqa: FBT003
        # Power saving would delay each touch by up to the access point's beacon interval.
        self._wlan.config(pm=self._wlan.PM_NONE)
        self._wlan.connect(self._ssid, self._password)
        end = self.clock() + _JOIN_MS
        while not self._wlan.isconnected():
            if self.clock() >= end:
                raise OSError("no Wi-Fi")
            await asyncio.sleep(0.2)

    def signal(self) -> "int | None":
        """Give the strength of the Wi-Fi in dBm; None where it is not joined."""
        try:
            strength: int = self._wlan.status("rssi")
        except OSError:
            return None
        return strength


def main() -> None:
    """Run the reader, and start it again whatever happens; without a configuration, stop."""
    try:
        section = config.read(CONFIG)
        wanted = config.Config(section)
        board = Esp32Board(section)
    except config.ConfigError as error:
        print("reader:", error)
        return
    try:
        os.mkdir(FOLDER)
    except OSError:
        pass  # it is there since the first start
    try:
        asyncio.run(App(board, wanted).run())
        time.sleep_ms(_LEAVE_MS)
    except Exception as error:
        sys.print_exception(error)
        time.sleep_ms(_READ_MS)
    machine.reset()
