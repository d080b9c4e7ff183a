"""The actions about fingerprints that are known: list them, and change what is known of them."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import probatio
from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.const import ATTR_DEVICE_ID, ATTR_NAME
from homeassistant.core import SupportsResponse, callback
from homeassistant.exceptions import Unauthorized
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import service

from . import people
from .const import DOMAIN, FINGERS
from .errors import invalid
from .stores import DATA_MARKS, DATA_ROSTER

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse

    from .coordinator import ReaderCoordinator
    from .follower.roster import Fingerprint, Place
    from .runtime import Runtime

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
        _async_get_fingerprints,
        _GET_SCHEMA,
        SupportsResponse.ONLY,
    )
    service.async_register_admin_service(
        hass, DOMAIN, SERVICE_UPDATE_FINGERPRINT, _async_update_fingerprint, _UPDATE_SCHEMA
    )


# What actions are given


def reader_of(call: ServiceCall) -> ReaderCoordinator:
    """Return the reader that the call names by its device. Raises a translated error."""
    _, entry = service.async_get_device_and_config_entry(
        call.hass, DOMAIN, call.data[ATTR_DEVICE_ID]
    )
    runtime: Runtime = entry.runtime_data
    return runtime.coordinator


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


# The actions


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


async def _async_get_fingerprints(call: ServiceCall) -> ServiceResponse:
    """List the fingerprints of one reader or of all, for whoever may read their entities."""
    roster = call.hass.data[DATA_ROSTER]
    if ATTR_DEVICE_ID in call.data:
        found = roster.on_reader(reader_of(call).device)
    else:
        found = roster.all()
    devices = _devices(call.hass, found)
    with_places = True
    for device_id in dict.fromkeys([*devices.values(), *_asked(call)]):
        with_places = await _async_may_see_places(call, device_id) and with_places
    listed = [
        _described(call.hass, fingerprint, place, devices.get(place.device), with_places)
        for fingerprint, place in found
    ]
    return {"fingerprints": [*listed], "people": [*_by_person(listed)]}


def _asked(call: ServiceCall) -> list[str]:
    return [call.data[ATTR_DEVICE_ID]] if ATTR_DEVICE_ID in call.data else []


def _devices(hass: HomeAssistant, found: list[tuple[Fingerprint, Place]]) -> dict[str, str]:
    """Return the registry ids of the devices, by hardware id; of those that are set up."""
    wanted = {place.device for _, place in found}
    return {
        value: device.id
        for entry in hass.config_entries.async_entries(DOMAIN)
        for device in dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
        for domain, value in device.identifiers
        if domain == DOMAIN and value in wanted
    }


def _described(
    hass: HomeAssistant,
    fingerprint: Fingerprint,
    place: Place,
    device_id: str | None,
    with_places: bool,  # noqa: FBT001 - one of several
) -> dict[str, Any]:
    use = hass.data[DATA_MARKS].of(place.device).uses.get(place.template_id)
    answer: dict[str, Any] = {
        **people.describe(hass, fingerprint.subject),
        "device_id": device_id,
        "enabled": fingerprint.enabled,
        "enrolled_at": fingerprint.enrolled_at,
        "last_identified_at": use.last_at if use else None,
        "count": use.count if use else 0,
    }
    if with_places:
        answer |= {"slot": place.slot, "template_id": place.template_id}
    return answer


def _by_person(listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Group fingerprints by the person, or by the name where there is none; in order of names."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for each in listed:
        key = (each["person"], "") if each["person"] else ("", each["name"])
        groups.setdefault(key, []).append(each)
    found = [
        {"name": prints[0]["name"], "person": prints[0]["person"], "fingerprints": prints}
        for prints in groups.values()
    ]
    return sorted(found, key=lambda group: str(group["name"]).casefold())


async def _async_may_see_places(call: ServiceCall, device_id: str) -> bool:
    """Return whether an admin or an automation asks. Raises `Unauthorized`."""
    if call.context.user_id is None:
        return True
    user = await call.hass.auth.async_get_user(call.context.user_id)
    if user is None:
        raise Unauthorized(context=call.context)
    entities = er.async_entries_for_device(er.async_get(call.hass), device_id)
    if not entities or not all(
        user.permissions.check_entity(entity.entity_id, POLICY_READ) for entity in entities
    ):
        raise Unauthorized(context=call.context, permission=POLICY_READ)
    return user.is_admin
