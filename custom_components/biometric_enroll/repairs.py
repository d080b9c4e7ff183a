"""What a user can do about what is wrong with a reader; each flow says first what will happen."""

from typing import TYPE_CHECKING, Any, override

import probatio
from homeassistant.components.repairs import RepairsFlow
from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
)

from .client.errors import (
    ReaderError,
    RefusedError,
    TooOldError,
    UnreachableError,
)
from .const import CONF_DEVICE, CONF_READER_ID, DOMAIN
from .discovery import async_probe_version_1
from .issues import (
    ISSUE_FINGERPRINTS_MISSING,
    ISSUE_FIRMWARE_TOO_OLD,
    ISSUE_OTHER_DEVICE,
    ISSUE_SENSOR_CHANGED,
    ISSUE_SENSOR_FULL,
    NEEDED,
)
from .migration import async_move, is_taken
from .protocol.words import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from homeassistant.components.repairs import RepairsFlowResult
    from homeassistant.core import HomeAssistant

    from .coordinator import BiometricEnrollConfigEntry, ReaderCoordinator
    from .protocol.messages import Identity

CONF_SLOTS = "slots"

KNOWN_REFUSALS = frozenset({Refusal.BUSY, Refusal.SENSOR_ERROR})
"""Those that users can do something about; the others only say that it did not work."""


class _TryAgainError(Exception):
    """It cannot be done now; the text is a key of the flow's errors."""


class _NoUseError(Exception):
    """It cannot be done like this at all; the text is a key of the flow's reasons to abort."""


class ReaderFlow(RepairsFlow):
    """Says what will happen, does it, and says why where it did not."""

    def __init__(self, entry: BiometricEnrollConfigEntry) -> None:
        """Repair what is wrong with the reader of an entry."""
        self._entry = entry
        self._placeholders: Mapping[str, str] | None = None

    @property
    def _reader(self) -> ReaderCoordinator:
        return self._entry.runtime_data

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Begin: what comes with the first call is no answer of the user's."""
        del user_input
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Ask, and do it."""
        if self._entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                await self._async_fix(user_input)
            except _TryAgainError as err:
                errors["base"] = str(err)
            except _NoUseError as err:
                return self.async_abort(reason=str(err))
            except ReaderError as err:
                errors["base"] = _error(err)
            else:
                return self.async_create_entry(data={})
            if not hasattr(self._entry, "runtime_data"):
                # Unloaded meanwhile; while it is only being reloaded, the form goes on.
                return self.async_abort(reason="not_loaded")
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        if issue is not None:
            # It may be taken back while the form is open; the form still needs its words.
            self._placeholders = issue.translation_placeholders
        return self.async_show_form(
            step_id="confirm",
            data_schema=self._schema(),
            description_placeholders={**(self._placeholders or {}), **self._more()},
            errors=errors,
        )

    def _schema(self) -> probatio.Schema:
        return probatio.Schema({})

    def _more(self) -> dict[str, str]:
        """Return what the form tells beside what the issue does."""
        return {}

    async def _async_fix(self, user_input: Mapping[str, Any]) -> None:
        """Do it. Raises `ReaderError`, `_TryAgainError`, `_NoUseError`."""
        raise NotImplementedError


def _error(err: ReaderError) -> str:
    if isinstance(err, UnreachableError):
        return "reader_unreachable"
    if isinstance(err, TooOldError):
        return "too_old"
    if isinstance(err, RefusedError) and err.refusal in KNOWN_REFUSALS:
        return str(err.refusal)
    return "refused"


class FingerprintsMissingFlow(ReaderFlow):
    """Forgets the names whose template is missing."""

    def __init__(self, entry: BiometricEnrollConfigEntry) -> None:
        """Begin before the form has told any names."""
        super().__init__(entry)
        self._told: frozenset[str] = frozenset()

    @override
    def _more(self) -> dict[str, str]:
        reader = self._reader
        self._told = reader.data.unmatched.missing
        names = [
            f"- {fingerprint.subject.name} ({place.slot})"
            for fingerprint, place in reader.registry.on_reader(reader.device)
            if place.template_id in self._told
        ]
        return {"names": "\n".join(names)}

    @override
    async def _async_fix(self, user_input: Mapping[str, Any]) -> None:
        missing = self._reader.data.unmatched.missing
        if not missing <= self._told:
            raise _TryAgainError("more_gone")
        await self._reader.client.model.async_forget(missing)


class SensorChangedFlow(ReaderFlow):
    """Takes the sensor that is there now for the reader's own."""

    @override
    async def _async_fix(self, user_input: Mapping[str, Any]) -> None:
        await self._reader.changes.async_accept_sensor()


