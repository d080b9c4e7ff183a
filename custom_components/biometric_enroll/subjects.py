"""What actions and dialogs are given, checked: whose finger it is."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import probatio
from homeassistant.const import ATTR_NAME

from . import people
from .client.state import Subject
from .errors import invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from homeassistant.core import HomeAssistant

ATTR_PERSON = "person"
ATTR_FINGER = "finger"
ATTR_SLOT = "slot"

SLOT = probatio.All(probatio.Coerce(int), probatio.Range(min=0, max=0xFFFF))

LONGEST_NAME = 100
_FORBIDDEN_NAMES = frozenset({"unknown", "unavailable"})

NOBODY = Subject("")


def subject(hass: HomeAssistant, given: Mapping[str, Any], before: Subject = NOBODY) -> Subject:
    """Return whose finger it is, after what is given about it.

    Raises a translated error; none of them quotes a name.
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
        # That of the person, as long as nobody gives another.
        entity_id = people.entity_id_of(hass, value.person)
        state = hass.states.get(entity_id) if entity_id is not None else None
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
