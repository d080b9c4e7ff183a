"""The enrollment procedure (protocol, "The enrollment procedure"), without sensor, flash and clock.

It is a generator: it yields the next operation and is sent its result, so that it reads like the
procedure in the protocol. An operation is a name and numbers:

    ("pause", (ms,))              wait
    ("gen_img", ())               → finger, no_finger, no_image
    ("img2tz", (buffer,))         → good, too_messy, too_few_features, no_image
    ("search", (first, count))    → (slot, template id or None), or None; count 0: the whole sensor
    ("reg_model", ())             → good, mismatch
    ("prove_free", (slot,))       → good, taken
    ("store", (slot,))            → good, refused, taken (nothing was stored: it is another sensor)
    ("empty", (slot,))            → good
    ("keep", ())                  write the operation record → good
    ("commit", (slot,))           write map and final snapshot → good
    ("end", (emptied,))           write the final snapshot, with the operation record if not emptied

and what has no valid answer, or is refused by the flash, has the result "sensor_error".
"""

from fpreader.finger_presence import UNDECIDED_MS, FingerPresence

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    Operation = tuple[str, tuple[int, ...]]
    Result = str | tuple[int, str | None] | None

#: How often the sensor is asked for a finger.
POLL_MS = 200
#: After so long, work on one image repeats no more commands.
PROCESSING_MS = 10000
#: The third of a kind fails the enrollment.
MOST_FAULTS = 3
#: The snapshot of a reader that never enrolled.
IDLE: "dict[str, Any]" = {
    "template_id": None,
    "seq": 0,
    "slot": None,
    "stage": "idle",
    "step": 0,
    "total": 0,
    "captured": [],
    "rejected": {"count": 0, "last": None},
    "timeout_ms": None,
    "reason": None,
}


class _Ended(Exception):  # noqa: N818 - it is how an enrollment ends, not an error
    """Ends the procedure with a stage, a reason, and for a duplicate whose finger it is."""

    def __init__(self, stage: str, reason: "str | None", **extra: "str | None") -> None:
        super().__init__()
        self.stage = stage
        self.reason = reason
        self.extra = extra


