"""The dashboard card: served by Home Assistant itself, and loaded by every page of its frontend."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from homeassistant.components import frontend

# From 2026.11 on it says that this is for everybody.
from homeassistant.components.http import StaticPathConfig  # type: ignore[attr-defined]

from .const import DOMAIN

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

_FILE = Path(__file__).parent / "frontend" / "biometric-enroll-card.js"


async def async_offer(hass: HomeAssistant) -> None:
    """Serve the card and let the frontend load it; without a frontend there is nobody to see it.

    Its address changes with its content: browsers and the frontend's service worker keep files by
    their address, and would show the card of before an update.
    """
    if "frontend" not in hass.config.components:
        return
    content = await hass.async_add_executor_job(_FILE.read_bytes)
    version = hashlib.sha256(content).hexdigest()[:12]
    url = f"/{DOMAIN}/{version}/{_FILE.name}"
    await hass.http.async_register_static_paths([StaticPathConfig(url, str(_FILE))])
    frontend.add_extra_js_url(hass, url)
