"""A fingerprint sensor of the Grow (ZFM) family, byte for byte, without the hardware.

`EmulatedSensor` is the sensor alone (no thread, no clock); `SensorLine` puts one
on a pty for a reader that opens a serial port; `python -m emulator` is that for a
person. A `Profile` says which sensor it is: an R307 and an R503 are refereed by client
libraries written for real sensors, the others are told of by manuals and reports.
"""

from __future__ import annotations

from .faults import Fault, FaultPlan
from .fingers import Blend, Finger, Quality
from .line import LoggedCommand, SensorLine
from .memory import LED_OFF, LED_ON, Led
from .odd_profiles import PROFILES
from .profiles import MODELS, R307, R503, Profile
from .sensor import EmulatedSensor, Reply
from .surface import Background
from .wire import Code, Command

__all__ = [
    "LED_OFF",
    "LED_ON",
    "MODELS",
    "PROFILES",
    "R307",
    "R503",
    "Background",
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
