"""Whole enrollments as both sides say them: tests/wire/transcripts is what the firmware says.

The clock is virtual, so sleeps are what people and sensors do, and take no time. With
UPDATE_TRANSCRIPTS=1 in the environment the files are written anew.
"""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from emulator import R307, R503, Background, Command, EmulatedSensor, Fault, Finger, Quality
from tests.firmware.transcript_recorder import TranscriptRecorder
from tests.simulation.loop import run

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

TRANSCRIPTS = Path(__file__).parents[1] / "wire/transcripts"
ANNA, BEN = Finger("anna"), Finger("ben")
T, U = "9f2c01ab44d0e1f7", "1b7d4e90c2a3f586"
HIGH = 7


async def good(r: TranscriptRecorder) -> None:
    # Three good scans; then the finger is known, and the touch is acknowledged.
    await r.start(T)
    for _ in range(3):
        await r.press(ANNA)
    await asyncio.sleep(1)  # of a clock that jumps
    r.sensor.place(ANNA)
    touch = await r.wait("fingerprint", lambda _: True)
    r.sensor.lift()
    r.say("command", command="ack", touch=touch["touch"])
    await r.ask("command", command="hello")


async def seven_scans(r: TranscriptRecorder) -> None:
    # As many scans as six buffers allow.
    await r.start(T, total=HIGH)
    for _ in range(HIGH):
        await r.press(ANNA)


async def bad_image(r: TranscriptRecorder) -> None:
    # The second scan is too messy once, then gives too few features, then is good.
    await r.start(T)
    await r.press(ANNA)
    r.sensor.script(Quality.TOO_MESSY, Quality.TOO_FEW_FEATURES)
    for _ in range(4):
        await r.press(ANNA)


async def cancel(r: TranscriptRecorder) -> None:
    # Cancelled after two scans, when the sensor had already stored; once more, too late.
    await r.start(T)
    await r.press(ANNA)
    await r.press(ANNA)
    for _ in range(2):
        await r.ask("enroll/request", action="cancel", template_id=T)


async def mismatch(r: TranscriptRecorder) -> None:
    # Another finger than at the first scan, three times.
    await r.start(T)
    await r.press(ANNA)
    for _ in range(3):
        await r.press(BEN)


async def mismatch_at_the_last_scan(r: TranscriptRecorder) -> None:
    # The verifying scan is another finger once, then the right one.
    await r.start(T)
    for finger in (ANNA, ANNA, BEN, ANNA):
        await r.press(finger)


async def duplicate(r: TranscriptRecorder) -> None:
    # A finger that is enrolled already.
    await r.start(T)
    for _ in range(3):
        await r.press(ANNA)
    await r.start(U)
    await r.press(ANNA)


async def timeout(r: TranscriptRecorder) -> None:
    # Nobody comes for the second scan.
    await r.start(T, scan_timeout_s=5)
    await r.press(ANNA)
    await r.wait("enroll/response", lambda one: one["stage"] == "failed")


async def sensor_unplugged(r: TranscriptRecorder) -> None:
    # The sensor falls silent in the middle, and comes back.
    await r.start(T)
    await r.press(ANNA)
    r.sensor.power_off()
    await r.wait("enroll/response", lambda one: one["stage"] == "failed")
    await r.wait("templates", lambda one: one["sensor_error"] == "not_responding", 3)
    since = len(r.transcript)
    r.sensor.power_on()
    await r.wait("templates", lambda one: one["sensor_error"] is None, since)


async def reader_restarted(r: TranscriptRecorder) -> None:
    # The reader loses its power in the middle.
    await r.start(T)
    await r.press(ANNA)
    r.cut_power()
    since = len(r.transcript)
    r.turn_on()
    await r.wait("templates", lambda one: one["sensor_error"] is None, since)
    await r.ask("command", command="hello")


