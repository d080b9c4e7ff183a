"""Cuts the power of a reader at a certain point, or at each one."""

from tests.firmware.portable.fake_hardware import PowerCutError

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tests.firmware.portable.scanner_harness import ScannerHarness

CUTS = ("cut_before", "cut_after")


def start_with_cut(reader: "ScannerHarness", kind: str, step: int) -> None:
    """Start a reader, cut its power at this point of the start, and start it again."""
    reader.turn_on()
    reader.steps.done = 0
    setattr(reader.steps, kind, step)
    try:
        reader.run(2000)
    except PowerCutError:
        setattr(reader.steps, kind, None)
        reader.turn_on()
        reader.run(2000)


def cut_everywhere(
    make: "Callable[[], ScannerHarness]",
    change: "Callable[[ScannerHarness], str | None]",
    check: "Callable[[ScannerHarness], Any]",
) -> "list[Any]":
    """Cut a change at each of its points, start again, and give what `check` says each time."""
    found = []
    for kind in CUTS:
        step = 0
        while True:
            reader = make()
            reader.steps.done = 0
            setattr(reader.steps, kind, step)
            try:
                assert change(reader) is None
            except PowerCutError:
                whole = False
            else:
                whole = True
            setattr(reader.steps, kind, None)
            reader.turn_on()
            reader.run(10_000)
            found.append(check(reader))
            assert reader.memory.operation is None
            if whole:
                break
            step += 1
    return found
