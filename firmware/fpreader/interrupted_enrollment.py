"""What a restart of the reader makes of an enrollment that was running."""

from fpreader.memory import DELETE

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

    from fpreader.memory import Memory

#: How far `seq` jumps when a restart ends an enrollment: beyond every snapshot that was shown. The
#: operation record holds the `seq` of the last captured scan, and only rejected images followed it.
#: An enrollment lasts 2 * 7 * 120 s at most, and a rejected image takes 300 ms at least and
#: shows three snapshots: that makes 16800, and 16800 and the gap still stay below 65536.
RESTART_GAP = 32768


def end_interrupted(memory: "Memory") -> None:
    """End the enrollment that the memory holds, if any; its slot is emptied once the sensor works.

    Until then its operation record stays, so an enrollment may be found ended already.
    """
    operation, last = memory.operation, memory.last
    if operation is None or operation.get("op") == DELETE:
        return
    if last is None or last["template_id"] != operation["template_id"]:
        memory.end_enrollment(snapshot_after_restart(operation), emptied=False)


def snapshot_after_restart(operation: "dict[str, Any]") -> "dict[str, Any]":
    """Make the final snapshot of an enrollment that a restart of the reader ended."""
    snapshot = dict(operation)
    for key in ("op", "stored"):  # firmware 0.1 wrote neither
        snapshot.pop(key, None)
    snapshot["seq"] += RESTART_GAP
    snapshot["stage"] = "failed"
    snapshot["step"] = min(len(operation["captured"]) + 1, operation["total"])
    snapshot["timeout_ms"] = None
    snapshot["reason"] = "reader_restarted"
    return snapshot