async def refused(r: TranscriptRecorder) -> None:
    # A second start while one is running, a stale one, and a repeated one.
    first = await r.start(T)
    assert first["ok"]
    await r.start(U)
    message: dict[str, Any] = {"action": "start", "slot": None, "total": 3, "scan_timeout_s": 30}
    await r.ask("enroll/request", template_id=U, nonce="0" * 16, **message)
    await r.ask("enroll/request", template_id=T, nonce="0" * 16, **message)
    await r.ask("enroll/request", action="cancel", template_id=U)
    await r.ask("enroll/request", action="cancel", template_id=T)


async def touch_after_timeout(r: TranscriptRecorder) -> None:
    # Nobody comes for the second scan; whoever comes right after the end is told.
    await timeout(r)
    r.sensor.place(ANNA)
    await r.wait("fingerprint", lambda _: True)
    r.sensor.lift()


async def changes(r: TranscriptRecorder) -> None:
    # A template without an id is named and deleted only by the revision that lists it.
    await good(r)
    r.sensor.templates[7] = r.sensor.templates[0]
    r.cut_power()
    since = len(r.transcript)
    r.turn_on()
    await r.wait("templates", lambda one: one["count"] == 2, since)
    before = (await r.ask("command", command="list", first=0))["result"]["revision"]
    adopted = await r.change("adopt", slot=7, template_id=U, revision=before)
    now = adopted["result"]["revision"]
    await r.ask("command", command="list", first=0)
    await r.change("adopt", slot=7, template_id="3" * 16, revision=now)
    await r.change("delete", slot=0, template_id=None, revision=now)
    deleted = await r.change("delete", slot=7, template_id=U)
    r.sensor.templates[8] = r.sensor.templates[0]
    r.cut_power()
    since = len(r.transcript)
    r.turn_on()
    told = await r.wait("templates", lambda one: one["count"] == 2, since)
    outdated = deleted["result"]["revision"]
    await r.change("adopt", slot=8, template_id="3" * 16, revision=outdated)
    await r.change("delete", slot=8, template_id=None, revision=outdated)
    await r.change("delete", slot=8, template_id=None, revision=told["revision"])


async def flickering_finger(r: TranscriptRecorder) -> None:
    # The sensor does not see the resting finger in every third image; each rest is one scan, and
    # one touch, whose first image is of an edge of the finger.
    r.sensor.flicker((True, True, False))
    await good(r)
    r.sensor.lift()
    await asyncio.sleep(2)
    r.sensor.place(replace(ANNA, early=(Quality.EDGE,)))
    since = len(r.transcript)
    await r.wait("fingerprint", lambda _: True, since)
    await asyncio.sleep(2)
    r.sensor.lift()


async def shifted_index(r: TranscriptRecorder) -> None:
    # Slot n is bit n + 1 of the index table. Two people, and both are known after a restart.
    for template_id, finger in ((T, ANNA), (U, BEN)):
        await r.start(template_id)
        for _ in range(3):
            await r.press(finger)
    r.cut_power()
    since = len(r.transcript)
    r.turn_on()
    await r.wait("templates", lambda one: one["count"] == 2, since)
    await r.ask("command", command="list", first=0)


async def strange_codes(r: TranscriptRecorder) -> None:
    # Answers that are on no list cost one command: asked once more, and then one look or one scan.
    await r.start(T)
    r.sensor.faults.add(Fault.CODE, command=Command.IMG_2_TZ, code=0x29)
    await r.press(ANNA)
    r.sensor.faults.add(Fault.CODE, 2, command=Command.IMG_2_TZ, code=0xFE)
    for _ in range(3):
        await r.press(ANNA)
    await asyncio.sleep(2)
    r.sensor.faults.add(Fault.CODE, 2, command=Command.SEARCH, code=0x17)
    r.sensor.place(ANNA)
    await r.wait("fingerprint", lambda _: True)
    r.sensor.lift()


