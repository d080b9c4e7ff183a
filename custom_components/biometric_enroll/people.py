"""Persons of Home Assistant behind fingerprints: kept by registry id, shown by entity id."""

from typing import TYPE_CHECKING

from homeassistant.helpers import entity_registry as er

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

    from .reader.state import Subject


def registry_id(hass: HomeAssistant, entity_id: str) -> str | None:
    """Return what a person keeps when it is renamed, or None if there is no such person."""
    entry = er.async_get(hass).async_get(entity_id)
    return entry.id if entry is not None and entry.domain == "person" else None


def entity_id_of(hass: HomeAssistant, person: str | None) -> str | None:
    """Return the entity id that a person has now, or None if it is gone."""
    if person is None:
        return None
    entry = er.async_get(hass).entities.get_entry(person)
    return entry.entity_id if entry is not None else None


def describe(
    hass: HomeAssistant, subject: Subject | None, prefix: str = ""
) -> dict[str, str | None]:
    """Return who is meant, as attributes of an entity or of an event."""
    return {
        f"{prefix}name": subject.name if subject else None,
        f"{prefix}finger": subject.finger if subject else None,
        f"{prefix}person": entity_id_of(hass, subject.person) if subject else None,
    }
