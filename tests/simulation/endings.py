"""What must be true when a history is over, everything works again, and nothing more is to come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from custom_components.biometric_enroll.protocol.words import Stage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from custom_components.biometric_enroll.client.fingerprint_registry import FingerprintRegistry
    from tests.simulation.promises import Promises
    from tests.simulation.reader import SimulatedReader


def unsettled(
    promises: Promises,
    reader_id: str,
    snapshot: dict[str, Any],
    journal: int,
) -> str | None:
    """Return what is still to come before Home Assistant agrees with a reader, if anything.

    `snapshot` and `journal` are the reader's own.
    """
    shown = promises.shown.get(reader_id)
    if shown is None or not shown.available:
        return "the reader is not available"
    if snapshot["timeout_ms"] is not None:
        return "an enrollment is running"
    if shown.snapshot.running:
        return "an enrollment is shown as running"
    if journal:
        return f"{journal} touches wait in the journal"
    known = {promises.meant_last.get(promises.devices[reader_id]), shown.snapshot.template_id}
    if snapshot["template_id"] in known - {None} and not _same(promises, reader_id, snapshot):
        return "the enrollment is shown as it was before"
    return None


def unlisted(promises: Promises, reader_id: str, reader: SimulatedReader) -> str | None:
    """Return what Home Assistant does not know yet of a reader's templates and settings, if any."""
    shown, app, device = promises.shown[reader_id], reader.app, promises.devices[reader_id]
    if app is None or shown.settings is None:
        return "the settings are not known"
    if shown.settings.identification != app.scanner.changes.settings["identification"]:
        return "identification is shown as it was before"
    if app.scanner.templates["sensor_changed"]:
        return None
    memory, held = reader.memory, reader.templates
    if shown.inventory is None or shown.inventory.templates != {
        slot: memory.get(slot) for slot in held
    }:
        return "what is shown of the templates is not what the sensor holds"
    listed = {*shown.inventory.templates.values(), *shown.inventory.missing}
    if not promises.named(device) <= listed:
        # It happens to look the same: the template of that name was lost before it was ever listed.
        return "the list is older than a name"
    return None


def check_names(
    promises: Promises, reader_id: str, registry: FingerprintRegistry, memory: Iterable[str]
) -> None:
    """Check names against the template ids of a reader, once it has been listed."""
    device, shown = promises.devices[reader_id], promises.shown[reader_id].unmatched
    named = {place.template_id for _, place in registry.on_reader(device)}
    gone = named.difference(memory)
    if shown.missing != gone:
        promises.violated(3, f"{sorted(shown.missing)} are shown as missing, not {sorted(gone)}")
    unnamed = set(memory) - named
    if set(shown.unnamed.values()) - {None} != unnamed:
        promises.violated(3, f"{shown.unnamed} are shown as unnamed, not {sorted(unnamed)}")
    if not promises.forgetful:
        for template_id in sorted(gone & promises.truth(device).gone):
            promises.violated(3, f"{template_id} was deleted as asked for, but its name was not")


def _same(promises: Promises, reader_id: str, true: dict[str, Any]) -> bool:
    shown = promises.shown[reader_id].snapshot
    if shown.template_id != true["template_id"]:
        return False
    if shown.stage != true["stage"]:
        # The flash refused to keep how it ended: after a restart the reader has another end.
        refused = promises.truth_of(reader_id).refused
        return refused and shown.final and shown.stage is not Stage.COMPLETED
    if promises.truth_of(reader_id).refused and shown.stage is Stage.FAILED:
        # The same, with another reason.
        return True
    return (len(shown.captured), shown.reason) == (len(true["captured"]), true["reason"])


def check(
    promises: Promises, reader_id: str, registry: FingerprintRegistry, accepted: list[str]
) -> None:
    """Check what was told of a reader; `accepted` are the enrollments whose callers heard a yes."""
    truth, device = promises.truth_of(reader_id), promises.devices[reader_id]
    if not promises.forgetful:
        for template_id in accepted:
            if template_id not in truth.lost:
                _check_told(promises, reader_id, template_id)
        excused = truth.lost | truth.gone | promises.unsure | promises.forced
        for template_id in truth.fingers.keys() - excused:
            if registry.find(device, template_id) is None and template_id in promises.names:
                promises.violated(3, f"{template_id} is stored, but its name is lost")
    for touch in truth.touches.values():
        told = touch.touch in promises.reported and touch.touch in promises.saved
        if touch.touch in truth.excused:
            continue
        if not told:
            promises.violated(6, f"touch {touch.touch} ({touch.result}) is forgotten")
        elif promises.reported[touch.touch] < touch.times and touch.touch not in truth.miscounted:
            promises.violated(6, f"of {touch.times} touches {touch.touch} not all are told")


def _check_told(promises: Promises, reader_id: str, template_id: str) -> None:
    truth, enrolled = promises.truth_of(reader_id), promises.enrolled[template_id]
    missing = set(range(1, len(truth.captured[template_id]) + 1)) - enrolled.scans_ever
    if missing:
        promises.violated(1, f"scans {sorted(missing)} of {template_id} were never told")
    if not enrolled.ends_ever:
        promises.violated(1, f"the end of {template_id} was never told")