async def always_finger(r: TranscriptRecorder) -> None:
    # Dirt on the glass: said after 10 s; a known finger on top is identified, once.
    await good(r)
    r.sensor.lift()
    await asyncio.sleep(2)
    since = len(r.transcript)
    r.sensor.background(Background.DIRT)
    await r.wait("fingerprint", lambda one: one["result"] == "unreadable", since)
    await r.wait("templates", lambda one: one["sensor_error"] == "always_finger", since)
    r.sensor.place(ANNA)
    await r.wait("fingerprint", lambda one: one["result"] == "identified", since)
    r.sensor.lift()
    await asyncio.sleep(2)
    r.sensor.place(ANNA)
    await asyncio.sleep(15)
    r.sensor.lift()
    r.sensor.background(Background.NOTHING)
    cleaned = len(r.transcript)
    await r.wait("templates", lambda one: one["sensor_error"] is None, cleaned)


async def published_again(r: TranscriptRecorder) -> None:
    # A new connection says the same again, with the same seq; a restart goes on from there.
    await r.start(T)
    await r.press(ANNA)
    since = len(r.transcript)
    r.reconnect()
    await r.wait("enroll/response", lambda _: True, since)
    since = len(r.transcript)
    r.cut_power()
    r.turn_on()
    await r.wait("enroll/response", lambda one: one["stage"] == "failed", since)
    since = len(r.transcript)
    r.cut_power()
    r.turn_on()
    await r.wait("enroll/response", lambda _: True, since)


async def no_processing(r: TranscriptRecorder) -> None:
    # GenImg itself fails: there is no image, so nothing to work on.
    await r.start(T)
    r.sensor.script(Quality.NO_IMAGE)
    for _ in range(4):
        await r.press(ANNA)


async def stored_unverified(r: TranscriptRecorder) -> None:
    # After two scans the sensor has stored; the template counts only when the third has shown it.
    await r.start(T)
    await r.press(ANNA)
    await r.press(ANNA)
    assert r.sensor.templates
    await r.ask("command", command="hello")
    await r.ask("command", command="list", first=0)
    since = len(r.transcript)
    await r.press(ANNA)
    await r.wait("templates", lambda one: one["count"] == 1, since)
    await r.ask("command", command="list", first=0)


async def another_sensor(r: TranscriptRecorder) -> None:
    # Its ids are void; identification alone can be set all the same.
    await good(r)
    r.sensor.lift()
    r.sensor.flash.notepad[:] = [bytes(32)] * 16
    r.cut_power()
    since = len(r.transcript)
    r.turn_on()
    await r.wait("templates", lambda one: one["sensor_changed"], since)
    await r.ask("command", command="list", first=0)
    await r.change("settings", identification=False)
    await r.change("settings", security_level=4)
    await r.start(U)
    await r.change("accept_sensor")
    await r.ask("command", command="list", first=0)


async def sensor_missing_at_start(r: TranscriptRecorder) -> None:
    # The power goes after the sensor has stored, and the sensor does not come back with it.
    await r.start(T)
    await r.press(ANNA)
    await r.press(ANNA)
    r.cut_power()
    r.sensor.power_off()
    since = len(r.transcript)
    r.turn_on()
    await r.wait("enroll/response", lambda one: one["stage"] == "failed", since)
    await r.ask("command", command="hello")
    await r.ask("command", command="list", first=0)
    await r.change("settings", identification=False)
    since = len(r.transcript)
    r.sensor.power_on()
    await r.wait("templates", lambda one: one["count"] == 0, since)
    assert not r.sensor.templates


async def checks(r: TranscriptRecorder) -> None:
    # A wrong nonce is a bad request and uses nothing up; a restart is refused, then done.
    hello = await r.ask("command", command="hello")
    nonce = hello["result"]["nonce"]
    start: dict[str, Any] = {"template_id": T, "slot": None, "total": 3, "scan_timeout_s": 30}
    await r.ask("enroll/request", action="start", nonce="A" * 16, **start)
    await r.ask("enroll/request", action="start", nonce=None, **start)
    await r.ask("command", command="restart", nonce=nonce[:-1])
    await r.ask("command")
    await r.ask("command", command=None)
    await r.ask("command", command="start", nonce=nonce, **start)
    await r.ask("enroll/request", command="hello")
    await r.ask("enroll/request", action="start", nonce=nonce, **start)
    await r.ask("command", command="list", first=0)
    await r.ask("command", command="restart", nonce=nonce)
    await r.change("restart")
    await r.ask("enroll/request", action="cancel", template_id=T)
    hello = await r.ask("command", command="hello")
    restart = {"command": "restart", "nonce": hello["result"]["nonce"]}
    answer = await r.ask("command", **restart)
    r.cut_power()
    since = len(r.transcript)
    r.turn_on()
    await r.wait("enroll/response", lambda _: True, since)
    await r.ask("command", **restart, request=answer["request"])
    await r.ask("command", command="hello")


