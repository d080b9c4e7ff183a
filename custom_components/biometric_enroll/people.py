"""Persons of Home Assistant behind fingerprints: kept by registry id, shown by entity id."""

from typing import TYPE_CHECKING

from homeassistant.core import callback
from homeassistant.helpers import entity_registry as er

from .storage import DATA_REGISTRY

if TYPE_CHECKING:
    from homeassistant.core import Event, HomeAssistant

    from .client.state import Subject


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


async def async_unlink_removed(hass: HomeAssistant) -> None:
    """Let fingerprints forget the persons that are not there any more."""
    entries = er.async_get(hass).entities
    await hass.data[DATA_REGISTRY].async_unlink(
        lambda person: entries.get_entry(person) is not None
    )


@callback
def async_unlink_when_removed(hass: HomeAssistant) -> None:
    """Let fingerprints forget a person that is removed; they keep their name."""

    async def unlink(_: Event[er.EventEntityRegistryUpdatedData]) -> None:
        await async_unlink_removed(hass)

    @callback
    def is_removal(data: er.EventEntityRegistryUpdatedData) -> bool:
        return data["action"] == "remove" and data["entity_id"].startswith("person.")

    hass.bus.async_listen(er.EVENT_ENTITY_REGISTRY_UPDATED, unlink, event_filter=is_removal)


def describe(
    hass: HomeAssistant, subject: Subject | None, prefix: str = ""
) -> dict[str, str | None]:
    """Return who is meant, as attributes of an entity or of an event."""
    return {
        f"{prefix}name": subject.name if subject else None,
        f"{prefix}finger": subject.finger if subject else None,
        f"{prefix}person": entity_id_of(hass, subject.person) if subject else None,
    }
