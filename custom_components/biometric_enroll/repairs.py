"""Repair flows for the issues of a reader; each explains first what it will do."""

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
    UnreachableError,
    UnsupportedError,
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
from .markdown import harmless
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
"""Refusals with an error text of their own, because users can act on them."""


class _TryAgainError(Exception):
    """The repair is not possible now; the text is a key of the flow's errors."""


class _NoUseError(Exception):
    """The repair is not possible at all; the text is a key of the flow's abort reasons."""


class ReaderFlow(RepairsFlow):
    """Explains the repair, does it, and shows why it failed."""

    def __init__(self, entry: BiometricEnrollConfigEntry) -> None:
        """Initialize with the entry of the reader."""
        self._entry = entry
        self._placeholders: Mapping[str, str] | None = None

    @property
    def _reader(self) -> ReaderCoordinator:
        return self._entry.runtime_data

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Show the form; the data of the first call is not user input."""
        del user_input
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Ask for confirmation, and do the repair."""
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
                # Unloaded meanwhile; during a reload, the form stays open.
                return self.async_abort(reason="not_loaded")
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        if issue is not None:
            # The issue may be deleted while the form is open, which still needs its placeholders.
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
        """Return placeholders in addition to those of the issue."""
        return {}

    async def _async_fix(self, user_input: Mapping[str, Any]) -> None:
        """Do the repair. Raises `ReaderError`, `_TryAgainError`, `_NoUseError`."""
        raise NotImplementedError


def _error(err: ReaderError) -> str:
    if isinstance(err, UnreachableError):
        return "reader_unreachable"
    if isinstance(err, UnsupportedError):
        return "unsupported"
    if isinstance(err, RefusedError) and err.refusal in KNOWN_REFUSALS:
        return str(err.refusal)
    return "refused"


class FingerprintsMissingFlow(ReaderFlow):
    """Forgets the names whose template is missing."""

    def __init__(self, entry: BiometricEnrollConfigEntry) -> None:
        """Initialize without names shown."""
        super().__init__(entry)
        self._told: frozenset[str] = frozenset()

    @override
    def _more(self) -> dict[str, str]:
        reader = self._reader
        self._told = reader.data.unmatched.missing
        names = [
            f"- {harmless(fingerprint.subject.name)} ({place.slot})"
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
    """Accepts the connected sensor as the reader's own."""

    @override
    async def _async_fix(self, user_input: Mapping[str, Any]) -> None:
        await self._reader.changes.async_accept_sensor()


class SensorFullFlow(ReaderFlow):
    """Deletes the fingerprints that the user chooses."""

    def __init__(self, entry: BiometricEnrollConfigEntry) -> None:
        """Initialize without fingerprints offered."""
        super().__init__(entry)
        self._listed: str | None = None

    def _held(self) -> dict[str, tuple[str, int, str | None]]:
        """Return label, slot and template id of the stored templates, by option value.

        The value includes the id: the slot may hold another template when the form is submitted.
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
        # The current one: if the entry is unloaded during a deletion, the others must fail.
        changes, held = self._reader.changes, self._held()
        # Some may have been deleted elsewhere while the form was open.
        chosen = [held[value] for value in user_input[CONF_SLOTS] if value in held]
        listed = self._reader.data.unmatched.revision
        if listed != self._listed and any(each[2] is None for each in chosen):
            # Only the list identifies a template without an id: the sensor may be another one.
            raise _TryAgainError("list_changed")
        for _, slot, template_id in chosen:
            await changes.async_delete(slot, template_id)


def _new_enough(identity: Identity | None) -> bool:
    return identity is not None and identity.features >= NEEDED


class FirmwareTooOldFlow(ReaderFlow):
    """Checks whether the reader has newer firmware now."""

    @override
    async def _async_fix(self, user_input: Mapping[str, Any]) -> None:
        # The answer may cause a reload of the entry, with a new client.
        client = self._reader.client
        try:
            await client.async_look()
        except UnreachableError:
            # It may have just answered another request, and the reload cancelled ours.
            if not _new_enough(client.state.identity):
                raise
        if not _new_enough(client.state.identity):
            raise _TryAgainError("still_too_old")


class OtherDeviceFlow(ReaderFlow):
    """Replaces the reader that was set up by the one that answers."""

    @override
    async def _async_fix(self, user_input: Mapping[str, Any]) -> None:
        entry, reader_id = self._entry, self._entry.data[CONF_READER_ID]
        # The current ones: the entry may be unloaded while waiting for the reader.
        issues = self._reader.issues
        identity = await async_probe_version_1(self.hass, reader_id)
        if identity.device == entry.data[CONF_DEVICE]:
            # The configured reader is back.
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
    """Return the flow for an issue; Home Assistant passes only issues created by `Issues`."""
    del issue_id
    if data is None:
        raise ValueError("an issue of another integration")
    entry = hass.config_entries.async_get_known_entry(str(data["entry_id"]))
    return FLOWS[str(data["kind"])](entry)