SCENES: dict[str, Callable[[TranscriptRecorder], Awaitable[None]]] = {
    scene.__name__: scene
    for scene in (
        good,
        seven_scans,
        bad_image,
        cancel,
        mismatch,
        mismatch_at_the_last_scan,
        duplicate,
        timeout,
        sensor_unplugged,
        reader_restarted,
        refused,
        touch_after_timeout,
        changes,
        flickering_finger,
        shifted_index,
        strange_codes,
        always_finger,
        published_again,
        no_processing,
        stored_unverified,
        another_sensor,
        sensor_missing_at_start,
        checks,
    )
}
ENDS = {
    "good": ("completed", None),
    "seven_scans": ("completed", None),
    "bad_image": ("completed", None),
    "cancel": ("cancelled", None),
    "mismatch": ("failed", "mismatch"),
    "mismatch_at_the_last_scan": ("completed", None),
    "duplicate": ("failed", "duplicate"),
    "timeout": ("failed", "timeout"),
    "sensor_unplugged": ("failed", "sensor_error"),
    "reader_restarted": ("failed", "reader_restarted"),
    "refused": ("cancelled", None),
    "touch_after_timeout": ("failed", "timeout"),
    "changes": ("completed", None),
    "flickering_finger": ("completed", None),
    "shifted_index": ("completed", None),
    "strange_codes": ("completed", None),
    "always_finger": ("completed", None),
    "published_again": ("failed", "reader_restarted"),
    "no_processing": ("completed", None),
    "stored_unverified": ("completed", None),
    "another_sensor": ("completed", None),
    "sensor_missing_at_start": ("failed", "reader_restarted"),
    "checks": ("cancelled", None),
}
SENSORS = {"seven_scans": R503, "shifted_index": replace(R307, index_shift=1)}


def perform(name: str, folder: Path) -> list[dict[str, Any]]:
    transcript: list[dict[str, Any]] = []

    async def scene() -> None:
        sensor = EmulatedSensor(SENSORS.get(name, R307))
        recorder = TranscriptRecorder(folder, sensor)
        await recorder.wait("templates", lambda one: one["sensor_error"] is None)
        await SCENES[name](recorder)
        await recorder.close()
        transcript.extend(recorder.transcript)

    run(scene())
    return transcript


@pytest.mark.parametrize("name", SCENES)
def test_the_firmware_says_what_the_transcript_says(name: str, tmp_path: Path) -> None:
    transcript = perform(name, tmp_path)
    file = TRANSCRIPTS / f"{name}.json"
    if os.environ.get("UPDATE_TRANSCRIPTS"):
        TRANSCRIPTS.mkdir(exist_ok=True)
        lines = ",\n".join("  " + json.dumps(line) for line in transcript)
        file.write_text(f"[\n{lines}\n]\n")
    assert transcript == json.loads(file.read_text())


@pytest.mark.parametrize("name", SCENES)
def test_each_transcript_ends_as_its_name_says(name: str) -> None:
    """What is written anew without being read would else hold whatever was wrong that day."""
    transcript = json.loads((TRANSCRIPTS / f"{name}.json").read_text())
    snapshots = [
        line["payload"] for line in transcript if line["topic"].endswith("enroll/response")
    ]
    assert (snapshots[-1]["stage"], snapshots[-1]["reason"]) == ENDS[name]
    for before, after in pairwise(snapshots):
        if before["template_id"] == after["template_id"]:
            assert before["seq"] <= after["seq"]
            assert len(before["captured"]) <= len(after["captured"])
