"""Measures the cost of a snapshot, beside Home Assistant's MQTT sensors: `scripts/bench mqtt`.

One Home Assistant has our reader, and four MQTT sensors with value templates on a topic of their
own. Both get the snapshots of the same enrollments, byte for byte, in alternating blocks; what is
compared is when a client of the WebSocket API sees each, and how much CPU Home Assistant uses. Real
are Home Assistant, its MQTT and Mosquitto; the reader is a `FakeReaders` of one.
"""

# ruff: noqa: T201 - it prints

import asyncio
import json
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, override

from demo.brokers import BrokerKind
from demo.installation import Installation
from tests.e2e.fake_readers import FakeReaders
from tests.support.reader_publications import FEATURES, new_id

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from demo.client import Client

READER = "bench"
OURS = f"sensor.{READER}_enrollment"
THEIRS = "sensor.theirs_stage"
THEIR_TOPIC = "theirs/enroll/response"
TEMPLATES = {
    # The one that is waited for is the first.
    "stage": "{{ value_json.stage }}",
    "progress": "{{ (100 * value_json.captured | count / value_json.total) | round }}",
    "step": "{{ value_json.step }}",
    "rejected": "{{ value_json.rejected.count }}",
}
BLOCKS = 6
ENROLLMENTS = 10
"""In each block that is measured."""
SCANS = 3
SNAPSHOTS = 3 * SCANS
"""Of an enrollment: the finger is placed, looked at and lifted, but for the last lift."""
KINDS = {
    "show another stage": (1, 3, 4, 6, 7),
    "begin the enrollment, or capture a scan": (0, 2, 5),
    "end the enrollment": (8,),
}
"""Which snapshots of an enrollment cause how much work."""
_SLOT = 7


class EnrollingReader(FakeReaders):
    """One fake reader with all features; has the snapshots of a whole enrollment."""

    def __init__(self, port: int) -> None:
        """Connect, with an empty sensor."""
        self._stored: dict[int, str] = {}
        self._revision = new_id()
        super().__init__(port, [READER])

    def snapshots(self) -> list[str]:
        """Return the snapshots of the started enrollment, up to its completion."""
        told: list[str] = []
        captured = 0
        for step in range(1, SCANS + 1):
            for stage in ("place_finger", "processing", "lift_finger"):
                captured += stage == "lift_finger"
                last = captured == SCANS
                told.append(
                    json.dumps(
                        {
                            "v": 1,
                            **self._enrollments[READER],
                            "seq": len(told) + 1,
                            "stage": "completed" if last else stage,
                            "step": step,
                            "captured": [{"attempts": 1}] * captured,
                            "timeout_ms": None if last else 30000,
                        }
                    )
                )
        return told

    def publish(self, topic: str, snapshot: str) -> float:
        """Publish a snapshot as readers do; return the loop's time just before."""
        now = self._loop.time()
        self._client.publish(topic, snapshot, qos=1, retain=True)
        return now

    def store(self) -> None:
        """Store the template, as a reader does before the last snapshot."""
        enrollment = self._enrollments[READER]
        self._stored, self._revision = {_SLOT: enrollment["template_id"]}, new_id()
        # As hello tells it from now on.
        enrollment |= {"stage": "completed", "timeout_ms": None, "seq": SNAPSHOTS}
        enrollment |= {"step": SCANS, "captured": [{"attempts": 1}] * SCANS}

    def tell_of_templates(self) -> None:
        """Publish that the templates have changed."""
        self._say(READER, "templates", self._templates)

    @property
    def _templates(self) -> dict[str, Any]:
        return {
            "capacity": 1000,
            "count": len(self._stored),
            "revision": self._revision,
            "sensor_changed": False,
            "sensor_error": None,
        }

    @override
    def _result(self, reader_id: str, request: dict[str, Any]) -> dict[str, Any]:
        match request.get("command"):
            case "list":
                return {
                    "revision": self._revision,
                    "templates": [list(pair) for pair in self._stored.items()],
                    "next": None,
                }
            case "delete":
                self._stored, self._revision = {}, new_id()
                self.tell_of_templates()
                return {"revision": self._revision}
        result = super()._result(reader_id, request)
        if "enrollment" not in result:
            self._enrollments[READER]["slot"] = _SLOT
            return {"slot": _SLOT}
        return result | {
            "features": FEATURES,
            "templates": self._templates,
            "settings": {"identification": True, "security_level": 3},
            "diagnostics": {"signal": -61, "free_memory": 41000, "sensor_errors": 0},
        }


