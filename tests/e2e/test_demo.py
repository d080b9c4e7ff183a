"""What the README promises of `scripts/demo`."""

import asyncio
import os
import signal
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from demo.accounts import log_in
from demo.client import Client
from demo.home_assistant import PASSWORD, USER
from demo.programs import ROOT, free_port, is_free
from demo.show import READERS

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncGenerator

_READY_WITHIN = 100


async def _start(*arguments: str, folder: Path | None = None) -> Process:
    return await asyncio.create_subprocess_exec(
        ROOT / "scripts" / "demo",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "TMPDIR": str(folder)} if folder else None,
    )


async def _start_and_wait(port: int, folder: Path) -> Process:
    """Start the demo for a visitor, and wait until it says that it is ready."""
    demo = await _start("--port", str(port), folder=folder)
    await _until_it_says(demo, b"Ctrl-C ends it.")
    return demo


async def _until_it_says(demo: Process, words: bytes) -> None:
    assert demo.stdout is not None
    async with asyncio.timeout(_READY_WITHIN):
        await demo.stdout.readuntil(words)


async def _log_in(port: int) -> Client:
    url = f"http://127.0.0.1:{port}"
    tokens = await log_in(url, USER, PASSWORD)
    return await Client.async_connect(url, tokens["access_token"])


@asynccontextmanager
async def _asked(client: Client, action: str) -> AsyncGenerator[None]:
    """Call an action that ends Home Assistant, so that it does not answer."""
    call = asyncio.create_task(client.async_action(action))
    yield
    call.cancel()


def _home_assistant_of(demo: Process) -> int:
    """Return the process id."""
    threads = Path(f"/proc/{demo.pid}/task").iterdir()
    children = " ".join((thread / "children").read_text() for thread in threads).split()
    (found,) = (
        int(child) for child in children if b"/hass" in Path(f"/proc/{child}/cmdline").read_bytes()
    )
    return found


def _left_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def test_the_demo_enrolls_a_finger_by_itself() -> None:
    demo = await _start("--check")
    output, _ = await demo.communicate()
    text = output.decode()

    assert demo.returncode == 0, text
    scans = [line.split()[-2] for line in text.splitlines() if "scan captured" in line]
    assert scans == ["33", "67", "100"]
    assert "completed" in text


async def test_the_demo_ends_all_that_it_started_when_its_terminal_is_closed(
    tmp_path: Path,
) -> None:
    port = free_port()
    demo = await _start_and_wait(port, tmp_path)
    assert not is_free(port)

    demo.send_signal(signal.SIGHUP)
    await demo.communicate()

    assert demo.returncode == 0
    assert is_free(port)
    assert _left_in(tmp_path) == []


async def test_a_restart_of_home_assistant_brings_it_back_with_its_readers(
    tmp_path: Path,
) -> None:
    port = free_port()
    demo = await _start_and_wait(port, tmp_path)

    async with await _log_in(port) as client, _asked(client, "homeassistant.restart"):
        await _until_it_says(demo, b"Home Assistant is back.")

    async with await _log_in(port) as client:
        for reader_id in READERS:
            await client.async_until_state(f"binary_sensor.{reader_id}_connectivity", "on")
    demo.send_signal(signal.SIGINT)
    await demo.communicate()
    assert demo.returncode == 0
    assert is_free(port)
    assert _left_in(tmp_path) == []


async def test_the_demo_ends_and_says_so_when_home_assistant_dies(tmp_path: Path) -> None:
    demo = await _start_and_wait(free_port(), tmp_path)

    os.kill(_home_assistant_of(demo), signal.SIGKILL)
    output, _ = await demo.communicate()

    assert demo.returncode == 1
    assert b"Home Assistant has ended by itself, with exit code -9" in output
    assert _left_in(tmp_path) == []


async def test_the_demo_ends_when_home_assistant_is_asked_to_stop(tmp_path: Path) -> None:
    port = free_port()
    demo = await _start_and_wait(port, tmp_path)

    async with await _log_in(port) as client, _asked(client, "homeassistant.stop"):
        output, _ = await demo.communicate()

    assert demo.returncode == 0
    assert b"Home Assistant has ended by itself, with exit code 0" in output
    assert _left_in(tmp_path) == []
