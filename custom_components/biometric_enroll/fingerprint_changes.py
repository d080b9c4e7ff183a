"""Find, update, delete and forget a single template, for actions and dialogs.

All functions raise translated errors.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import subjects
from .coordinator import coordinator_of, coordinators
from .errors import invalid, translate_errors
from .storage import DATA_DELIVERY_LOG, DATA_REGISTRY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from homeassistant.core import HomeAssistant

    from .client.fingerprint_registry import Fingerprint
    from .coordinator import ReaderCoordinator

ATTR_ENABLED = "enabled"


@dataclass(frozen=True, slots=True)
class TemplateRef:
    """Reference to one template in a slot of a reader."""

    device: str
    """Hardware id of its reader."""
    slot: int
    template_id: str | None
    fingerprint: Fingerprint | None
    """None if the template is unnamed."""


# Lookup: only templates that are known by name or that their reader has listed.


def by_slot(reader: ReaderCoordinator, slot: int) -> TemplateRef:
    """Return the template in a slot of a reader."""
    unmatched = reader.data.unmatched
    if slot in unmatched.unnamed:
        return TemplateRef(reader.device, slot, unmatched.unnamed[slot], None)
    found = [each for each in reader.registry.on_reader(reader.device) if each[1].slot == slot]
    if not found:
        raise invalid("no_such_fingerprint")
    # Templates that are on the sensor win over missing ones, and newer over older ones.
    fingerprint, place = max(
        found,
        key=lambda each: (each[1].template_id not in unmatched.missing, each[0].enrolled_at),
    )
    return TemplateRef(reader.device, slot, place.template_id, fingerprint)


def by_template_id(hass: HomeAssistant, template_id: str) -> TemplateRef:
    """Return the template with this id, on any reader."""
    if (fingerprint := hass.data[DATA_REGISTRY].get(template_id)) is not None:
        place = next(each for each in fingerprint.places if each.template_id == template_id)
        return TemplateRef(place.device, place.slot, template_id, fingerprint)
    for reader in coordinators(hass):
        for slot, listed in reader.data.unmatched.unnamed.items():
            if listed == template_id:
                return TemplateRef(reader.device, slot, template_id, None)
    raise invalid("no_such_fingerprint")


def all_on(reader: ReaderCoordinator) -> list[TemplateRef]:
    """Return the templates of a reader: named ones, then unnamed ones, each sorted by slot."""
    named = [
        TemplateRef(reader.device, place.slot, place.template_id, fingerprint)
        for fingerprint, place in reader.registry.on_reader(reader.device)
    ]
    unnamed = [
        TemplateRef(reader.device, *each, None)
        for each in sorted(reader.data.unmatched.unnamed.items())
    ]
    return named + unnamed


# Changes


async def async_update(hass: HomeAssistant, ref: TemplateRef, data: Mapping[str, Any]) -> None:
    """Change name, person, finger or enabled of a fingerprint; or name an unnamed template.

    Fields that are not in `data` stay unchanged; see `subjects.subject`.
    """
    if ref.fingerprint is None or ref.template_id is None:
        await _async_adopt(hass, ref, data)
        return
    subject = subjects.subject(hass, data, ref.fingerprint.subject)
    enabled = data.get(ATTR_ENABLED, ref.fingerprint.enabled)
    await hass.data[DATA_REGISTRY].async_update(ref.template_id, subject=subject, enabled=enabled)


async def _async_adopt(hass: HomeAssistant, ref: TemplateRef, data: Mapping[str, Any]) -> None:
    """Give a name to an unnamed template, and an id if it has none."""
    registry, subject = hass.data[DATA_REGISTRY], subjects.subject(hass, data)
    if ref.template_id is not None and registry.get(ref.template_id) is not None:
        # Known on another reader: whoever stores templates on this one must not use that name.
        raise invalid("known_elsewhere")
    if ref.template_id in registry.unwanted(ref.device):
        raise invalid("given_up")
    reader, enabled = _reader(hass, ref), data.get(ATTR_ENABLED, True)
    with translate_errors(reader.config_entry.title):
        await reader.changes.async_name(ref.slot, ref.template_id, subject, enabled=enabled)
    # The person may have been removed while waiting for the reader.
    await subjects.async_unlink_removed(hass)


async def async_delete(hass: HomeAssistant, ref: TemplateRef) -> None:
    """Delete a template from its sensor, then forget its name."""
    reader = _reader(hass, ref)
    with translate_errors(reader.config_entry.title):
        await reader.changes.async_delete(ref.slot, ref.template_id)


async def async_forget(hass: HomeAssistant, ref: TemplateRef) -> None:
    """Forget the name of a template, without asking its reader."""
    if ref.fingerprint is None or ref.template_id is None:
        raise invalid("nothing_to_forget")
    await hass.data[DATA_REGISTRY].async_forget(ref.device, [ref.template_id])
    await hass.data[DATA_DELIVERY_LOG].async_forget(ref.device, [ref.template_id])


def _reader(hass: HomeAssistant, ref: TemplateRef) -> ReaderCoordinator:
    """Return the reader of a template."""
    if (reader := coordinator_of(hass, ref.device)) is None:
        raise invalid("reader_not_set_up")
    return reader
