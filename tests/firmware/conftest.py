"""The emulated sensor alone; and with a broker, a reader as a process and a Home Assistant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from serial import Serial

from emulator import R307, R503, EmulatedSensor, Profile, SensorLine
from tests.firmware.emulator_client import Client
from tests.firmware.reader_process import RUNTIMES, Broker, Home, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=[R307, R503], ids=lambda profile: profile.name)
def client(request: pytest.FixtureRequest) -> Client:
    profile: Profile = request.param
    return Client(EmulatedSensor(profile))


@pytest.fixture
def line() -> Iterator[SensorLine]:
    with SensorLine(EmulatedSensor(R307)) as running:
        yield running


@pytest.fixture
def port(line: SensorLine) -> Iterator[Serial]:
    with Serial(line.path, 57600, timeout=5) as opened:
        yield opened


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    broker = Broker(tmp_path)
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture
def model() -> str:
    return "R307"


@pytest.fixture(params=RUNTIMES)
def reader(
    request: pytest.FixtureRequest, tmp_path: Path, broker: Broker, model: str
) -> Iterator[Reader]:
    """Give a reader that is connected and whose sensor answers."""
    reader = Reader(tmp_path, request.param, broker.port, model)
    home = Home(broker.port)
    reader.start()
    try:
        home.wait("templates", lambda one: one["count"] == 0)
        yield reader
    finally:
        home.close()
        reader.close()
        print(reader.log.read_text())  # noqa: T201 - shown when a test fails


@pytest.fixture
def home(reader: Reader, broker: Broker) -> Iterator[Home]:
    home = Home(broker.port)
    yield home
    home.close()
