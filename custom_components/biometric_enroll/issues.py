"""Repair issues of a reader, for problems that only the user can decide or solve."""

from typing import TYPE_CHECKING

from homeassistant.core import callback
from homeassistant.helpers import issue_registry as ir

from .const import CONF_DEVICE, CONF_READER_ID, DOMAIN
from .markdown import harmless
from .naming import reader_name
from .protocol.words import READ_SYS_PARA, Feature, SensorFault, sensor_command

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

    from .client.state import ReaderState
    from .coordinator import BiometricEnrollConfigEntry
    from .protocol.messages import Identity, Templates

ISSUE_OTHER_DEVICE = "other_device"
ISSUE_OTHER_HOME_ASSISTANT = "other_home_assistant"
ISSUE_FINGERPRINTS_MISSING = "fingerprints_gone"
ISSUE_SENSOR_CHANGED = "sensor_changed"
ISSUE_SENSOR_FULL = "sensor_full"
ISSUE_FIRMWARE_TOO_OLD = "firmware_too_old"

ISSUE_UNKNOWN_CAPACITY = "unknown_capacity"
ISSUE_MISSING_COMMAND = SensorFault.MISSING_COMMAND.value
ISSUE_UNCLEAR_INDEX = SensorFault.UNCLEAR_INDEX.value
ISSUE_ALWAYS_FINGER = SensorFault.ALWAYS_FINGER.value
ISSUE_WRONG_PASSWORD = SensorFault.WRONG_PASSWORD.value

FIXABLE = (
    ISSUE_OTHER_DEVICE,
    ISSUE_FINGERPRINTS_MISSING,
    ISSUE_SENSOR_CHANGED,
    ISSUE_SENSOR_FULL,
    ISSUE_FIRMWARE_TOO_OLD,
)
"""Each has a form, see `repairs`; the others end only by themselves."""

KINDS = (
    *FIXABLE,
    ISSUE_OTHER_HOME_ASSISTANT,
    ISSUE_UNKNOWN_CAPACITY,
    ISSUE_MISSING_COMMAND,
    ISSUE_UNCLEAR_INDEX,
    ISSUE_ALWAYS_FINGER,
    ISSUE_WRONG_PASSWORD,
)

WARNINGS = (ISSUE_SENSOR_FULL, ISSUE_ALWAYS_FINGER, ISSUE_OTHER_HOME_ASSISTANT)
"""The reader still identifies; all others are errors."""

NEEDED = frozenset(
    {Feature.LIST, Feature.DELETE, Feature.ADOPT, Feature.ACCEPT_SENSOR, Feature.SETTINGS}
)
"""Required features; of a reader without one of them, users are told what it cannot do."""


class Issues:
    """The repair issues of one reader."""

    def __init__(self, hass: HomeAssistant, entry: BiometricEnrollConfigEntry) -> None:
        """Initialize without issues."""
        self._hass = hass
        self._entry = entry
        self._closed = False
        self._told: dict[str, dict[str, str]] = {}
        """The placeholders of the open issues, without the reader's name, by kind."""

    @callback
    def show(self, state: ReaderState) -> None:
        """Create and delete issues according to the state; unknown values change nothing.

        Names of missing fingerprints are only in the fix flow, because any user can list issues.
        """
        if state.identity is not None:
            self._set(
                ISSUE_FIRMWARE_TOO_OLD,
                not state.identity.features >= NEEDED,
                firmware=state.identity.firmware,
                missing=", ".join(sorted(NEEDED - state.identity.features)),
            )
        if (templates := state.templates) is not None:
            self._set(ISSUE_SENSOR_CHANGED, templates.sensor_changed)
            if templates.count is not None and templates.capacity is not None:
                full = templates.count >= templates.capacity
                self._set(ISSUE_SENSOR_FULL, full, capacity=str(templates.capacity))
            self._show_sensor_error(templates)
        missing = len(state.unmatched.missing)
        self._set(ISSUE_FINGERPRINTS_MISSING, missing > 0, count=str(missing))

    def _show_sensor_error(self, templates: Templates) -> None:
        error, details = templates.sensor_error, templates.sensor_error_details
        command = code = "-"
        if details is not None:
            command = sensor_command(details.command)
            code = code if details.code is None else f"{details.code:02X}"
        is_missing = error == SensorFault.MISSING_COMMAND
        # The only one of which the user can tell what it would have told.
        no_capacity = is_missing and details is not None and details.command == READ_SYS_PARA
        self._set(ISSUE_UNKNOWN_CAPACITY, no_capacity, command=command, code=code)
        self._set(ISSUE_MISSING_COMMAND, is_missing and not no_capacity, command=command, code=code)
        self._set(ISSUE_UNCLEAR_INDEX, error == SensorFault.UNCLEAR_INDEX)
        self._set(ISSUE_ALWAYS_FINGER, error == SensorFault.ALWAYS_FINGER)
        self._set(ISSUE_WRONG_PASSWORD, error == SensorFault.WRONG_PASSWORD)

    @callback
    def other_device(self, identity: Identity | None) -> None:
        """Report that another device uses this reader id; None: no longer."""
        self._set(
            ISSUE_OTHER_DEVICE,
            identity is not None,
            reader_id=self._entry.data[CONF_READER_ID],
            expected=self._entry.data[CONF_DEVICE],
            found=identity.device if identity is not None else "",
        )

    @callback
    def other_home_assistant(self, *, speaks: bool) -> None:
        """Report whether another Home Assistant speaks to this reader."""
        reader_id = self._entry.data[CONF_READER_ID]
        self._set(ISSUE_OTHER_HOME_ASSISTANT, speaks, reader_id=reader_id)

    @callback
    def renamed(self) -> None:
        """Update the reader's name in all open issues."""
        for kind, placeholders in list(self._told.items()):
            self._set(kind, is_wrong=True, **placeholders)

    @callback
    def clear(self) -> None:
        """Delete all issues and create no more; the next run checks again."""
        self._closed = True
        for kind in KINDS:
            self._set(kind, is_wrong=False)

    def _set(self, kind: str, is_wrong: bool, **placeholders: str) -> None:  # noqa: FBT001 - the value to set
        issue = f"{kind}_{self._entry.entry_id}"
        if not is_wrong:
            self._told.pop(kind, None)
            shown = ir.async_get(self._hass).async_get_issue(DOMAIN, issue)
            # An inactive one of an earlier run is kept: it stores whether the user ignores it.
            if shown is not None and shown.active:
                ir.async_delete_issue(self._hass, DOMAIN, issue)
        elif not self._closed:
            self._told[kind] = placeholders
            # Home Assistant fires no event if nothing has changed.
            ir.async_create_issue(
                self._hass,
                DOMAIN,
                issue,
                data={"entry_id": self._entry.entry_id, "kind": kind},
                is_fixable=kind in FIXABLE,
                severity=(ir.IssueSeverity.WARNING if kind in WARNINGS else ir.IssueSeverity.ERROR),
                translation_key=kind,
                translation_placeholders={
                    "reader": harmless(reader_name(self._hass, self._entry)),
                    **{key: harmless(words) for key, words in placeholders.items()},
                },
            )
