"""Diagnostics of a reader for bug reports, without personal data."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from homeassistant.components.diagnostics import async_redact_data

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

    from .coordinator import BiometricEnrollConfigEntry

_PERSONAL = {"subject", "identified", "template_id", "duplicate_of"}
"""Keys of `ReaderState` and its values; the first two are redacted as a whole."""


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant,  # noqa: ARG001 - given by Home Assistant
    entry: BiometricEnrollConfigEntry,
) -> dict[str, Any]:
    """Return the state of a reader without personal data."""
    coordinator = entry.runtime_data
    state = asdict(coordinator.data)
    if state["identity"] is not None:
        # JSON has no sets.
        state["identity"]["features"] = sorted(state["identity"]["features"])
    # Only the count, because each item is a template id.
    for each in filter(None, (state["inventory"], state["unmatched"])):
        each["missing"] = len(each["missing"])
    if state["inventory"] is not None:
        state["inventory"]["templates"] = sorted(state["inventory"]["templates"])
    state["unmatched"]["unnamed"] = sorted(state["unmatched"]["unnamed"])
    return {
        "entry": dict(entry.data),
        "state": async_redact_data(state, _PERSONAL),
        "fingerprints_known_by_name": len(coordinator.registry.on_reader(coordinator.device)),
    }
