"""Names of the Biometric Enroll integration."""

from typing import Final

DOMAIN: Final = "biometric_enroll"

CONF_READER_ID: Final = "reader_id"
CONF_DEVICE: Final = "device"
CONF_DIALECT: Final = "dialect"
"""What a reader speaks; missing in the entries of readers of version 1."""
CONF_FEATURES: Final = "features"
"""What the reader could do when it last told: which entities there are while it is away."""
CONF_TRUST_TOUCHES: Final = "trust_touches"
"""Option: the touches of a first-generation reader count as live."""

CONF_ENROLLERS: Final = "enrollers"
"""Option: ids of users who are no administrators and may enroll at this reader all the same."""

CONF_MIN_CONFIDENCE: Final = "min_confidence"
CONF_LIVE_LIMIT: Final = "live_limit"
CONF_SCANS: Final = "scans"
CONF_SCAN_TIMEOUT: Final = "scan_timeout"
"""Options: see `client.host.Options`, and the fields of the action."""

SCANS: Final = 3
SCAN_TIMEOUT: Final = 30
"""How a finger is enrolled where neither the action nor the options say otherwise."""

DIALECT_FIRST_GENERATION: Final = "first_generation"

EVENT_BIOMETRIC_ENROLL: Final = f"{DOMAIN}_event"
"""Every event of every reader, on Home Assistant's event bus."""

FINGERS: Final = tuple(
    f"{hand}_{finger}"
    for hand in ("left", "right")
    for finger in ("thumb", "index_finger", "middle_finger", "ring_finger", "little_finger")
)
