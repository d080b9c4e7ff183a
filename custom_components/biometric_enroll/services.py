"""The actions: enroll a finger, stop that, and list the fingerprints of a reader."""

import asyncio
from typing import TYPE_CHECKING, Any

import probatio
from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.const import ATTR_DEVICE_ID, ATTR_NAME
from homeassistant.core import SupportsResponse, callback
from homeassistant.exceptions import Unauthorized
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import service

from . import people
from .const import DOMAIN, FINGERS
from .errors import invalid, no_outcome, told
from .follower.enroller import Wish
from .reader.state import Subject

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse

    from .coordinator import ReaderCoordinator
    from .follower.roster import Fingerprint, Place
    from .runtime import Runtime

SERVICE_ENROLL_FINGERPRINT = "enroll_fingerprint"
SERVICE_CANCEL_ENROLLMENT = "cancel_enrollment"
SERVICE_GET_FINGERPRINTS = "get_fingerprints"

ATTR_PERSON = "person"
ATTR_FINGER = "finger"
ATTR_SLOT = "slot"
ATTR_SCANS = "scans"
ATTR_SCAN_TIMEOUT = "scan_timeout"
ATTR_WAIT = "wait"

LONGEST_NAME = 100
_FORBIDDEN_NAMES = frozenset({"unknown", "unavailable"})

_DEVICE_SCHEMA = probatio.Schema({probatio.Required(ATTR_DEVICE_ID): cv.string})

_ENROLL_SCHEMA = _DEVICE_SCHEMA.extend(
    {
        probatio.Optional(ATTR_NAME): cv.string,
        probatio.Optional(ATTR_PERSON): cv.entity_id,
        probatio.Optional(ATTR_FINGER): probatio.In(FINGERS),
        probatio.Optional(ATTR_SLOT): probatio.All(
            probatio.Coerce(int), probatio.Range(min=0, max=0xFFFF)
        ),
        probatio.Optional(ATTR_SCANS, default=3): probatio.All(
            probatio.Coerce(int), probatio.Range(min=3, max=7)
        ),
        probatio.Optional(ATTR_SCAN_TIMEOUT, default=30): probatio.All(
            probatio.Coerce(int), probatio.Range(min=5, max=120)
        ),
        probatio.Optional(ATTR_WAIT, default=False): cv.boolean,
    }
)


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Offer the actions, whether a reader is set up or not."""
    service.async_register_admin_service(
        hass,
        DOMAIN,
        SERVICE_ENROLL_FINGERPRINT,
        _async_enroll_fingerprint,
        _ENROLL_SCHEMA,
        SupportsResponse.OPTIONAL,
    )
    service.async_register_admin_service(
        hass, DOMAIN, SERVICE_CANCEL_ENROLLMENT, _async_cancel_enrollment, _DEVICE_SCHEMA
    )
    hass.services.async_register(
        DOMAIN,
        SERVICE_GET_FINGERPRINTS,
        _async_get_fingerprints,
        _DEVICE_SCHEMA,
        SupportsResponse.ONLY,
    )


def _reader(call: ServiceCall) -> ReaderCoordinator:
    """Return the reader that the call names by its device. Raises a translated error."""
    _, entry = service.async_get_device_and_config_entry(
        call.hass, DOMAIN, call.data[ATTR_DEVICE_ID]
    )
    runtime: Runtime = entry.runtime_data
    return runtime.coordinator


def _subject(call: ServiceCall) -> Subject:
    """Return whose finger is meant. Raises a translated error; none of them quotes a name."""
    person: str | None = None
    name: str = call.data.get(ATTR_NAME, "")
    if (entity_id := call.data.get(ATTR_PERSON)) is not None:
        if (person := people.registry_id(call.hass, entity_id)) is None:
            raise invalid("no_such_person")
        if not name and (state := call.hass.states.get(entity_id)) is not None:
            name = state.name
    name = name.strip()
    if not name:
        raise invalid("name_missing")
    if len(name) > LONGEST_NAME:
        raise invalid("name_too_long", most=str(LONGEST_NAME))
    if not name.isprintable() or name.casefold() in _FORBIDDEN_NAMES:
        raise invalid("name_forbidden")
    return Subject(name, call.data.get(ATTR_FINGER), person)


async def _async_enroll_fingerprint(call: ServiceCall) -> ServiceResponse:
    """Start an enrollment; answers when it is accepted, or with `wait` when it has ended."""
    coordinator = _reader(call)
    entry, enroller = coordinator.config_entry, coordinator.follower.enroller
    wish = Wish(call.data.get(ATTR_SLOT), call.data[ATTR_SCANS], call.data[ATTR_SCAN_TIMEOUT])
    starting = entry.async_create_task(
        call.hass, enroller.async_enroll(_subject(call), wish, call.context)
    )
    with told(entry.title):
        # A script that is stopped stops waiting; the enrollment goes on.
        template_id, slot = await _async_outlived_by(starting)
    answer: dict[str, Any] = {"template_id": template_id, "slot": slot}
    if call.data[ATTR_WAIT]:
        try:
            snapshot = await enroller.async_wait_end(template_id, wish)
        except TimeoutError:
            raise no_outcome(entry.title) from None
        answer |= {"outcome": snapshot.stage, "reason": snapshot.reason}
    return answer


async def _async_outlived_by[T](task: asyncio.Task[T]) -> T:
    """Return what a task returns; who stops waiting for it does not stop it.

    Unlike with `asyncio.shield`, a refusal that comes later is no error in the log.
    """
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    await asyncio.wait([task])
    return task.result()


async def _async_cancel_enrollment(call: ServiceCall) -> None:
    """End the running enrollment; returns when the reader has ended it."""
    coordinator = _reader(call)
    with told(coordinator.config_entry.title):
        await coordinator.follower.enroller.async_cancel()


async def _async_get_fingerprints(call: ServiceCall) -> ServiceResponse:
    """List the fingerprints of a reader, for whoever may read its entities."""
    coordinator = _reader(call)
    with_places = await _async_may_see_places(call)
    return {
        "fingerprints": [
            _described(call.hass, fingerprint, place if with_places else None)
            for fingerprint, place in coordinator.roster.on_reader(coordinator.device)
        ]
    }


def _described(
    hass: HomeAssistant, fingerprint: Fingerprint, place: Place | None
) -> dict[str, Any]:
    answer: dict[str, Any] = {
        **people.describe(hass, fingerprint.subject),
        "enrolled_at": fingerprint.enrolled_at,
    }
    if place is not None:
        answer |= {"slot": place.slot, "template_id": place.template_id}
    return answer


async def _async_may_see_places(call: ServiceCall) -> bool:
    """Return whether an admin or an automation asks. Raises `Unauthorized`."""
    if call.context.user_id is None:
        return True
    user = await call.hass.auth.async_get_user(call.context.user_id)
    if user is None:
        raise Unauthorized(context=call.context)
    entities = er.async_entries_for_device(er.async_get(call.hass), call.data[ATTR_DEVICE_ID])
    if not entities or not all(
        user.permissions.check_entity(entity.entity_id, POLICY_READ) for entity in entities
    ):
        raise Unauthorized(context=call.context, permission=POLICY_READ)
    return user.is_admin
