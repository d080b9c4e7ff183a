"""The file that only an ESP32 runs, on stand-ins for its hardware, under MicroPython.

It shows that the file does what it says it does, and nothing about real hardware.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from emulator import R503, EmulatedSensor, SensorLine
from tests.firmware.reader_process import RUNTIMES, Home

if TYPE_CHECKING:
    from tests.firmware.reader_process import Broker

RUN = Path(__file__).parent / "esp32/run.py"
MICROPYTHONS = [name for name in RUNTIMES if name != "cpython"]
CONFIG = {
    "reader_id": "front_door",
    "sensor": "R503",
    "broker": "127.0.0.1",
    "uart": {"id": 2, "tx": 17, "rx": 16},
    "wifi": {"ssid": "home", "password": "secret"},
}


def start(runtime: str, folder: Path, port: int, sensor: str) -> subprocess.Popen[str]:
    config = folder / "config.json"
    config.write_text(json.dumps({**CONFIG, "port": port}))
    command: list[str | Path] = [RUNTIMES[runtime], RUN, config, folder / "data", sensor]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.mark.parametrize("runtime", MICROPYTHONS)
def test_the_board_joins_the_wifi_serves_and_restarts(
    runtime: str, tmp_path: Path, broker: Broker
) -> None:
    home = Home(broker.port)
    with SensorLine(EmulatedSensor(R503)) as line:
        process = start(runtime, tmp_path, broker.port, line.path)
        try:
            status = home.wait("status", lambda one: one["online"]).payload
            assert (status["board"], status["device"]) == ("esp32", "a1b2c3d4e5f6")
            assert (status["sensor"], status["max_scans"]) == ("R503", 7)
            home.wait("templates", lambda one: one["capacity"] == 200)
            hello = home.hello()
            assert hello["diagnostics"]["signal"] == -61
            assert hello["diagnostics"]["free_memory"] > 0
            nonce = hello["nonce"]
            assert home.ask("command", command="restart", nonce=nonce).payload["ok"]
            output, _ = process.communicate(timeout=10)
        finally:
            process.kill()
            home.close()
    assert process.returncode == 77, output
    assert "reset after" in output
    assert "reset after 0 feeds" not in output
    assert (tmp_path / "data/memory").exists()


@pytest.mark.parametrize("runtime", MICROPYTHONS)
def test_without_a_configuration_the_board_says_so_and_does_not_restart_for_ever(
    runtime: str, tmp_path: Path
) -> None:
    command: list[str | Path] = [RUNTIMES[runtime], RUN, tmp_path / "none.json", tmp_path, "no"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    assert done.returncode == 0
    assert "none.json cannot be read" in done.stdout
