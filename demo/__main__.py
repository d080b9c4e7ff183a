"""The demo: a whole installation on this machine, ready to enroll a finger."""

import argparse
import asyncio
import signal
import sys
import tempfile
from pathlib import Path

from emulator.odd_profiles import PROFILES

from .brokers import BrokerKind
from .check import async_check
from .home_assistant import PASSWORD, USER
from .installation import Installation
from .programs import DidNotStartError, free_port
from .show import FRONT_DOOR, TABLET_NAME, TABLET_PASSWORD, async_add_reader, open_show

PORT = 8123


async def async_run(*, check: bool, port: int, sensor: str | None) -> int:
    """Run the demo until Ctrl-C, or check it; return the exit code."""
    with tempfile.TemporaryDirectory(prefix="biometric-enroll-") as folder:
        async with Installation(
            Path(folder), broker=BrokerKind.AMQTT, home_assistant_port=port
        ) as installation:
            run = _async_check if check else _async_show
            running = asyncio.create_task(run(installation, sensor))
            # SIGHUP: the terminal was closed.
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                asyncio.get_running_loop().add_signal_handler(number, running.cancel)
            try:
                return await running
            except asyncio.CancelledError:
                print("\nEnded.")
                return 1 if check else 0


async def _async_show(installation: Installation, sensor: str | None) -> int:
    print("Starting a broker, Home Assistant and two readers (the first time takes longer) ...")
    async with open_show(installation, sensor):
        print(
            f"\nReady: {installation.home_assistant.url}\n"
            f"User {USER}, password {PASSWORD}\n"
            f"At the wall: user {TABLET_NAME.lower()}, password {TABLET_PASSWORD}\n"
            "Ctrl-C ends it."
        )
        code = await installation.home_assistant.async_keep()
    if code:
        print(f"{installation.home_assistant.program.tail()}\n", file=sys.stderr)
    print(f"Home Assistant has ended by itself, with exit code {code}, and so does the demo.")
    return 1 if code else 0


async def _async_check(installation: Installation, sensor: str | None) -> int:
    print("Starting a broker, Home Assistant and a reader (the first time takes longer) ...")
    await installation.async_start()
    # A real sensor needs some tenths of a second for an image; a check need not wait for that.
    reader = installation.add_reader(FRONT_DOOR, model=sensor or "R307", time_scale=0.0)
    async with await installation.home_assistant.async_connect() as client:
        added = await async_add_reader(installation, client, reader)
        right = await async_check(client, reader, added.device_id)
    print(
        "Right: three scans, each seen once and in order, and the name is known."
        if right
        else "WRONG: see above."
    )
    return 0 if right else 1


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
    parser.add_argument(
        "--sensor",
        choices=PROFILES,
        metavar="NAME",
        help=f"sensor of the first reader: {', '.join(PROFILES)}",
    )
    arguments = parser.parse_args()
    port = arguments.port or (free_port() if arguments.check else PORT)
    try:
        return asyncio.run(async_run(check=arguments.check, port=port, sensor=arguments.sensor))
    except DidNotStartError as err:
        print(f"Something did not start:\n{err}", file=sys.stderr)
    except TimeoutError:
        print("Something took too long; is the machine very busy?", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
