"""Measures costs that grow with the number of readers: `scripts/bench [N ...]`, see docs/scale.md.

Real are Home Assistant, its MQTT and Mosquitto; the readers are a `FakeReaders`.
"""

# ruff: noqa: T201 - it prints

import asyncio
import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demo.brokers import BrokerKind
from demo.installation import Installation
from tests.e2e.fake_readers import FakeReaders
from tests.support.house import CONNECTIVITY, House
from tests.support.reader_publications import IDLE, new_id

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from demo.client import Client

READERS = (1, 10, 100, 500)
SNAPSHOTS = 4000
TOUCHES = 400
REMEMBERED = 256
"""Touches that Home Assistant remembers of each reader, here from the start."""
_BATCH = 50
_QUIET = 12
"""Seconds; Home Assistant writes its registries 10 s after they have changed."""
_IDLE = 0.05
"""Seconds of CPU in one second that count as idle."""
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Figures:
    """The measurements with one number of readers."""

    readers: int
    start: float
    """Seconds from the start of the process until all readers were asked whether they are there."""
    memory: float
    """MiB of RAM afterwards."""
    snapshot: float
    """Milliseconds of CPU for one snapshot that shows another stage."""
    touch: float
    """The same for a touch, until it is saved and acknowledged."""


def _cpu(pid: int) -> float:
    """Return the seconds of CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


async def _async_quiet(pid: int) -> None:
    """Wait until a process was idle for longer than it delays the writing of files."""
    quiet, used = 0.0, _cpu(pid)
    while quiet < _QUIET:
        await asyncio.sleep(1)
        before, used = used, _cpu(pid)
        quiet = quiet + 1 if used - before < _IDLE else 0.0


def _memory(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


def _write_readers(storage: Path, reader_ids: list[str]) -> None:
    """Add readers to a Home Assistant that does not run."""
    file = storage / "core.config_entries"
    entries = json.loads(file.read_text())
    kept = [one for one in entries["data"]["entries"] if one["domain"] != "biometric_enroll"]
    pattern = next(one for one in kept if one["domain"] == "mqtt")
    entries["data"]["entries"] = kept + [
        {
            **pattern,
            "data": {"reader_id": reader_id, "device": reader_id},
            "domain": "biometric_enroll",
            "entry_id": reader_id,
            "title": reader_id,
            "unique_id": reader_id,
            "version": 1,
            "minor_version": 1,
        }
        for reader_id in reader_ids
    ]
    file.write_text(json.dumps(entries))


def _write_marks(storage: Path, reader_ids: list[str]) -> None:
    """Fill its delivery log with as many touches as it keeps."""
    delivery_log = {
        reader_id: {
            "snapshot": {**IDLE, "duplicate_of": None},
            "touches": [new_id() for _ in range(REMEMBERED)],
        }
        for reader_id in reader_ids
    }
    key = "biometric_enroll.marks"
    (storage / key).write_text(
        json.dumps({"version": 1, "minor_version": 1, "key": key, "data": delivery_log})
    )


async def _async_measure(installation: Installation, count: int) -> Figures:
    """Restart Home Assistant with so many readers, and measure."""
    home_assistant = installation.home_assistant
    home_assistant.stop()
    reader_ids = [f"reader_{number}" for number in range(count)]
    _write_readers(home_assistant.folder / ".storage", reader_ids)
    _write_marks(home_assistant.folder / ".storage", reader_ids)
    fakes = FakeReaders(installation.broker.port, reader_ids)
    try:
        began = time.monotonic()
        await home_assistant.async_start()
        await fakes.until(lambda fakes: fakes.all_greeted)
        start = time.monotonic() - began
        # Not before: a client would have to keep up with all entities that appear.
        async with await home_assistant.async_connect() as client:
            await home_assistant.async_started(client)
            await _async_all_available(client, reader_ids)
            # What the demo's configuration writes down for us, nobody else has written down.
            levels: dict[str, Any] = {"custom_components.biometric_enroll": "warning"}
            await client.async_action("logger.set_level", **levels)
            pid = home_assistant.program.pid
            await _async_quiet(pid)
            memory = _memory(pid)
            snapshot = await _async_snapshots(fakes, client, reader_ids, pid)
            touch = await _async_touches(fakes, reader_ids, pid)
        return Figures(count, start, memory, snapshot, touch)
    finally:
        fakes.close()


async def _async_all_available(client: Client, reader_ids: list[str]) -> None:
    entity_ids = [f"binary_sensor.{reader_id}_connectivity" for reader_id in reader_ids]
    await client.async_until(
        lambda states: all(
            entity_id in states and states[entity_id].state == "on" for entity_id in entity_ids
        )
    )


async def _async_snapshots(
    fakes: FakeReaders, client: Client, reader_ids: list[str], pid: int
) -> float:
    """Publish many stages of one of the readers; it does not matter which one."""
    reader_id = reader_ids[-1]
    devices = await client.async_command(type="config/device_registry/list")
    device_id = next(
        device["id"]
        for device in devices
        if ["biometric_enroll", reader_id] in device["identifiers"]
    )
    await client.async_action(
        "biometric_enroll.enroll_fingerprint", response=True, device_id=device_id, name="Somebody"
    )

    async def batch(number: int) -> None:
        for index in range(_BATCH):
            fakes.tell_stage(reader_id, "place_finger" if index % 2 else "processing")
        # Seen behind the others, so that no queue on the way grows.
        fakes.tell_templates(reader_id, number + 1)
        stored = f"sensor.{reader_id}_stored_fingerprints"
        await client.async_until_state(stored, str(number + 1))

    milliseconds = await _async_cpu(pid, SNAPSHOTS, batch)
    fakes.tell_stage(reader_id, "cancelled")
    await client.async_until_state(f"sensor.{reader_id}_enrollment", "cancelled")
    return milliseconds


async def _async_touches(fakes: FakeReaders, reader_ids: list[str], pid: int) -> float:
    """Publish touches of all readers in turn."""

    async def batch(number: int) -> None:
        for index in range(_BATCH):
            fakes.touch(reader_ids[(number * _BATCH + index) % len(reader_ids)])
        await fakes.until(lambda fakes: fakes.acknowledged >= (number + 1) * _BATCH)

    return await _async_cpu(pid, TOUCHES, batch)


async def _async_cpu(pid: int, count: int, batch: Callable[[int], Awaitable[None]]) -> float:
    """Return the milliseconds of CPU that one of so many messages costs."""
    await batch(0)  # what happens only once
    before = _cpu(pid)
    for number in range(1, count // _BATCH + 1):
        await batch(number)
    return (_cpu(pid) - before) / count * 1000


async def _async_grow(counts: list[int]) -> None:
    with tempfile.TemporaryDirectory(prefix="biometric-enroll-") as folder:
        async with Installation(
            Path(folder) / "crowd", broker=BrokerKind.MOSQUITTO
        ) as installation:
            # Its cost is that of any entity's states, and it comes in lumps.
            await installation.async_start({"recorder": {"exclude": {"entity_globs": ["*"]}}})
            async with await installation.home_assistant.async_connect() as client:
                await installation.home_assistant.async_started(client)
            print("readers  start s  RAM MiB  CPU ms/snapshot  CPU ms/touch", flush=True)
            for count in counts:
                one = await _async_measure(installation, count)
                print(
                    f"{one.readers:7}  {one.start:7.1f}  {one.memory:7.0f}  "
                    f"{one.snapshot:15.2f}  {one.touch:12.2f}",
                    flush=True,
                )


async def _async_count() -> None:
    """Print how many messages one real reader sends and receives for each task."""
    with tempfile.TemporaryDirectory(prefix="biometric-enroll-") as folder:
        async with House.running(Path(folder) / "one", BrokerKind.MOSQUITTO) as house:
            await house.settled()
            print("messages, with the topics below the reader's own", flush=True)
            finger, position = house.new_finger(), len(house.wire.messages)
            for what, happens in (
                ("an enrollment", lambda: house.enroll("Somebody", finger)),
                ("a touch", lambda: house.touch(finger)),
                ("a restart of the reader", lambda: _async_restart(house)),
            ):
                await happens()
                await house.settled()
                new = house.wire.messages[position:]
                position += len(new)
                topics = sorted({message.topic for message in new})
                numbers = [sum(message.topic == topic for message in new) for topic in topics]
                each = ", ".join(f"{t} {n}" for t, n in zip(topics, numbers, strict=True))
                print(f"{what}: {len(new)} ({each})", flush=True)


async def _async_restart(house: House) -> None:
    house.reader.kill()
    await house.client.async_until_state(CONNECTIVITY, "off")
    house.reader.start()
    await house.until_available()


if __name__ == "__main__":
    asyncio.run(_async_count())
    asyncio.run(_async_grow([int(word) for word in sys.argv[1:]] or list(READERS)))
