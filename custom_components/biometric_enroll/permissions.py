"""Who may do what: administrators and automations everything, chosen users enroll."""

from typing import TYPE_CHECKING

from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.exceptions import Unauthorized, UnknownUser
from homeassistant.helpers import device_registry as dr

from .const import CONF_ENROLLERS, DOMAIN
from .coordinator import reader_of
from .subjects import ATTR_PERSON, ATTR_SLOT

if TYPE_CHECKING:
    from homeassistant.auth.models import User
    from homeassistant.core import ServiceCall

    from .coordinator import BiometricEnrollConfigEntry, ReaderCoordinator


async def async_limited_user(call: ServiceCall) -> User | None:
    """Return who calls; None for an administrator or an automation. Raises `UnknownUser`."""
    if call.context.user_id is None:
        return None
    user = await call.hass.auth.async_get_user(call.context.user_id)
    if user is None:
        raise UnknownUser(context=call.context)
    return None if user.is_admin else user


def may_enroll(user: User | None, entry: BiometricEnrollConfigEntry) -> bool:
    """Return whether who calls may enroll at the reader of an entry, and cancel that."""
    if user is None:
        return True
    # Whoever is deactivated keeps a connection that is open.
    return user.is_active and user.id in entry.options.get(CONF_ENROLLERS, ())


async def async_reader_to_enroll_at(call: ServiceCall) -> ReaderCoordinator:
    """Return the reader that a call names by its device, if the caller may enroll there.

    Raises `Unauthorized` before anything else: whether there is such a reader, and whether it is
    loaded, is told to those only who may use it.
    """
    if (user := await async_limited_user(call)) is not None:
        _, entry = dr.async_get_device_and_config_entry_for_domain(
            call.hass, call.data[ATTR_DEVICE_ID], domain=DOMAIN
        )
        if entry is None or not may_enroll(user, entry):
            raise Unauthorized(context=call.context)
        _check_given(call, user)
    return reader_of(call)


def _check_given(call: ServiceCall, user: User) -> None:
    """Raise `Unauthorized` for what a chosen user may not say about an enrollment."""
    # Where templates are stored is shown to administrators only, and a refusal would tell it.
    if ATTR_SLOT in call.data:
        raise Unauthorized(context=call.context)
    # The enrollment would show the name of somebody that is hidden from them.
    person: str | None = call.data.get(ATTR_PERSON)
    if person is not None and not user.permissions.check_entity(person, POLICY_READ):
        raise Unauthorized(context=call.context, entity_id=person, permission=POLICY_READ)
