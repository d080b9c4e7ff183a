"""Constants of the Biometric Enroll integration."""

from typing import Final

DOMAIN: Final = "biometric_enroll"

CONF_READER_ID: Final = "reader_id"
CONF_DEVICE: Final = "device"
CONF_DIALECT: Final = "dialect"
"""Protocol of the reader; absent for readers of protocol version 1."""
CONF_FEATURES: Final = "features"
"""Last reported features of the reader: they decide which entities exist while it is away."""
CONF_TRUST_TOUCHES: Final = "trust_touches"
"""Option: the touches of a first-generation reader count as live."""

CONF_ENROLLERS: Final = "enrollers"
"""Option: ids of users without administrator rights who may enroll at this reader."""

CONF_MIN_CONFIDENCE: Final = "min_confidence"
CONF_LIVE_LIMIT: Final = "live_limit"
CONF_SCANS: Final = "scans"
CONF_SCAN_TIMEOUT: Final = "scan_timeout"
"""Options: see `client.host.Options`, and the fields of the action."""

SCANS: Final = 3
SCAN_TIMEOUT: Final = 30
"""Default scans and seconds per scan, if neither the action nor the options set them."""

DIALECT_FIRST_GENERATION: Final = "first_generation"

EVENT_BIOMETRIC_ENROLL: Final = f"{DOMAIN}_event"
"""Event type of all reader events on Home Assistant's event bus."""

FINGERS: Final = tuple(
    f"{hand}_{finger}"
    for hand in ("left", "right")
    for finger in ("thumb", "index_finger", "middle_finger", "ring_finger", "little_finger")
)
