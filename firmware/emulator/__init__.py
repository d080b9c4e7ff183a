"""An R307 or R503 fingerprint sensor, byte for byte, without the hardware.

`EmulatedSensor` is the sensor alone (no thread, no clock); `SensorLine` puts one
on a pty for a reader that opens a serial port; `python -m emulator` is that for a
person. It is refereed by client libraries written for real sensors.
"""

from __future__ import annotations

from .faults import Fault, FaultPlan
from .fingers import Blend, Finger, Quality
from .line import LoggedCommand, SensorLine
from .memory import LED_OFF, LED_ON, Led
from .profiles import PROFILES, R307, R503, Profile
from .sensor import EmulatedSensor, Reply
from .wire import Code, Command

__all__ = [
    "LED_OFF",
    "LED_ON",
    "PROFILES",
    "R307",
    "R503",
    "Blend",
    "Code",
    "Command",
    "EmulatedSensor",
    "Fault",
    "FaultPlan",
    "Finger",
    "Led",
    "LoggedCommand",
    "Profile",
    "Quality",
    "Reply",
    "SensorLine",
]
