"""The actions about fingerprints that are known: list them, and change what is known of one."""

from dataclasses import replace
from typing import TYPE_CHECKING

import probatio
from homeassistant.const import ATTR_DEVICE_ID, ATTR_NAME
from homeassistant.core import SupportsResponse, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import service

from . import people
from .const import DOMAIN, FINGERS
from .errors import invalid
from .listing import async_get_fingerprints
from .stores import DATA_ROSTER

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant, ServiceCall

SERVICE_GET_FINGERPRINTS = "get_fingerprints"
SERVICE_UPDATE_FINGERPRINT = "update_fingerprint"

ATTR_TEMPLATE_ID = "template_id"
ATTR_PERSON = "person"
ATTR_FINGER = "finger"
ATTR_ENABLED = "enabled"

LONGEST_NAME = 100
_FORBIDDEN_NAMES = frozenset({"unknown", "unavailable"})

_GET_SCHEMA = probatio.Schema({probatio.Optional(ATTR_DEVICE_ID): cv.string})

_UPDATE_SCHEMA = probatio.Schema(
    {
        probatio.Required(ATTR_TEMPLATE_ID): cv.matches_regex("^[0-9a-f]{16}$"),
        probatio.Optional(ATTR_NAME): cv.string,
        # Nothing, to have none from now on.
        probatio.Optional(ATTR_PERSON): probatio.Any(None, cv.entity_id),
        probatio.Optional(ATTR_FINGER): probatio.Any(None, probatio.In(FINGERS)),
        probatio.Optional(ATTR_ENABLED): cv.boolean,
    }
)


@callback
def async_setup_fingerprint_services(hass: HomeAssistant) -> None:
    """Offer the actions."""
    hass.services.async_register(
        DOMAIN,
        SERVICE_GET_FINGERPRINTS,
        async_get_fingerprints,
        _GET_SCHEMA,
        SupportsResponse.ONLY,
    )
    service.async_register_admin_service(
        hass, DOMAIN, SERVICE_UPDATE_FINGERPRINT, _async_update_fingerprint, _UPDATE_SCHEMA
    )


# What actions are given


def checked_name(name: str) -> str:
    """Return a name as it is kept. Raises a translated error that does not quote it."""
    name = name.strip()
    if not name:
        raise invalid("name_missing")
    if len(name) > LONGEST_NAME:
        raise invalid("name_too_long", most=str(LONGEST_NAME))
    if not name.isprintable() or name.casefold() in _FORBIDDEN_NAMES:
        raise invalid("name_forbidden")
    return name


def checked_person(hass: HomeAssistant, entity_id: str) -> str:
    """Return the registry id of a person. Raises a translated error."""
    if (person := people.registry_id(hass, entity_id)) is None:
        raise invalid("no_such_person")
    return person


# The action


async def _async_update_fingerprint(call: ServiceCall) -> None:
    """Change name, person, finger, or whether a fingerprint counts."""
    roster = call.hass.data[DATA_ROSTER]
    fingerprint = roster.get(call.data[ATTR_TEMPLATE_ID])
    if fingerprint is None:
        raise invalid("no_such_fingerprint")
    subject, given = fingerprint.subject, call.data
    if ATTR_NAME in given:
        subject = replace(subject, name=checked_name(given[ATTR_NAME]))
    if ATTR_FINGER in given:
        subject = replace(subject, finger=given[ATTR_FINGER])
    if ATTR_PERSON in given:
        entity_id = given[ATTR_PERSON]
        person = None if entity_id is None else checked_person(call.hass, entity_id)
        subject = replace(subject, person=person)
    await roster.async_update(
        call.data[ATTR_TEMPLATE_ID],
        subject=subject,
        enabled=given.get(ATTR_ENABLED, fingerprint.enabled),
    )
