"""An emulated sensor to play with: `python -m emulator --link /tmp/sensor`.

Lines on standard input say what happens to it; the end of the input ends it.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .faults import Fault
from .fingers import Blend, Finger, Quality
from .line import SensorLine
from .odd_profiles import PROFILES
from .sensor import EmulatedSensor
from .surface import Background

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HELP = f"""\
place NAME [QUALITY] [early=QUALITY,...] [twin=NAME] [blend=BLEND]
                                put a finger on the sensor
lift                            take it away
script QUALITY ...              how the next captures turn out
fault FAULT [COUNT]             the next commands go wrong; "fault none" forgets all
fault code CODE [COUNT]         the next commands do nothing but answer with this (hexadecimal)
flicker LOOKS                   which looks see a resting finger, as in 1101; "flicker 1": all
background BACKGROUND           what is seen while no finger rests there
unplug, replug, power           take the sensor off, put it back, interrupt its supply
swap [PROFILE]                  put a new, empty sensor in its place
show                            stored slots, finger, light, number of commands so far
help, quit

QUALITY: {", ".join(Quality)}
BLEND: {", ".join(Blend)}
BACKGROUND: {", ".join(Background)}
FAULT: {", ".join(fault for fault in Fault if fault is not Fault.CODE)}
"""


@dataclass
class Player:
    """Carries out what a person types."""

    line: SensorLine
    #: A finger is the same one each time it is named.
    fingers: dict[str, Finger] = field(default_factory=dict)

    def run(self, lines: Iterable[str]) -> None:
        """Do each line until the input ends or says quit."""
        for text in lines:
            words = text.split()
            if words == ["quit"]:
                return
            if words:
                print(self.do(*words), flush=True)

    def do(self, verb: str, *words: str) -> str:
        """Do one thing and return what to say about it."""
        try:
            match verb, words:
                case "place", (name, *options):
                    self.line.place(self._finger(name, options))
                case "lift" | "unplug" | "replug", ():
                    getattr(self.line, verb)()
                case "power", ():
                    self.line.power_cycle()
                case "swap", (*name,) if len(name) <= 1:
                    self._swap(*name)
                case "show", ():
                    return self._show()
                case _:
                    with self.line.hold() as sensor:
                        if not _change(sensor, verb, *words):
                            return HELP
        except (ValueError, KeyError) as error:
            return f"not understood: {error}"
        return "ok"

    def _finger(self, name: str, options: Sequence[str]) -> Finger:
        """Return the finger of that name, changed as the options say."""
        if options or name not in self.fingers:
            pairs = dict(option.split("=") for option in options if "=" in option)
            qualities = [Quality(option) for option in options if "=" not in option]
            self.fingers[name] = Finger(
                name,
                quality=qualities[-1] if qualities else Quality.OK,
                twin=pairs.pop("twin", None),
                blend=Blend(pairs.pop("blend", Blend.NEITHER)),
                early=[Quality(one) for one in pairs.pop("early", "").split(",") if one],
            )
            if pairs:
                raise ValueError(", ".join(pairs))
        return self.fingers[name]

    def _swap(self, name: str | None = None) -> None:
        with self.line.hold() as sensor:
            profile = PROFILES[name] if name else sensor.profile
        self.line.swap(EmulatedSensor(profile))

    def _show(self) -> str:
        with self.line.hold() as sensor:
            return (
                f"slots {sorted(sensor.templates)}, "
                f"finger {sensor.finger.name if sensor.finger else 'none'}, "
                f"{'powered' if sensor.powered else 'off'}, {sensor.led}, "
                f"{self.line.command_count} commands"
            )


def _change(sensor: EmulatedSensor, verb: str, *words: str) -> bool:
    """Change what goes wrong with a sensor and what it sees; tell whether that was meant."""
    match verb, words:
        case "script", (_, *_):
            sensor.script(*map(Quality, words))
        case "flicker", (looks,):
            sensor.flicker([bool(int(look, 2)) for look in looks])
        case "background", (name,):
            sensor.background(Background(name))
        case "fault", ("none",):
            sensor.faults.clear()
        case "fault", (Fault.CODE, code, *count) if len(count) <= 1:
            sensor.faults.add(Fault.CODE, *map(int, count), code=int(code, 16))
        case "fault", (name, *count) if len(count) <= 1:
            sensor.faults.add(Fault(name), *map(int, count))
        case _:
            return False
    return True


def _hexadecimal(text: str) -> int:
    """Return a number of up to four bytes."""
    number = int(text, 16)
    if number not in range(1 << 32):
        raise argparse.ArgumentTypeError(f"{text} does not fit into four bytes")
    return number


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one sensor until the input ends."""
    parser = argparse.ArgumentParser(prog="emulator", description=__doc__)
    parser.add_argument(
        "--profile", choices=PROFILES, default="R307", help="the sensor, by default an R307"
    )
    parser.add_argument("--address", type=_hexadecimal, help="its address, hexadecimal")
    parser.add_argument("--password", type=_hexadecimal, help="its password, hexadecimal")
    parser.add_argument(
        "--baud",
        type=int,
        choices=range(9600, 115201, 9600),
        metavar="BAUD",
        help="its speed, 9600 to 115200 in steps of 9600",
    )
    parser.add_argument("--link", type=Path, help="symlink to make for the serial port")
    parser.add_argument(
        "--time-scale",
        type=float,
        default=1.0,
        help="answers take this many times as long as those of a real sensor (0: instant)",
    )
    options = parser.parse_args(arguments)
    sensor = EmulatedSensor(PROFILES[options.profile])
    if options.address is not None:
        sensor.flash.address = options.address
    if options.password is not None:
        sensor.flash.password = options.password
    if options.baud is not None:
        sensor.flash.baud = options.baud // 9600
    with SensorLine(sensor, link=options.link, time_scale=options.time_scale) as line:
        print(f"{options.profile} at {line.path}", flush=True)
        Player(line).run(sys.stdin)


if __name__ == "__main__":
    main()