@dataclass(frozen=True, slots=True)
class Cpu:
    """Seconds of CPU."""

    process: float = 0.0
    loop: float = 0.0
    """Of that, in the thread of the event loop."""

    def __add__(self, other: Cpu) -> Cpu:
        return Cpu(self.process + other.process, self.loop + other.loop)

    def __sub__(self, other: Cpu) -> Cpu:
        return Cpu(self.process - other.process, self.loop - other.loop)


@dataclass
class Figures:
    """The measurements of one of both."""

    milliseconds: list[float] = field(default_factory=list)
    """From publishing to the client, for each message."""
    cpu: Cpu = field(default_factory=Cpu)
    """Of Home Assistant, for all of them."""

    @property
    def cpu_of_one(self) -> float:
        """Milliseconds of CPU for one message."""
        return self.cpu.process / len(self.milliseconds) * 1000

    @property
    def loop_of_one(self) -> float:
        """The same for the thread of the event loop."""
        return self.cpu.loop / len(self.milliseconds) * 1000

    @property
    def row(self) -> str:
        """All of it, to print."""
        cuts = statistics.quantiles(self.milliseconds, n=100)
        return (
            f"{cuts[49]:7.2f}  {cuts[94]:7.2f}  {cuts[98]:7.2f}  {self.cpu_of_one:6.3f}"
            f"  {self.loop_of_one:13.3f}  {len(self.milliseconds):8}"
        )


class Comparison:
    """Publishes to both, and measures."""

    def __init__(
        self, installation: Installation, client: Client, reader: EnrollingReader, device_id: str
    ) -> None:
        """Begin with nothing measured."""
        self._client = client
        self._reader = reader
        self._device_id = device_id
        self._pid = installation.home_assistant.program.pid
        self.ours, self.theirs = Figures(), Figures()
        self.enrollments = Figures()
        """Ours, with all that there is to an enrollment beside its snapshots."""

    def forget(self) -> None:
        """Discard the measurements."""
        self.ours, self.theirs, self.enrollments = Figures(), Figures(), Figures()

    async def async_block(self, enrollments: int = ENROLLMENTS) -> None:
        """Publish the same enrollments to our reader, and then to their sensors."""
        told = [await self._async_enroll() for _ in range(enrollments)]
        for snapshots in told:
            began = self._cpu()
            await self._async_tell(THEIR_TOPIC, THEIRS, snapshots, self.theirs)
            await self._async_settled()
            self.theirs.cpu += self._cpu() - began

    async def _async_enroll(self) -> list[str]:
        """Enroll somebody; return the snapshots of it."""
        began = self._cpu()
        await self._async_act("enroll_fingerprint", name="Somebody")
        snapshots = self._reader.snapshots()
        await self._async_settled()
        topic = f"biometric/{READER}/enroll/response"
        began_telling = self._cpu()
        await self._async_tell(topic, OURS, snapshots[:-1], self.ours)
        self._reader.store()
        await self._async_tell(topic, OURS, snapshots[-1:], self.ours)
        await self._async_settled()
        self.ours.cpu += self._cpu() - began_telling
        self._reader.tell_of_templates()
        await self._client.async_until_state(f"sensor.{READER}_stored_fingerprints", "1")
        await self._async_settled()
        self.enrollments.cpu += self._cpu() - began
        self.enrollments.milliseconds += [0.0]
        await self._async_act("delete_fingerprint", slot=_SLOT)
        await self._async_settled()
        return snapshots

    async def _async_tell(
        self, topic: str, entity_id: str, snapshots: list[str], figures: Figures
    ) -> None:
        """Publish snapshots, each when the client has seen the one before."""
        client = self._client
        for snapshot in snapshots:
            position = len(client.history)
            published = self._reader.publish(topic, snapshot)
            seen: list[float] = []

            def is_seen(_: object, seen: list[float] = seen, position: int = position) -> bool:
                seen[:] = [at for at, which, _ in client.history[position:] if which == entity_id]
                return bool(seen)

            await client.async_until(is_seen)
            figures.milliseconds.append((seen[0] - published) * 1000)

    async def _async_act(self, action: str, **data: Any) -> None:
        response = action == "enroll_fingerprint"
        await self._client.async_action(
            f"biometric_enroll.{action}", response=response, device_id=self._device_id, **data
        )

    async def _async_settled(self) -> None:
        """Wait until Home Assistant has finished its work in the background."""
        await asyncio.sleep(0.05)
        await self._client.async_command(type="get_config")

    def _cpu(self) -> Cpu:
        # Linux: the clock that shows the CPU time of a process, see clock_getcpuclockid(3).
        process = time.clock_gettime((~self._pid << 3) | 2)
        loop = Path(f"/proc/{self._pid}/task/{self._pid}/schedstat").read_text().split()[0]
        return Cpu(process, int(loop) / 1e9)