class SensorFullFlow(ReaderFlow):
    """Deletes the fingerprints that the user chooses."""

    def __init__(self, entry: BiometricEnrollConfigEntry) -> None:
        """Begin before the form has offered any."""
        super().__init__(entry)
        self._listed: str | None = None

    def _held(self) -> dict[str, tuple[str, int, str | None]]:
        """Return label, slot and id of what the sensor holds, by an option's value.

        The value names the template too: another one may be in its slot when the form comes back.
        """
        reader, unmatched = self._reader, self._reader.data.unmatched
        found: dict[int, tuple[str, str | None]] = {
            place.slot: (fingerprint.subject.name, place.template_id)
            for fingerprint, place in reader.registry.on_reader(reader.device)
            if place.template_id not in unmatched.missing
        }
        found |= {slot: ("?", template_id) for slot, template_id in unmatched.unnamed.items()}
        return {
            f"{slot} {template_id or ''}": (f"{name} ({slot})", slot, template_id)
            for slot, (name, template_id) in sorted(found.items())
        }

    @override
    def _schema(self) -> probatio.Schema:
        self._listed = self._reader.data.unmatched.revision
        options = [
            SelectOptionDict(value=value, label=label)
            for value, (label, _, _) in self._held().items()
        ]
        selector = SelectSelector(SelectSelectorConfig(options=options, multiple=True))
        return probatio.Schema({probatio.Required(CONF_SLOTS): selector})

    @override
    async def _async_fix(self, user_input: Mapping[str, Any]) -> None:
        if not user_input[CONF_SLOTS]:
            raise _TryAgainError("nothing_chosen")
        # The one of now: while one is deleted, the entry may be unloaded, which ends the others.
        changes, held = self._reader.changes, self._held()
        # Somebody else may have deleted some while the form was open.
        chosen = [held[value] for value in user_input[CONF_SLOTS] if value in held]
        listed = self._reader.data.unmatched.revision
        if listed != self._listed and any(each[2] is None for each in chosen):
            # Without an id, it is one of a list: another sensor may have been accepted.
            raise _TryAgainError("list_changed")
        for _, slot, template_id in chosen:
            await changes.async_delete(slot, template_id)


def _new_enough(identity: Identity | None) -> bool:
    return identity is not None and identity.features >= NEEDED


class FirmwareTooOldFlow(ReaderFlow):
    """Looks whether the reader has got a newer firmware."""

    @override
    async def _async_fix(self, user_input: Mapping[str, Any]) -> None:
        # What it tells may have the entry reloaded, with another client.
        client = self._reader.client
        try:
            await client.async_look()
        except UnreachableError:
            # Unless it has just told somebody else, and the reload has cut us short.
            if not _new_enough(client.state.identity):
                raise
        if not _new_enough(client.state.identity):
            raise _TryAgainError("still_too_old")


class OtherDeviceFlow(ReaderFlow):
    """Lets the reader that answers take the place of the one that was set up."""

    @override
    async def _async_fix(self, user_input: Mapping[str, Any]) -> None:
        entry, reader_id = self._entry, self._entry.data[CONF_READER_ID]
        # Those of now: the entry may be unloaded while the reader is asked.
        issues = self._reader.issues
        identity = await async_probe_version_1(self.hass, reader_id)
        if identity.device == entry.data[CONF_DEVICE]:
            # The right one is back.
            return
        if identity.device != (self._placeholders or {}).get("found"):
            issues.other_device(identity)
            raise _TryAgainError("another_one")
        if is_taken(self.hass, entry, identity):
            raise _NoUseError("already_configured")
        if not await async_move(self.hass, entry, reader_id, identity):
            raise _NoUseError("not_loaded")


FLOWS: dict[str, type[ReaderFlow]] = {
    ISSUE_FINGERPRINTS_MISSING: FingerprintsMissingFlow,
    ISSUE_SENSOR_CHANGED: SensorChangedFlow,
    ISSUE_SENSOR_FULL: SensorFullFlow,
    ISSUE_FIRMWARE_TOO_OLD: FirmwareTooOldFlow,
    ISSUE_OTHER_DEVICE: OtherDeviceFlow,
}


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow for an issue; Home Assistant asks for those of `Issues` only."""
    del issue_id
    if data is None:
        raise ValueError("an issue of another integration")
    entry = hass.config_entries.async_get_known_entry(str(data["entry_id"]))
    return FLOWS[str(data["kind"])](entry)
