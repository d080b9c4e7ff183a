"""The actions about single fingerprints: change what is known of one, name one, delete one."""

from typing import TYPE_CHECKING

import probatio
from homeassistant.const import ATTR_DEVICE_ID, ATTR_NAME
from homeassistant.core import SupportsResponse, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import service

from . import fingerprint_changes
from .const import DOMAIN, FINGERS
from .errors import invalid
from .fingerprint_changes import ATTR_ENABLED
from .fingerprint_list import async_get_fingerprints
from .runtime import reader_of
from .subjects import (
    ATTR_FINGER,
    ATTR_PERSON,
    ATTR_SLOT,
    SLOT,
)

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant, ServiceCall

    from .fingerprint_changes import TemplateRef

SERVICE_GET_FINGERPRINTS = "get_fingerprints"
SERVICE_UPDATE_FINGERPRINT = "update_fingerprint"
SERVICE_DELETE_FINGERPRINT = "delete_fingerprint"

ATTR_TEMPLATE_ID = "template_id"
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


def _meant(call: ServiceCall) -> TemplateRef:
    """Return which template a call is about. Raises a translated error."""
    named = {ATTR_TEMPLATE_ID, ATTR_DEVICE_ID, ATTR_SLOT} & call.data.keys()
    if named == {ATTR_TEMPLATE_ID}:
        return fingerprint_changes.by_template_id(call.hass, call.data[ATTR_TEMPLATE_ID])
    if named != {ATTR_DEVICE_ID, ATTR_SLOT}:
        raise invalid("which_fingerprint")
    return fingerprint_changes.by_slot(reader_of(call), call.data[ATTR_SLOT])


async def _async_update_fingerprint(call: ServiceCall) -> None:
    """Change name, person, finger, or whether a fingerprint counts; or name an unnamed template."""
    await fingerprint_changes.async_update(call.hass, _meant(call), call.data)


async def _async_delete_fingerprint(call: ServiceCall) -> None:
    """Delete a fingerprint from its sensor, and forget its name; with `force` only the latter."""
    if call.data[ATTR_FORCE]:
        await fingerprint_changes.async_forget(call.hass, _meant(call))
    else:
        await fingerprint_changes.async_delete(call.hass, _meant(call))
