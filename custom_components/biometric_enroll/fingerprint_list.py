"""The action `get_fingerprints`, and which users may see which part of the response."""

from typing import TYPE_CHECKING, Any

from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.const import ATTR_DEVICE_ID, ATTR_ENTITY_PICTURE
from homeassistant.exceptions import Unauthorized
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er

from . import subjects
from .const import DOMAIN
from .coordinator import coordinators, reader_of
from .permissions import async_limited_user, may_enroll
from .storage import DATA_DELIVERY_LOG, DATA_REGISTRY

if TYPE_CHECKING:
    from homeassistant.auth.models import User
    from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse

    from .client.fingerprint_registry import Fingerprint, Place


async def async_get_fingerprints(call: ServiceCall) -> ServiceResponse:
    """List the fingerprints of one or all readers, for users who may read the readers' entities.

    Raises `Unauthorized`. Administrators and automations also get slots, template ids, unnamed
    templates and fingerprints on readers that are no longer set up. For one reader, the response
    also has whether the caller may enroll there.
    """
    hass, registry = call.hass, call.hass.data[DATA_REGISTRY]
    found = registry.all()
    if ATTR_DEVICE_ID in call.data:
        found = registry.on_reader(reader_of(call).device)
    devices = _devices(hass)
    user = await async_limited_user(call)
    if user is not None:
        found = [pair for pair in found if pair[1].device in devices]
        asked = [call.data[ATTR_DEVICE_ID]] if ATTR_DEVICE_ID in call.data else []
        for device_id in (*asked, *(devices[place.device] for _, place in found)):
            _check_may_read(call, user, device_id)
    missing = {each for reader in coordinators(hass) for each in reader.data.unmatched.missing}
    listed = [
        {
            **_described(
                hass, fingerprint, place, devices.get(place.device), with_places=user is None
            ),
            "missing": place.template_id in missing,
        }
        for fingerprint, place in found
    ]
    answer: dict[str, Any] = {"fingerprints": listed, "people": _by_person(hass, user, listed)}
    if ATTR_DEVICE_ID in call.data:
        answer["may_enroll"] = may_enroll(user, reader_of(call).config_entry)
    if user is None:
        answer["unnamed"] = _unnamed(call, devices)
    return answer


def _unnamed(call: ServiceCall, devices: dict[str, str]) -> list[dict[str, Any]]:
    """Return the unnamed templates."""
    readers = [reader_of(call)] if ATTR_DEVICE_ID in call.data else coordinators(call.hass)
    return [
        {"device_id": devices.get(reader.device), "slot": slot, "template_id": template_id}
        for reader in sorted(readers, key=lambda reader: reader.device)
        for slot, template_id in reader.data.unmatched.unnamed.items()
    ]


def _devices(hass: HomeAssistant) -> dict[str, str]:
    """Return the device registry ids of the configured readers, by hardware id."""
    return {
        value: device.id
        for entry in hass.config_entries.async_entries(DOMAIN)
        for device in dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
        for domain, value in device.identifiers
        if domain == DOMAIN
    }


def _may_read(user: User | None, entity_id: str) -> bool:
    return user is None or user.permissions.check_entity(entity_id, POLICY_READ)


def _check_may_read(call: ServiceCall, user: User, device_id: str) -> None:
    """Raise `Unauthorized` unless a user may read all entities of a device."""
    entities = er.async_entries_for_device(er.async_get(call.hass), device_id)
    if not entities or not all(_may_read(user, entity.entity_id) for entity in entities):
        raise Unauthorized(context=call.context, permission=POLICY_READ)


def _described(
    hass: HomeAssistant,
    fingerprint: Fingerprint,
    place: Place,
    device_id: str | None,
    *,
    with_places: bool,
) -> dict[str, Any]:
    use = hass.data[DATA_DELIVERY_LOG].of(place.device).uses.get(place.template_id)
    answer: dict[str, Any] = {
        **subjects.describe(hass, fingerprint.subject),
        "device_id": device_id,
        "enabled": fingerprint.enabled,
        "enrolled_at": fingerprint.enrolled_at,
        "last_identified_at": use.last_at if use else None,
        "count": use.count if use else 0,
    }
    if with_places:
        answer |= {"slot": place.slot, "template_id": place.template_id}
    return answer


def _by_person(
    hass: HomeAssistant, user: User | None, listed: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Group fingerprints by person, or by name if there is none; sorted by name.

    A person has their current name and picture, if the user may read their entity.
    """
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for each in listed:
        key = (each["person"], "") if each["person"] else ("", each["name"])
        groups.setdefault(key, []).append(each)
    found = []
    for prints in groups.values():
        person: str | None = prints[0]["person"]
        state = hass.states.get(person) if person and _may_read(user, person) else None
        found.append(
            {
                "name": state.name if state else prints[0]["name"],
                "person": person,
                "picture": state.attributes.get(ATTR_ENTITY_PICTURE) if state else None,
                "fingerprints": prints,
            }
        )
    return sorted(found, key=lambda group: str(group["name"]).casefold())
