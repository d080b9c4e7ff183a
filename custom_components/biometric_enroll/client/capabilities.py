"""The capabilities of a reader of either protocol; they decide what users are offered."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..protocol.words import Feature

if TYPE_CHECKING:
    from collections.abc import Collection


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What one reader can do; the default is what every reader can, including the oldest."""

    can_prove_age: bool = False
    """Its touches can be proven to be live."""
    can_tell_health: bool = False
    """It reports whether its sensor works, and its diagnostics."""
    can_identify: bool = False
    """It can blink, so that users can find it."""
    can_restart: bool = False
    can_delete: bool = False
    can_be_set: bool = False
    """It has settings: identification and security level."""
    can_set_color: bool = False
    """The LED of its sensor has colours."""


def of_features(features: Collection[str]) -> Capabilities:
    """Return the capabilities of a reader of protocol version 1 with these features."""
    return Capabilities(
        can_prove_age=True,
        can_tell_health=True,
        can_identify=True,
        can_restart=True,
        # Also if the firmware is too old for it: then the error says so.
        can_delete=True,
        can_be_set=Feature.SETTINGS in features,
        can_set_color=Feature.LED_COLOR in features,
    )
