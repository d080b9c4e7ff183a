"""Actions: enroll a finger, cancel an enrollment; list, change and delete fingerprints."""

from typing import TYPE_CHECKING, Any

import probatio
from homeassistant.const import ATTR_DEVICE_ID, ATTR_NAME
from homeassistant.core import SupportsResponse, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import service

from . import enrollment_start, fingerprint_changes, subjects
from .client.enrollment import REASONS
from .const import DOMAIN, FINGERS
from .coordinator import reader_of
from .enrollment_start import ATTR_SCAN_TIMEOUT, ATTR_SCANS
from .errors import invalid, no_outcome, translate_errors
from .fingerprint_changes import ATTR_ENABLED
from .fingerprint_list import async_get_fingerprints
from .permissions import async_reader_to_enroll_at
from .protocol.words import shown
from .subjects import (
    ATTR_FINGER,
    ATTR_PERSON,
    ATTR_SLOT,
    SLOT,
)

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse

    from .fingerprint_changes import TemplateRef

SERVICE_ENROLL_FINGERPRINT = "enroll_fingerprint"
SERVICE_CANCEL_ENROLLMENT = "cancel_enrollment"

ATTR_WAIT = "wait"

_DEVICE_SCHEMA = probatio.Schema({probatio.Required(ATTR_DEVICE_ID): cv.string})

_ENROLL_SCHEMA = _DEVICE_SCHEMA.extend(
    {
        probatio.Optional(ATTR_NAME): cv.string,
        probatio.Optional(ATTR_PERSON): cv.entity_id,
        probatio.Optional(ATTR_FINGER): probatio.In(FINGERS),
        probatio.Optional(ATTR_SLOT): SLOT,
        probatio.Optional(ATTR_SCANS): probatio.All(
            probatio.Coerce(int), probatio.Range(min=3, max=7)
        ),
        probatio.Optional(ATTR_SCAN_TIMEOUT): probatio.All(
            probatio.Coerce(int), probatio.Range(min=5, max=120)
        ),
        probatio.Optional(ATTR_WAIT, default=False): cv.boolean,
    }
)


SERVICE_GET_FINGERPRINTS = "get_fingerprints"
SERVICE_UPDATE_FINGERPRINT = "update_fingerprint"
SERVICE_DELETE_FINGERPRINT = "delete_fingerprint"

ATTR_TEMPLATE_ID = "template_id"
ATTR_FORCE = "force"

_GET_SCHEMA = probatio.Schema({probatio.Optional(ATTR_DEVICE_ID): cv.string})

_WHICH = {
    probatio.Optional(ATTR_TEMPLATE_ID): cv.matches_regex("^[0-9a-f]{16}$"),
    # Device and slot together identify a template without an id.
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
        # Empty values remove person and finger.
        probatio.Optional(ATTR_PERSON): probatio.Any(None, "", cv.entity_id),
        probatio.Optional(ATTR_FINGER): probatio.Any(None, "", probatio.In(FINGERS)),
        probatio.Optional(ATTR_ENABLED): cv.boolean,
    }
)


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions, also if no reader is set up."""
    hass.services.async_register(
        DOMAIN,
        SERVICE_ENROLL_FINGERPRINT,
        _async_enroll_fingerprint,
        _ENROLL_SCHEMA,
        SupportsResponse.OPTIONAL,
    )
    hass.services.async_register(
        DOMAIN, SERVICE_CANCEL_ENROLLMENT, _async_cancel_enrollment, _DEVICE_SCHEMA
    )
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


async def _async_enroll_fingerprint(call: ServiceCall) -> ServiceResponse:
    """Start an enrollment; responds when it is accepted, or with `wait` when it has ended."""
    coordinator = await async_reader_to_enroll_at(call)
    entry, enroller = coordinator.config_entry, coordinator.client.enroller
    enroll_options = enrollment_start.enroll_options(call.data, entry.options)
    subject = subjects.subject(call.hass, call.data)
    template_id, slot = await enrollment_start.async_start(
        call.hass, coordinator, subject, enroll_options, call.context
    )
    answer: dict[str, Any] = {"template_id": template_id, "slot": slot}
    if call.data[ATTR_WAIT]:
        try:
            snapshot = await enroller.async_wait_end(template_id, enroll_options)
        except TimeoutError:
            raise no_outcome(entry.title) from None
        answer |= {"outcome": snapshot.stage, "reason": shown(snapshot.reason, REASONS)}
    return answer


async def _async_cancel_enrollment(call: ServiceCall) -> None:
    """Cancel the running enrollment; returns when the reader has ended it."""
    coordinator = await async_reader_to_enroll_at(call)
    with translate_errors(coordinator.config_entry.title):
        await coordinator.client.enroller.async_cancel()


def _template_ref(call: ServiceCall) -> TemplateRef:
    """Return which template a call is about. Raises a translated error."""
    named = {ATTR_TEMPLATE_ID, ATTR_DEVICE_ID, ATTR_SLOT} & call.data.keys()
    if named == {ATTR_TEMPLATE_ID}:
        return fingerprint_changes.by_template_id(call.hass, call.data[ATTR_TEMPLATE_ID])
    if named != {ATTR_DEVICE_ID, ATTR_SLOT}:
        raise invalid("which_fingerprint")
    return fingerprint_changes.by_slot(reader_of(call), call.data[ATTR_SLOT])


async def _async_update_fingerprint(call: ServiceCall) -> None:
    """Change name, person, finger or enabled of a fingerprint; or name an unnamed template."""
    await fingerprint_changes.async_update(call.hass, _template_ref(call), call.data)


async def _async_delete_fingerprint(call: ServiceCall) -> None:
    """Delete a template and its name; with `force` forget only the name."""
    if call.data[ATTR_FORCE]:
        await fingerprint_changes.async_forget(call.hass, _template_ref(call))
    else:
        await fingerprint_changes.async_delete(call.hass, _template_ref(call))
