"""A reader: the real firmware under MicroPython, on an emulated sensor."""

import json
from typing import TYPE_CHECKING, Any

from emulator.line import SensorLine
from emulator.odd_profiles import PROFILES
from emulator.sensor import EmulatedSensor
from emulator.wire import DEFAULT_ADDRESS, Command
from fpreader.sensor_models import BUFFERS

from .programs import CACHE, ROOT, Program

if TYPE_CHECKING:
    from pathlib import Path

    from emulator.profiles import Profile

# The firmware ends with 3 when it wants to be started again.
_AGAIN_WHILE_ASKED = 'while "$@"; [ $? = 3 ]; do :; done'

MICROPYTHON = CACHE / "bin" / "micropython"


def _sensor_config(profile: Profile) -> dict[str, Any]:
    """Return what a person would write of this sensor: only what it does not tell."""
    config: dict[str, Any] = {}
    if profile.name in BUFFERS:
        config["sensor"] = profile.name
    if not profile.knows(Command.READ_SYS_PARA):
        config["capacity"] = profile.capacity
    if profile.address != DEFAULT_ADDRESS:
        config["address"] = f"{profile.address:#010x}"
    if profile.password:
        config["sensor_password"] = f"{profile.password:#010x}"
    return config


class VirtualReader:
    """A reader whose power can be cut and restored; flash and sensor keep their contents."""

    def __init__(  # noqa: PLR0913 - what a person decides who builds one
        self,
        reader_id: str,
        broker_port: int,
        folder: Path,
        *,
        model: str = "R307",
        time_scale: float = 0.0,
        runtime: Path = MICROPYTHON,
    ) -> None:
        """Prepare a reader. `time_scale` 1 makes the sensor as slow as a real one, 0 instant.

        `model` is the name of one of the emulator's profiles.
        """
        self.reader_id = reader_id
        self.device = f"demo_{reader_id}"
        self._folder = folder
        self._runtime = runtime
        (folder / "flash").mkdir(parents=True, exist_ok=True)
        profile = PROFILES[model]
        self.sensor_line = SensorLine(
            EmulatedSensor(profile), link=folder / "sensor", time_scale=time_scale
        )
        self._config = folder / "config.json"
        self._config.write_text(
            json.dumps(
                {
                    "reader_id": reader_id,
                    "device": self.device,
                    "broker": "127.0.0.1",
                    "port": broker_port,
                    **_sensor_config(profile),
                    "uart": self.sensor_line.path,
                    "storage": str(folder / "flash"),
                }
            )
        )
        self._program: Program | None = None

    def start(self) -> None:
        """Switch it on."""
        self._program = Program(
            [
                *("sh", "-c", _AGAIN_WHILE_ASKED, "reader"),
                *(self._runtime, ROOT / "firmware" / "board_host.py", self._config),
            ],
            self._folder / "reader.log",
        )

    def kill(self) -> None:
        """Cut its power; the sensor loses its own as well."""
        if self._program:
            self._program.kill()
        self.sensor_line.power_cycle()

    @property
    def program(self) -> Program:
        """The running firmware."""
        if self._program is None:
            raise RuntimeError("not started")
        return self._program

    def close(self) -> None:
        """End it, and remove the sensor."""
        if self._program:
            self._program.stop()
        self.sensor_line.close()
