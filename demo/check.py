"""`scripts/demo --check`: one enrollment over the WebSocket API, checked as by a client."""

import asyncio
from typing import TYPE_CHECKING

from .fingers import FINGERS
from .person import Person

if TYPE_CHECKING:
    from .client import Client
    from .reader import VirtualReader

_PROGRESS = ["33", "67", "100"]


async def async_check(client: Client, reader: VirtualReader, device_id: str) -> bool:
    """Enroll a finger, print all states with their times, and return whether they were right."""
    prefix = f"sensor.{reader.reader_id}"
    progress_id, stage_id = f"{prefix}_enrollment_progress", f"{prefix}_enrollment"
    called = asyncio.get_running_loop().time()
    seen_before = len(client.history)
    person = asyncio.create_task(
        Person(client, reader.sensor_line, stage_id).async_enroll(FINGERS[0].finger)
    )
    answer = await client.async_action(
        "biometric_enroll.enroll_fingerprint",
        response=True,
        device_id=device_id,
        name="Anna",
        finger="right_thumb",
        wait=True,
    )
    stage = await person
    await client.async_until_state(progress_id, "100")
    print("Seconds since the call, as the client saw it; this sensor answers without delay:")
    for when, entity_id, state in client.history[seen_before:]:
        if entity_id == progress_id and state.state != "0":
            print(f"{when - called:7.3f} s  scan captured, progress {state.state} %")
        elif entity_id == stage_id:
            print(f"{when - called:7.3f} s  {state.state}, step {state.attributes['step']}")
    scans = [
        state.state
        for _, entity_id, state in client.history[seen_before:]
        if entity_id == progress_id and state.state != "0"
    ]
    listed = await client.async_action(
        "biometric_enroll.get_fingerprints", response=True, device_id=device_id
    )
    names = [fingerprint["name"] for fingerprint in listed["fingerprints"]]
    print(f"outcome {answer['outcome']}, slot {answer['slot']}, fingerprints: {', '.join(names)}")
    return scans == _PROGRESS and stage == answer["outcome"] == "completed" and names == ["Anna"]
