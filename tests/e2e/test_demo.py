"""What the README promises of `scripts/demo`."""

import asyncio
import os
import signal
from typing import TYPE_CHECKING

from demo.programs import ROOT, free_port, is_free

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from pathlib import Path

_READY_WITHIN = 100


async def _start(*arguments: str, folder: Path | None = None) -> Process:
    return await asyncio.create_subprocess_exec(
        ROOT / "scripts" / "demo",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "TMPDIR": str(folder)} if folder else None,
    )


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
    demo = await _start("--port", str(port), folder=tmp_path)
    assert demo.stdout is not None
    async with asyncio.timeout(_READY_WITHIN):
        await demo.stdout.readuntil(b"Ctrl-C ends it.")
    assert not is_free(port)

    demo.send_signal(signal.SIGHUP)
    await demo.communicate()

    assert demo.returncode == 0
    assert is_free(port)
    assert _left_in(tmp_path) == []
