"""What can be had of a reader, whatever protocol it speaks: what users are offered hangs on it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..protocol.words import Feature

if TYPE_CHECKING:
    from collections.abc import Collection


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What one reader can do; by default only what each reader can, the oldest one too."""

    can_prove_age: bool = False
    """Its touches can be proven to be live."""
    can_tell_health: bool = False
    """It tells whether its sensor works, and its diagnostics."""
    can_identify: bool = False
    """It can blink, so that users see which one it is."""
    can_restart: bool = False
    can_delete: bool = False
    can_be_set: bool = False
    """It has settings: identification and security level."""
    can_set_color: bool = False
    """The light of its sensor has colours."""


def of_features(features: Collection[str]) -> Capabilities:
    """Return what a reader of protocol version 1 can do that tells these features."""
    return Capabilities(
        can_prove_age=True,
        can_tell_health=True,
        can_identify=True,
        can_restart=True,
        # Also where the reader is too old for it: then the error says so.
        can_delete=True,
        can_be_set=Feature.SETTINGS in features,
        can_set_color=Feature.LED_COLOR in features,
    )
