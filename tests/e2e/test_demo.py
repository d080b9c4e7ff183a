"""What the README promises of `scripts/demo`."""

import asyncio

from demo.programs import ROOT


async def test_the_demo_enrolls_a_finger_by_itself() -> None:
    demo = await asyncio.create_subprocess_exec(
        ROOT / "scripts" / "demo",
        "--check",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await demo.communicate()
    text = output.decode()

    assert demo.returncode == 0, text
    scans = [line.split()[-2] for line in text.splitlines() if "scan captured" in line]
    assert scans == ["33", "67", "100"]
    assert "completed" in text