class Enrollment:
    """One enrollment, from its acceptance to its final stage. Times are milliseconds of uptime."""

    def __init__(
        self, template_id: str, slot: int, total: int, scan_timeout_s: int, now: int
    ) -> None:
        self.template_id = template_id
        self.slot = slot
        self.seq = 1
        """Grows with every change that is to be published."""
        self._total = total
        self._timeout = scan_timeout_s * 1000
        self._now = now
        self._latest_end = now + 2 * total * self._timeout
        self._deadline = now + self._timeout
        self._stage = "place_finger"
        self._reason: str | None = None
        self._extra: dict[str, str | None] = {}
        self._step = 1
        self._attempts = 0
        self._captured: list[int] = []
        self._rejected = 0
        self._last_rejection: str | None = None
        self._faults = {"sensor_error": 0, "mismatch": 0}
        """What fails the enrollment when it comes too often: no valid answer, another finger."""
        self._stored = False
        self._cancelled = False
        self._procedure = self._run()

    def advance(self, result: "Result", now: int) -> "Operation | None":
        """Take the result of the operation before (at first None), give the next; None: ended."""
        self._now = now
        try:
            return self._procedure.send(result)
        except StopIteration:
            return None

    def cancel(self) -> None:
        """End as soon as the operation under way is over; too late once it was committed."""
        self._cancelled = True

    def may_repeat(self, now: int) -> bool:
        """Tell whether a command may still be repeated: neither cancelled nor out of time."""
        return not self._cancelled and now < self._deadline

    def snapshot(self, now: int) -> "dict[str, Any]":
        """Give the whole enrollment as it stands, as on `enroll/response`, without `v`."""
        snapshot = self.operation()
        del snapshot["stored"]
        snapshot["stage"] = self._stage
        snapshot["step"] = self._step
        running = self._stage in ("place_finger", "processing", "lift_finger")
        snapshot["timeout_ms"] = max(0, self._deadline - now) if running else None
        snapshot["reason"] = self._reason
        snapshot.update(self._extra)
        return snapshot

    def operation(self) -> "dict[str, Any]":
        """Give what a restart needs to end this enrollment: the operation record."""
        return {
            "template_id": self.template_id,
            "seq": self.seq,
            "slot": self.slot,
            "total": self._total,
            "captured": [{"attempts": attempts} for attempts in self._captured],
            "rejected": {"count": self._rejected, "last": self._last_rejection},
            "stored": self._stored,
        }

    # --- the procedure --------------------------------------------------------------

    def _run(self) -> "Generator[Operation, Result, None]":
        try:
            yield from self._scans()
        except _Ended as ended:
            end = ended
        else:
            return
        emptied: Result = "good"
        if self._stored:
            emptied = yield "empty", (self.slot,)
        self._reason = end.reason
        self._extra = end.extra
        self._show(end.stage)
        yield "end", (int(emptied == "good"),)

    def _scans(self) -> "Generator[Operation, Result, None]":
        for step in range(1, self._total):
            yield from self._scan(step)
            yield from self._wait_for_lift(step + 1)
        yield from self._scan(self._total)

    def _scan(self, step: int) -> "Generator[Operation, Result, None]":
        """Repeat one scan until it is captured."""
        self._attempts = 0
        while True:
            rejection = yield from self._wait_for_finger()
            self._attempts += 1
            if rejection == "good":
                self._show("processing")
                rejection = yield from self._process(step)
            if rejection == "good":
                yield from self._capture()
                return
            self._reject(rejection)
            yield from self._wait_for_lift(step)

    def _wait_for_finger(self) -> "Generator[Operation, Result, str]":
        """Wait for a finger: good, or why there is no image."""
        while True:
            answer = yield from self._do("gen_img")
            if answer == "finger":
                return "good"
            if answer != "no_finger":
                return str(answer)
            yield from self._wait(POLL_MS)

    def _wait_for_lift(self, next_step: int) -> "Generator[Operation, Result, None]":
        """Wait until the finger is gone, then ask for it again.

        A silent sensor counts as a fault here, but is no rejection: there is no image to reject.
        """
        self._show("lift_finger")
        presence = FingerPresence(resting=True)
        while True:
            answer = yield from self._do("gen_img")
            if answer == "sensor_error":
                self._count_fault(answer)
            else:
                presence.judge(str(answer), self._now)
            if not presence.resting:
                break
            yield from self._wait(UNDECIDED_MS if presence.undecided else POLL_MS)
        if self._now >= self._latest_end:
            raise _Ended("failed", "timeout")
        self._step = next_step
        # That this took a while also bounds how many snapshots there can be, see
        # interrupted_enrollment.RESTART_GAP.
        self._show("place_finger")

    def _process(self, step: int) -> "Generator[Operation, Result, str]":
        """Work on the image of one scan: good, or why it is rejected."""
        verifying = step == self._total
        answer = yield from self._do("img2tz", 1 if verifying else step)
        if answer != "good":
            return str(answer)
        if verifying:
            return (yield from self._verify())
        if step == 1:
            return (yield from self._search_duplicate())
        if step == self._total - 1:
            return (yield from self._store())
        return "good"

    def _search_duplicate(self) -> "Generator[Operation, Result, str]":
        found = yield from self._do("search", 0, 0)
        if isinstance(found, tuple):
            raise _Ended("failed", "duplicate", duplicate_of=found[1])
        return found or "good"

    def _store(self) -> "Generator[Operation, Result, str]":
        answer = yield from self._do("reg_model")
        if answer != "good":
            return str(answer)
        before = self._stored
        if not before:
            answer = yield from self._do("prove_free", self.slot)
            if answer == "taken":
                raise _Ended("failed", "sensor_error")
            if answer != "good":
                return str(answer)
            # From here on the slot has to be emptied, whatever the sensor says or does not say, and
            # whatever becomes of our power.
            self._stored = True
            if (yield "keep", ()) != "good":
                self._stored = False
                raise _Ended("failed", "sensor_error")
        answer = yield "store", (self.slot,)
        if answer == "taken":
            self._stored = before
        if answer in ("refused", "taken"):
            raise _Ended("failed", "sensor_error")
        return str(answer)

    def _verify(self) -> "Generator[Operation, Result, str]":
        found = yield from self._do("search", self.slot, 1)
        if isinstance(found, tuple):
            return "good" if found[0] == self.slot else "mismatch"
        return found or "mismatch"

    def _capture(self) -> "Generator[Operation, Result, None]":
        """Count the scan, in flash before anyone is told."""
        self._captured.append(self._attempts)
        if len(self._captured) < self._total:
            kept = yield "keep", ()
        else:
            stage = self._stage
            self._show("completed")
            kept = yield "commit", (self.slot,)
            if kept != "good":
                self._show(stage)
        if kept != "good":
            self._captured.pop()
            raise _Ended("failed", "sensor_error")

    # --- pieces ---------------------------------------------------------------------

    def _do(self, name: str, *numbers: int) -> "Generator[Operation, Result, Result]":
        """Do one operation, unless the enrollment was cancelled before or meanwhile."""
        if not self._cancelled:
            result = yield name, numbers
            if not self._cancelled:
                return result
        raise _Ended("cancelled", None)

    def _wait(self, ms: int) -> "Generator[Operation, Result, None]":
        if self._now >= self._deadline:
            raise _Ended("failed", "timeout")
        yield from self._do("pause", ms)

    def _show(self, stage: str) -> None:
        self._stage = stage
        self.seq += 1
        lasts = PROCESSING_MS if stage == "processing" else self._timeout
        self._deadline = min(self._now + lasts, self._latest_end)

    def _reject(self, rejection: str) -> None:
        self._rejected += 1
        self._last_rejection = rejection
        if rejection in self._faults:
            self._count_fault(rejection)

    def _count_fault(self, fault: str) -> None:
        self._faults[fault] += 1
        if self._faults[fault] == MOST_FAULTS:
            raise _Ended("failed", fault)
