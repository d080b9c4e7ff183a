"""What must be true at the end of a history, when all is repaired and no message is under way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from custom_components.biometric_enroll.client.enrollment import GIVEN_UP
from custom_components.biometric_enroll.protocol.words import Stage
from tests.simulation.newer_words import known

if TYPE_CHECKING:
    from custom_components.biometric_enroll.client.fingerprint_registry import FingerprintRegistry
    from fpreader.app import App
    from tests.simulation.ground_truth import Truth
    from tests.simulation.installation import Installation
    from tests.simulation.promises import Promises
    from tests.simulation.reader import SimulatedReader


def unsettled(world: Installation) -> str | None:
    """Return what Home Assistant has yet to learn to agree with all readers; None: nothing.

    A reader whose power was cut meanwhile gets it back.
    """
    for reader_id, reader in world.readers.items():
        if not reader.powered:
            reader.power_on()
        if reader.app is None:
            return f"{reader_id} starts"
        found = _unsettled_reader(world.promises, reader, reader.app)
        if found is not None:
            return f"{reader_id}: {found}"
    return None


def _unsettled_reader(promises: Promises, reader: SimulatedReader, app: App) -> str | None:
    templates = app.scanner.templates
    broken = templates["sensor_error"] is not None or templates["sensor_changed"]
    # With its flash erased, it cannot know which sensor is its own; the user has to decide.
    if broken and not promises.truth(reader.device).erased:
        return "its sensor does not work"
    if app.scanner._memory.operation is not None and not broken:
        return "a slot may have to be emptied"
    return (
        _unsure(promises, reader, app)
        or _unshown(promises, reader, app)
        or _unlisted(promises, reader, app)
    )


def _unsure(promises: Promises, reader: SimulatedReader, app: App) -> str | None:
    """Return what Home Assistant does not know yet of enrollments of before, if anything."""
    shown = promises.shown.get(reader.reader_id)
    if shown is not None and shown.doubtful:
        return "it is unknown whether what is shown of the enrollment still holds"
    # On a sensor that is away nothing can be deleted.
    changed = app.scanner.templates["sensor_changed"]
    if not changed and promises.names.given_up.intersection(reader.memory.values()):
        return "what was enrolled although the start was given up is not deleted"
    return None


def _unshown(promises: Promises, reader: SimulatedReader, app: App) -> str | None:
    """Return what Home Assistant does not know yet of enrollments and touches, if anything."""
    shown, snapshot = promises.shown.get(reader.reader_id), app.scanner.snapshot
    if shown is None or not shown.available:
        return "the reader is not available"
    if snapshot["timeout_ms"] is not None:
        return "an enrollment is running"
    if shown.snapshot.running:
        return "an enrollment is shown as running"
    waiting = len(app.journal) + (app.scanner._touches._best is not None)
    if waiting:
        return f"{waiting} touches wait in the journal, or are being looked at"
    ours = {promises.names.meant_last.get(reader.device), shown.snapshot.template_id}
    if snapshot["template_id"] in ours - {None} and not _same(promises, reader, snapshot):
        return "the enrollment is shown as it was before"
    return None


def _same(promises: Promises, reader: SimulatedReader, true: dict[str, Any]) -> bool:
    shown = promises.shown[reader.reader_id].snapshot
    refused = promises.truth(reader.device).refused
    if shown.template_id != true["template_id"]:
        return False
    if known(shown.reason) == GIVEN_UP:
        return bool(true["stage"] == Stage.COMPLETED)
    if shown.stage != true["stage"]:
        # The flash refused to save how it ended: after a restart the reader shows another end.
        return refused and shown.final and shown.stage is not Stage.COMPLETED
    if refused and shown.stage is Stage.FAILED:
        # The same, with another reason.
        return True
    return (len(shown.captured), known(shown.reason)) == (len(true["captured"]), true["reason"])


def _unlisted(promises: Promises, reader: SimulatedReader, app: App) -> str | None:
    """Return what Home Assistant does not know yet of templates and settings, if anything."""
    shown = promises.shown[reader.reader_id]
    if shown.settings is None:
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
    if not promises.names.named(reader.device) <= listed:
        # It happens to look the same: the template of that name was lost before it was ever listed.
        return "the list is older than a name"
    return None


def check(world: Installation) -> None:
    """Check what must be true in the end."""
    registry, promises = world.home.registry, world.promises
    assert registry is not None
    promises.names.registry(registry)
    for reader_id, reader in world.readers.items():
        if not promises.forgetful:
            _check_enrollments(promises, reader, registry, world.users.accepted[reader_id])
        _check_touches(promises, promises.truth(reader.device))
        # A reader that has lost which sensor is its own may have taken another one for it, and
        # may not have seen yet that this one is gone again, or its own one back.
        noticed = reader.app and not reader.app.scanner.templates["sensor_changed"]
        if noticed and reader.owns(reader.sensor):
            promises.truth(reader.device).check_sensor(reader.memory, reader.templates)
            _check_names(promises, reader, registry)


def _check_enrollments(
    promises: Promises, reader: SimulatedReader, registry: FingerprintRegistry, accepted: list[str]
) -> None:
    """Check what was reported and kept; `accepted`: enrollments that were accepted at the call."""
    truth = promises.truth(reader.device)
    for template_id in accepted:
        if template_id in truth.lost:
            continue
        enrolled = promises.enrollments.told[template_id]
        missing = set(range(1, len(truth.captured[template_id]) + 1)) - enrolled.scans_ever
        if missing:
            promises.violated(1, f"scans {sorted(missing)} of {template_id} were never told")
        if not enrolled.ends_ever:
            promises.violated(1, f"the end of {template_id} was never told")
    names = promises.names
    excused = truth.lost | truth.gone | names.unsure | names.forced | names.given_up
    for template_id in truth.fingers.keys() - excused:
        if (
            registry.find(reader.device, template_id) is None
            and template_id in promises.names.wanted
        ):
            promises.violated(3, f"{template_id} is stored, but its name is lost")


def _check_touches(promises: Promises, truth: Truth) -> None:
    for touch in truth.touches.values():
        told = touch.touch in promises.touches.reported and touch.touch in promises.touches.saved
        if touch.touch in truth.excused:
            continue
        if not told:
            promises.violated(6, f"touch {touch.touch} ({touch.result}) is forgotten")
        elif (
            promises.touches.reported[touch.touch] < touch.times
            and touch.touch not in truth.miscounted
        ):
            promises.violated(6, f"of {touch.times} touches {touch.touch} not all are told")


def _check_names(
    promises: Promises, reader: SimulatedReader, registry: FingerprintRegistry
) -> None:
    """Check names against the template ids that a reader has, once it has been listed."""
    state = promises.shown[reader.reader_id]
    named = {place.template_id for _, place in registry.on_reader(reader.device)}
    gone = named.difference(reader.memory.values())
    missing, listed = gone, dict(state.inventory.templates) if state.inventory else {}
    if state.templates is not None and state.templates.sensor_changed:
        # The list and the ids are of another sensor than the connected one.
        missing, listed = set(), {}
    if state.unmatched.missing != missing:
        promises.violated(3, f"{state.unmatched.missing} are shown as missing, not {missing}")
    unnamed = {slot: each for slot, each in listed.items() if each is None or each not in named}
    if state.unmatched.unnamed != unnamed:
        promises.violated(3, f"{state.unmatched.unnamed} are shown as unnamed, not {unnamed}")
    if not promises.forgetful:
        for template_id in sorted(gone & promises.truth(reader.device).gone):
            promises.violated(3, f"{template_id} was deleted as asked for, but its name was not")
