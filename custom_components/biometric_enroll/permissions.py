"""Permissions: administrators and automations may do everything, chosen users may enroll."""

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
    """Return the calling user; None for administrators and automations. Raises `UnknownUser`."""
    if call.context.user_id is None:
        return None
    user = await call.hass.auth.async_get_user(call.context.user_id)
    if user is None:
        raise UnknownUser(context=call.context)
    return None if user.is_admin else user


def may_enroll(user: User | None, entry: BiometricEnrollConfigEntry) -> bool:
    """Return whether the caller may enroll at the reader of an entry, and cancel that."""
    if user is None:
        return True
    # A deactivated user may still have an open connection.
    return user.is_active and user.id in entry.options.get(CONF_ENROLLERS, ())


async def async_reader_to_enroll_at(call: ServiceCall) -> ReaderCoordinator:
    """Return the reader of the device in a call, if the caller may enroll there.

    Raises `Unauthorized` first: only users who may enroll there learn whether the reader exists and
    is loaded. Then raises a translated error.
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
    """Raise `Unauthorized` for arguments that a chosen user may not use."""
    # Only administrators may see which slots are in use, and a refusal would reveal it.
    if ATTR_SLOT in call.data:
        raise Unauthorized(context=call.context)
    # The enrollment would show the name of a person that the user may not read.
    person: str | None = call.data.get(ATTR_PERSON)
    if person is not None and not user.permissions.check_entity(person, POLICY_READ):
        raise Unauthorized(context=call.context, entity_id=person, permission=POLICY_READ)
