"""Validate name, person and finger, and describe whose finger it is.

A person is stored by its registry id and shown by its entity id.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import probatio
from homeassistant.const import ATTR_NAME
from homeassistant.core import callback
from homeassistant.helpers import entity_registry as er

from .client.state import Subject
from .errors import invalid
from .storage import DATA_REGISTRY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from homeassistant.core import Event, HomeAssistant

ATTR_PERSON = "person"
ATTR_FINGER = "finger"
ATTR_SLOT = "slot"

SLOT = probatio.All(probatio.Coerce(int), probatio.Range(min=0, max=0xFFFF))

LONGEST_NAME = 100
_FORBIDDEN_NAMES = frozenset({"unknown", "unavailable"})
_JOINERS = "\u200c\u200d"
"""Invisible, but part of words (Persian, Hindi, …) and of emoji that are made of several."""

NOBODY = Subject("")


def subject(hass: HomeAssistant, given: Mapping[str, Any], before: Subject = NOBODY) -> Subject:
    """Return `before`, changed by the validated fields in `given`.

    Raises a translated error, which never quotes a name.
    """
    value = before
    if ATTR_FINGER in given:
        value = replace(value, finger=given[ATTR_FINGER] or None)
    if ATTR_PERSON in given:
        entity_id = given[ATTR_PERSON]
        person = _person(hass, entity_id) if entity_id else None
        value = replace(value, person=person)
    name = given.get(ATTR_NAME, value.name)
    if not name and value.person is not None:
        # The default is the person's name.
        entity_id = entity_id_of(hass, value.person)
        state = hass.states.get(entity_id) if entity_id is not None else None
        name = state.name if state is not None else ""
    return replace(value, name=_name(name))


def _name(name: str) -> str:
    """Return the validated name, without surrounding spaces."""
    name = name.strip()
    visible = "".join(character for character in name if character not in _JOINERS).strip()
    if not visible:
        raise invalid("name_missing")
    if len(name) > LONGEST_NAME:
        raise invalid("name_too_long", most=str(LONGEST_NAME))
    if not visible.isprintable() or visible.casefold() in _FORBIDDEN_NAMES:
        raise invalid("name_forbidden")
    return name


def _person(hass: HomeAssistant, entity_id: str) -> str:
    """Return the registry id of a person. Raises a translated error."""
    if (person := _registry_id(hass, entity_id)) is None:
        raise invalid("no_such_person")
    return person


def _registry_id(hass: HomeAssistant, entity_id: str) -> str | None:
    """Return the registry id of a person, which survives renaming; None if there is none."""
    entry = er.async_get(hass).async_get(entity_id)
    return entry.id if entry is not None and entry.domain == "person" else None


def entity_id_of(hass: HomeAssistant, person: str | None) -> str | None:
    """Return the current entity id of a person; None if it no longer exists."""
    if person is None:
        return None
    entry = er.async_get(hass).entities.get_entry(person)
    return entry.entity_id if entry is not None else None


async def async_unlink_removed(hass: HomeAssistant) -> None:
    """Unlink persons that no longer exist from fingerprints."""
    entries = er.async_get(hass).entities
    await hass.data[DATA_REGISTRY].async_unlink(
        lambda person: entries.get_entry(person) is not None
    )


@callback
def async_unlink_when_removed(hass: HomeAssistant) -> None:
    """Unlink persons from fingerprints when they are removed; the names stay."""

    async def unlink(_: Event[er.EventEntityRegistryUpdatedData]) -> None:
        await async_unlink_removed(hass)

    @callback
    def is_removal(data: er.EventEntityRegistryUpdatedData) -> bool:
        return data["action"] == "remove" and data["entity_id"].startswith("person.")

    hass.bus.async_listen(er.EVENT_ENTITY_REGISTRY_UPDATED, unlink, event_filter=is_removal)


def describe(
    hass: HomeAssistant, subject: Subject | None, prefix: str = ""
) -> dict[str, str | None]:
    """Return a subject as attributes of an entity or an event; None for unknown values."""
    return {
        f"{prefix}name": subject.name if subject else None,
        f"{prefix}finger": subject.finger if subject else None,
        f"{prefix}person": entity_id_of(hass, subject.person) if subject else None,
    }
