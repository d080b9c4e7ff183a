"""Observes one simulated reader: what it really does, for the promises and the trace."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from custom_components.biometric_enroll.protocol.words import FINAL_STAGES
from fpreader.memory import ENROLL
from tests.simulation.promises_about_enrollments import PROMPT_S

if TYPE_CHECKING:
    from tests.simulation.ground_truth import Truth
    from tests.simulation.installation import Installation
    from tests.simulation.people import PersonAtReader
    from tests.simulation.reader import SimulatedReader
    from tests.simulation.reader_firmware import Touch


class ReaderObserver:
    """Passes what one reader does to promises and trace, and schedules power after a power cut."""

    def __init__(self, world: Installation, device: str) -> None:
        self._world = world
        self._device = device
        self.person: PersonAtReader | None = None

    @property
    def _reader(self) -> SimulatedReader:
        return self._world.all_readers[self._device]

    @property
    def _truth(self) -> Truth:
        return self._world.promises.truth(self._device)

    def snapshot(self, snapshot: dict[str, Any]) -> None:
        """Record a snapshot of an enrollment."""
        self._note(
            "%s %s %s/%s %s", snapshot["template_id"], snapshot["stage"],
            len(snapshot["captured"]), snapshot["total"], snapshot["reason"] or "",
        )  # fmt: skip
        self._truth.snapshot(snapshot, self._reader.sensor_line.last_finger)
        if self._world.calm and snapshot["template_id"] is not None:
            self._world.later(PROMPT_S, partial(self._check_shown, snapshot))
            if "sensor_error" in {snapshot["reason"], snapshot["rejected"]["last"]}:
                self._world.promises.violated(4, "the sensor does not answer, for no reason")
        if self.person is not None:
            self.person.see(snapshot)
        if snapshot["stage"] in FINAL_STAGES:
            self._world.situations.ended(self._device)
        self._world.situations.look()

    def _check_shown(self, snapshot: dict[str, Any]) -> None:
        """Check that a snapshot was shown in time, unless a newer one came; without faults only."""
        reader_id, app = self._reader.reader_id, self._reader.app
        newest = app is not None and app.scanner.snapshot["seq"] == snapshot["seq"]
        if newest and self._world.promises.enrollments.is_behind(reader_id, snapshot):
            self._world.promises.violated(1, f"{snapshot['stage']} is not shown, for no reason")

    def touched(self, touch: Touch) -> None:
        """Record a touch."""
        self._note("touch %s %s of %s", touch.touch, touch.result, touch.finger)
        self._truth.touched(touch)
        if touch.wrong is not None:
            self._world.promises.violated(5, f"touch {touch.touch} {touch.wrong}")
        if self._world.calm and touch.unread:
            self._world.promises.violated(6, f"touch {touch.touch} is not read, for no reason")
        if self._world.calm and touch.early:
            self._world.promises.violated(6, f"touch {touch.touch} is told before its last look")
        self._world.situations.look()

    def committed(self, slot: int, template_id: str) -> None:
        """Record an id that was added to the map."""
        # Even while another sensor is connected unnoticed, ids are those of the reader's own one.
        finger = self._reader.held_by(self._reader.own_sensor).get(slot)
        self._note("commits %s: %s in slot %s", template_id, finger, slot)
        self._truth.committed(slot, template_id, finger)

    def accepted(self) -> None:
        """Record that another sensor was accepted as the reader's own."""
        self._note("takes another sensor for its own")
        self._truth.accepted(self._reader.templates)

    def overwritten(self, slot: int) -> None:
        """Record a template that was stored over another one."""
        self._world.promises.violated(2, f"a template is stored over another one in slot {slot}")

    def emptying(self, slot: int, template_id: str | None) -> None:
        """Record that the firmware requests to empty a slot."""
        self._note("empties slot %s of %s", slot, template_id)
        self._truth.emptying(template_id)

    def kept(self, template_id: str | None) -> None:
        """Record that the sensor has refused to empty the slot of an id."""
        self._truth.begun.discard(template_id or "")

    def emptied(self, slot: int, template_id: str | None) -> None:
        """Check a slot whose template was deleted."""
        reader, operation = self._reader, self._reader.flash.operation
        self._note("slot %s is empty", slot)
        enrolling = operation["slot"] if operation and operation["op"] == ENROLL else None
        self._truth.emptied(slot, template_id, enrolling)
        if not reader.owns(reader.sensor):
            self._world.promises.violated(2, f"slot {slot} of another sensor is emptied")

    def power(self, *, on: bool) -> None:
        """Record that the power was switched on or off."""
        self._note("power on" if on else "power off")
        if not on:
            self._truth.power_lost()
            self._world.power_again(self._reader)
        self._world.later(0, self._world.situations.look)

    def stopped(self, error: Exception | None) -> None:
        """Check why the firmware ended; it is restarted."""
        self._note("restarts: %r", error)
        if self._reader.flash.refuses:
            self._truth.power_lost()  # it could not write what it would have
        if error is not None:
            self._world.promises.violated(8, f"the firmware has failed: {error!r}")

    def printed(self, line: str) -> None:
        """Record a line of its console."""
        self._note("prints %s", line)

    def _note(self, what: str, *args: object) -> None:
        self._world.trace.note(self._device, what, *args)