def _yaml() -> dict[str, Any]:
    sensors = [
        {
            "name": f"theirs {name}",
            "unique_id": f"theirs_{name}",
            "state_topic": THEIR_TOPIC,
            "value_template": template,
            "qos": 1,
        }
        for name, template in TEMPLATES.items()
    ]
    # What it costs to write down states is not compared.
    return {"mqtt": {"sensor": sensors}, "recorder": {"exclude": {"entity_globs": ["*"]}}}


async def async_with_both(use: Callable[[Installation, Comparison], Awaitable[None]]) -> None:
    """Start everything, warm it up, and use it."""
    with tempfile.TemporaryDirectory(prefix="biometric-enroll-") as folder:
        async with Installation(Path(folder) / "mqtt", broker=BrokerKind.MOSQUITTO) as installation:
            await installation.async_start(_yaml())
            reader = EnrollingReader(installation.broker.port)
            try:
                await installation.home_assistant.async_add_reader(READER)
                async with await installation.home_assistant.async_connect() as client:
                    await installation.home_assistant.async_started(client)
                    await client.async_until_state(f"binary_sensor.{READER}_connectivity", "on")
                    # What the demo's configuration writes down, nobody else has written down.
                    levels: dict[str, Any] = {"custom_components.biometric_enroll": "warning"}
                    await client.async_action("logger.set_level", **levels)
                    devices = await client.async_command(type="config/device_registry/list")
                    device_id = next(
                        each["id"]
                        for each in devices
                        if ["biometric_enroll", READER] in each["identifiers"]
                    )
                    comparison = Comparison(installation, client, reader, device_id)
                    await use(installation, comparison)
            finally:
                reader.close()


async def _async_compare(_: Installation, comparison: Comparison) -> None:
    await comparison.async_block()
    comparison.forget()
    for _number in range(BLOCKS):
        await comparison.async_block()
    ours, theirs = comparison.ours, comparison.theirs
    nearly = [statistics.quantiles(each.milliseconds, n=20)[-1] for each in (ours, theirs)]
    print("             p50 ms   p95 ms   p99 ms  CPU ms  of that, loop  messages")
    print(f"ours        {ours.row}")
    print(f"theirs      {theirs.row}")
    cpu, loop = ours.cpu_of_one / theirs.cpu_of_one, ours.loop_of_one / theirs.loop_of_one
    p95 = nearly[0] / nearly[1]
    print(f"ours to theirs: p95 {p95:.2f}, CPU {cpu:.2f}, of the loop {loop:.2f}")
    for what, indices in KINDS.items():
        medians = [
            statistics.median(
                one for at, one in enumerate(each.milliseconds) if at % SNAPSHOTS in indices
            )
            for each in (ours, theirs)
        ]
        print(f"p50 of those that {what}: {medians[0]:.2f} and {medians[1]:.2f} ms")
    print(f"a whole enrollment: {comparison.enrollments.cpu_of_one:.1f} ms of CPU")


if __name__ == "__main__":
    asyncio.run(async_with_both(_async_compare))
