"""The actions that enroll a finger, and stop that; those about fingerprints have a file beside."""

from typing import TYPE_CHECKING, Any

import probatio
from homeassistant.const import ATTR_DEVICE_ID, ATTR_NAME
from homeassistant.core import SupportsResponse, callback
from homeassistant.helpers import config_validation as cv

from . import enrollment_start, subjects
from .const import DOMAIN, FINGERS
from .enrollment_start import ATTR_SCAN_TIMEOUT, ATTR_SCANS
from .errors import no_outcome, translate_errors
from .fingerprint_services import async_setup_fingerprint_services
from .permissions import async_reader_to_enroll_at
from .subjects import (
    ATTR_FINGER,
    ATTR_PERSON,
    ATTR_SLOT,
    SLOT,
)

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse

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


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Offer the actions, whether a reader is set up or not."""
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
    async_setup_fingerprint_services(hass)


async def _async_enroll_fingerprint(call: ServiceCall) -> ServiceResponse:
    """Start an enrollment; answers when it is accepted, or with `wait` when it has ended."""
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
        answer |= {"outcome": snapshot.stage, "reason": snapshot.reason}
    return answer


async def _async_cancel_enrollment(call: ServiceCall) -> None:
    """End the running enrollment; returns when the reader has ended it."""
    coordinator = await async_reader_to_enroll_at(call)
    with translate_errors(coordinator.config_entry.title):
        await coordinator.client.enroller.async_cancel()
