"""What is wrong with a reader that only its user can decide: repair issues, kept true."""

from typing import TYPE_CHECKING

from homeassistant.core import callback
from homeassistant.helpers import issue_registry as ir

from .const import CONF_DEVICE, CONF_READER_ID, DOMAIN
from .naming import reader_name
from .protocol.words import Feature

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

    from .client.state import ReaderState
    from .coordinator import BiometricEnrollConfigEntry
    from .protocol.messages import Identity

ISSUE_OTHER_DEVICE = "other_device"
ISSUE_FINGERPRINTS_MISSING = "fingerprints_gone"
ISSUE_SENSOR_CHANGED = "sensor_changed"
ISSUE_SENSOR_FULL = "sensor_full"
ISSUE_FIRMWARE_TOO_OLD = "firmware_too_old"

KINDS = (
    ISSUE_OTHER_DEVICE,
    ISSUE_FINGERPRINTS_MISSING,
    ISSUE_SENSOR_CHANGED,
    ISSUE_SENSOR_FULL,
    ISSUE_FIRMWARE_TOO_OLD,
)

NEEDED = frozenset(
    {Feature.LIST, Feature.DELETE, Feature.ADOPT, Feature.ACCEPT_SENSOR, Feature.SETTINGS}
)
"""What a reader must be able to do, or its firmware is too old."""


class Issues:
    """The repair issues of one reader."""

    def __init__(self, hass: HomeAssistant, entry: BiometricEnrollConfigEntry) -> None:
        """Begin with none."""
        self._hass = hass
        self._entry = entry
        self._closed = False
        self._told: dict[str, dict[str, str]] = {}
        """What is wrong, and the placeholders beside the reader's name, by kind."""

    @callback
    def show(self, state: ReaderState) -> None:
        """Raise what is wrong and take back what is not any more; nothing follows from silence.

        Which names miss their template, only the fix flow tells: any user can list issues.
        """
        if state.identity is not None:
            too_old = not state.identity.features >= NEEDED
            self._set(ISSUE_FIRMWARE_TOO_OLD, too_old, firmware=state.identity.firmware)
        if (templates := state.templates) is not None:
            self._set(ISSUE_SENSOR_CHANGED, templates.sensor_changed)
            if templates.count is not None and templates.capacity is not None:
                full = templates.count >= templates.capacity
                self._set(ISSUE_SENSOR_FULL, full, capacity=str(templates.capacity))
        missing = len(state.unmatched.missing)
        self._set(ISSUE_FINGERPRINTS_MISSING, missing > 0, count=str(missing))

    @callback
    def other_device(self, identity: Identity | None) -> None:
        """Tell that another reader answers under this reader's id; None: not any more."""
        self._set(
            ISSUE_OTHER_DEVICE,
            identity is not None,
            reader_id=self._entry.data[CONF_READER_ID],
            expected=self._entry.data[CONF_DEVICE],
            found=identity.device if identity is not None else "",
        )

    @callback
    def renamed(self) -> None:
        """Call the reader by its new name in all that is told."""
        for kind, placeholders in list(self._told.items()):
            self._set(kind, is_wrong=True, **placeholders)

    @callback
    def clear(self) -> None:
        """Take all back, for good; the next run sees for itself."""
        self._closed = True
        for kind in KINDS:
            self._set(kind, is_wrong=False)

    def _set(self, kind: str, is_wrong: bool, **placeholders: str) -> None:  # noqa: FBT001 - the matter itself
        issue = f"{kind}_{self._entry.entry_id}"
        if not is_wrong:
            self._told.pop(kind, None)
            shown = ir.async_get(self._hass).async_get_issue(DOMAIN, issue)
            # One of an earlier run keeps that the user ignores it, should it still be true.
            if shown is not None and shown.active:
                ir.async_delete_issue(self._hass, DOMAIN, issue)
        elif not self._closed:
            self._told[kind] = placeholders
            # Home Assistant tells nobody where nothing is new.
            ir.async_create_issue(
                self._hass,
                DOMAIN,
                issue,
                data={"entry_id": self._entry.entry_id, "kind": kind},
                is_fixable=True,
                severity=(
                    ir.IssueSeverity.WARNING
                    if kind == ISSUE_SENSOR_FULL
                    else ir.IssueSeverity.ERROR
                ),
                translation_key=kind,
                translation_placeholders={
                    "reader": reader_name(self._hass, self._entry),
                    **placeholders,
                },
            )
