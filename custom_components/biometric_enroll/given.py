"""What several actions are given, checked: whose finger it is."""

from dataclasses import replace
from typing import TYPE_CHECKING

import probatio
from homeassistant.const import ATTR_NAME

from . import people
from .errors import invalid
from .reader.state import Subject

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant, ServiceCall

ATTR_PERSON = "person"
ATTR_FINGER = "finger"
ATTR_SLOT = "slot"

SLOT = probatio.All(probatio.Coerce(int), probatio.Range(min=0, max=0xFFFF))

LONGEST_NAME = 100
_FORBIDDEN_NAMES = frozenset({"unknown", "unavailable"})

NOBODY = Subject("")


def subject(call: ServiceCall, before: Subject = NOBODY) -> Subject:
    """Return whose finger it is, after what a call changes about it.

    Raises a translated error; none of them quotes a name.
    """
    value, given = before, call.data
    if ATTR_FINGER in given:
        value = replace(value, finger=given[ATTR_FINGER] or None)
    if ATTR_PERSON in given:
        entity_id = given[ATTR_PERSON]
        person = _person(call.hass, entity_id) if entity_id else None
        value = replace(value, person=person)
    name = given.get(ATTR_NAME, value.name)
    if not name and value.person is not None:
        # That of the person, as long as nobody gives another.
        entity_id = people.entity_id_of(call.hass, value.person)
        state = call.hass.states.get(entity_id) if entity_id is not None else None
        name = state.name if state is not None else ""
    return replace(value, name=_name(name))


def _name(name: str) -> str:
    """Return a name as it is kept."""
    name = name.strip()
    if not name:
        raise invalid("name_missing")
    if len(name) > LONGEST_NAME:
        raise invalid("name_too_long", most=str(LONGEST_NAME))
    if not name.isprintable() or name.casefold() in _FORBIDDEN_NAMES:
        raise invalid("name_forbidden")
    return name


def _person(hass: HomeAssistant, entity_id: str) -> str:
    """Return the registry id of a person."""
    if (person := people.registry_id(hass, entity_id)) is None:
        raise invalid("no_such_person")
    return person
