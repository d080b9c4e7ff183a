"""The actions about single fingerprints: change what is known of one, name one, delete one."""

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

import probatio
from homeassistant.const import ATTR_DEVICE_ID, ATTR_NAME
from homeassistant.core import SupportsResponse, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import service
from homeassistant.util import dt as dt_util

from . import given, people
from .const import DOMAIN, FINGERS
from .errors import invalid, told
from .follower.roster import Place
from .given import ATTR_FINGER, ATTR_PERSON, ATTR_SLOT, SLOT
from .listing import async_get_fingerprints
from .runtime import coordinator_of, coordinators, reader_of
from .stores import DATA_MARKS, DATA_ROSTER

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant, ServiceCall

    from .coordinator import ReaderCoordinator
    from .follower.roster import Fingerprint

SERVICE_GET_FINGERPRINTS = "get_fingerprints"
SERVICE_UPDATE_FINGERPRINT = "update_fingerprint"
SERVICE_DELETE_FINGERPRINT = "delete_fingerprint"

ATTR_TEMPLATE_ID = "template_id"
ATTR_ENABLED = "enabled"
ATTR_FORCE = "force"

_GET_SCHEMA = probatio.Schema({probatio.Optional(ATTR_DEVICE_ID): cv.string})

_WHICH = {
    probatio.Optional(ATTR_TEMPLATE_ID): cv.matches_regex("^[0-9a-f]{16}$"),
    # Both, for a template that has no id.
    probatio.Optional(ATTR_DEVICE_ID): cv.string,
    probatio.Optional(ATTR_SLOT): SLOT,
}

_DELETE_SCHEMA = probatio.Schema(
    {**_WHICH, probatio.Optional(ATTR_FORCE, default=False): cv.boolean}
)

_UPDATE_SCHEMA = probatio.Schema(
    {
        **_WHICH,
        probatio.Optional(ATTR_NAME): cv.string,
        # Nothing, to have none from now on.
        probatio.Optional(ATTR_PERSON): probatio.Any(None, "", cv.entity_id),
        probatio.Optional(ATTR_FINGER): probatio.Any(None, "", probatio.In(FINGERS)),
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
    service.async_register_admin_service(
        hass, DOMAIN, SERVICE_DELETE_FINGERPRINT, _async_delete_fingerprint, _DELETE_SCHEMA
    )


# Which one is meant


@dataclass(frozen=True, slots=True)
class _Meant:
    """The template that a call is about."""

    device: str
    """Hardware id of its reader."""
    slot: int
    template_id: str | None
    fingerprint: Fingerprint | None
    """None: nobody knows it by name."""


def _meant(call: ServiceCall) -> _Meant:
    """Return which template a call is about. Raises a translated error.

    It is one that is known by name, or one that its reader has listed; never a guess.
    """
    named = {ATTR_TEMPLATE_ID, ATTR_DEVICE_ID, ATTR_SLOT} & call.data.keys()
    if named == {ATTR_TEMPLATE_ID}:
        return _meant_by_id(call.hass, call.data[ATTR_TEMPLATE_ID])
    if named != {ATTR_DEVICE_ID, ATTR_SLOT}:
        raise invalid("which_fingerprint")
    reader, slot = reader_of(call), call.data[ATTR_SLOT]
    if slot in reader.unnamed:
        return _Meant(reader.device, slot, reader.unnamed[slot], None)
    found = [each for each in reader.roster.on_reader(reader.device) if each[1].slot == slot]
    if not found:
        raise invalid("no_such_fingerprint")
    # One that was there and is missing now is not meant, nor one that a newer one has followed.
    fingerprint, place = max(
        found, key=lambda each: (each[1].template_id not in reader.gone, each[0].enrolled_at)
    )
    return _Meant(reader.device, slot, place.template_id, fingerprint)


def _meant_by_id(hass: HomeAssistant, template_id: str) -> _Meant:
    if (fingerprint := hass.data[DATA_ROSTER].get(template_id)) is not None:
        place = next(each for each in fingerprint.places if each.template_id == template_id)
        return _Meant(place.device, place.slot, template_id, fingerprint)
    for reader in coordinators(hass):
        for slot, listed in reader.unnamed.items():
            if listed == template_id:
                return _Meant(reader.device, slot, template_id, None)
    raise invalid("no_such_fingerprint")


# The actions


async def _async_update_fingerprint(call: ServiceCall) -> None:
    """Change name, person, finger, or whether a fingerprint counts; or name an unnamed template."""
    meant, roster = _meant(call), call.hass.data[DATA_ROSTER]
    if meant.fingerprint is None or meant.template_id is None:
        await _async_adopt(call, meant)
        return
    subject = given.subject(call, meant.fingerprint.subject)
    enabled = call.data.get(ATTR_ENABLED, meant.fingerprint.enabled)
    await roster.async_update(meant.template_id, subject=subject, enabled=enabled)


async def _async_adopt(call: ServiceCall, meant: _Meant) -> None:
    """Give a name to a template that has none, and an id where it has none either."""
    hass, roster = call.hass, call.hass.data[DATA_ROSTER]
    subject = given.subject(call)
    if meant.template_id is not None and roster.get(meant.template_id) is not None:
        # Known on another reader: to trust this one is not for whoever fills slots.
        raise invalid("known_elsewhere")
    reader, template_id = _reader(hass, meant), meant.template_id
    if template_id is None:
        template_id = secrets.token_hex(8)
        with told(reader.config_entry.title):
            await reader.changes.async_adopt(meant.slot, template_id)
    place = Place(meant.device, meant.slot, template_id)
    await roster.async_adopt(
        place, subject, dt_util.utcnow(), enabled=call.data.get(ATTR_ENABLED, True)
    )
    # The person may have been removed while the reader was asked.
    await people.async_unlink_removed(hass)


async def _async_delete_fingerprint(call: ServiceCall) -> None:
    """Delete a fingerprint from its sensor, and forget its name; with `force` only the latter."""
    meant = _meant(call)
    if not call.data[ATTR_FORCE]:
        reader = _reader(call.hass, meant)
        with told(reader.config_entry.title):
            await reader.changes.async_delete(meant.slot, meant.template_id)
    elif meant.fingerprint is not None and meant.template_id is not None:
        await call.hass.data[DATA_ROSTER].async_forget(meant.device, [meant.template_id])
        await call.hass.data[DATA_MARKS].async_forget(meant.device, [meant.template_id])
    else:
        raise invalid("nothing_to_forget")


def _reader(hass: HomeAssistant, meant: _Meant) -> ReaderCoordinator:
    """Return the reader that holds what is meant. Raises a translated error."""
    if (reader := coordinator_of(hass, meant.device)) is None:
        raise invalid("reader_not_set_up")
    return reader
