"""The demo: everything set up on this machine, ready to enroll a finger."""

import argparse
import asyncio
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from . import dashboard
from .brokers import BrokerKind
from .check import async_check
from .fingers import FingerHand, mqtt_buttons
from .home_assistant import PASSWORD, USER
from .programs import DidNotStartError, free_port
from .stage import Stage

if TYPE_CHECKING:
    from .client import Client

READER_ID = "front_door"
PORT = 8123


async def async_run(*, check: bool, port: int) -> int:
    """Run the demo until Ctrl-C, or check it; return the exit code."""
    with tempfile.TemporaryDirectory(prefix="biometric-enroll-") as folder:
        async with Stage(Path(folder), broker=BrokerKind.AMQTT, home_assistant_port=port) as stage:
            running = asyncio.create_task(_async_show(stage, check=check))
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, running.cancel)
            try:
                return await running
            except asyncio.CancelledError:
                print("Ended.")
                return 1 if check else 0


async def _async_show(stage: Stage, *, check: bool) -> int:
    print("Starting a broker, Home Assistant and a reader (the first time takes longer) ...")
    await stage.async_start({"mqtt": {"button": mqtt_buttons(READER_ID)}})
    # A real sensor needs some tenths of a second for an image; a check need not wait for that.
    reader = stage.add_reader(READER_ID, time_scale=0.0 if check else 1.0)
    home_assistant = stage.home_assistant
    async with await home_assistant.async_connect() as client:
        await home_assistant.async_add_discovered_reader(client, READER_ID)
        await client.async_until_state(f"binary_sensor.{READER_ID}_connectivity", "on")
        device_id = await _async_device_id(client, reader.device)
        await _async_settle_repairs(client)
        if check:
            right = await async_check(client, reader, device_id)
            print(
                "Right: three scans, each seen once and in order, and the name is known."
                if right
                else "WRONG: see above."
            )
            return 0 if right else 1
        await dashboard.async_install(client, READER_ID, device_id)
    hand = FingerHand(stage.broker.port, READER_ID, reader.line)
    try:
        print(f"\nReady: {home_assistant.url}\nUser {USER}, password {PASSWORD}\nCtrl-C ends it.")
        await asyncio.Event().wait()
    finally:
        hand.close()
    return 0


async def _async_settle_repairs(client: Client) -> None:
    """Keep Home Assistant from asking the visitor about things that only the demo has caused."""
    await client.async_command(type="config/core/update", country="US")
    issues = await client.async_command(type="repairs/list_issues")
    for issue in issues["issues"]:
        if issue["domain"] == "mqtt":
            # The broker in Python speaks no MQTT 5, and the buttons are there before the broker.
            await client.async_command(
                type="repairs/ignore_issue",
                domain=issue["domain"],
                issue_id=issue["issue_id"],
                ignore=True,
            )


async def _async_device_id(client: Client, device: str) -> str:
    for entry in await client.async_command(type="config/device_registry/list"):
        if ["biometric_enroll", device] in entry["identifiers"]:
            device_id: str = entry["id"]
            return device_id
    raise DidNotStartError(f"no device {device}")


def _port(text: str) -> int:
    """Return a TCP port."""
    port = int(text)
    if port not in range(1, 1 << 16):
        raise argparse.ArgumentTypeError(f"{port} is no port, which is 1 to 65535")
    return port


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="enroll one finger without a person, and exit"
    )
    parser.add_argument("--port", type=_port, help=f"port of Home Assistant (default {PORT})")
    arguments = parser.parse_args()
    port = arguments.port or (free_port() if arguments.check else PORT)
    try:
        return asyncio.run(async_run(check=arguments.check, port=port))
    except DidNotStartError as err:
        print(f"Something did not start:\n{err}", file=sys.stderr)
    except TimeoutError:
        print("Something took too long; is the machine very busy?", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
