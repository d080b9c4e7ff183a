"""Names of the Biometric Enroll integration."""

from typing import Final

DOMAIN: Final = "biometric_enroll"

CONF_READER_ID: Final = "reader_id"
CONF_DEVICE: Final = "device"

EVENT_BIOMETRIC_ENROLL: Final = f"{DOMAIN}_event"
"""Every moment of every reader, on Home Assistant's event bus."""

FINGERS: Final = tuple(
    f"{hand}_{finger}"
    for hand in ("left", "right")
    for finger in ("thumb", "index_finger", "middle_finger", "ring_finger", "little_finger")
)
