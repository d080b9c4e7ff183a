"""The clocks of the machine that Home Assistant runs on."""

import time
from typing import TYPE_CHECKING

from .client.liveness import Clocks

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

# Not all platforms have all clocks: on macOS, for development, the others have to do.
_RAW: int = getattr(time, "CLOCK_MONOTONIC_RAW", time.CLOCK_MONOTONIC)
_BOOTTIME: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def read(hass: HomeAssistant) -> Clocks:
    """Return what all clocks show now."""
    return Clocks(
        monotonic=hass.loop.time(),
        raw=time.clock_gettime(_RAW),
        boottime=time.clock_gettime(_BOOTTIME),
        utc=time.time(),
    )
