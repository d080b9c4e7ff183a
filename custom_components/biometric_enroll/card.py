"""The dashboard card: served by Home Assistant, and loaded by every page of the frontend."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import hdrs, web
from homeassistant.components import frontend

# Exported explicitly from 2026.11 on.
from homeassistant.components.http import HomeAssistantView  # type: ignore[attr-defined]

from .const import DOMAIN

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

_FILE = Path(__file__).parent / "frontend" / "biometric-enroll-card.js"
_KEEP = {hdrs.CACHE_CONTROL: "public, max-age=2678400"}


class _Module(HomeAssistantView):
    """Serves one version of the card, also if an update replaces the file before a restart."""

    url: str
    requires_auth = False
    name = f"{DOMAIN}:card"

    def __init__(self, content: bytes) -> None:
        """Initialize with the content; its hash is part of the address."""
        self.url = f"/{DOMAIN}/{hashlib.sha256(content).hexdigest()[:12]}/{_FILE.name}"
        self._content = content

    async def get(self, _: web.Request) -> web.Response:
        """Return the content."""
        return web.Response(
            body=self._content, content_type="text/javascript", charset="utf-8", headers=_KEEP
        )


async def async_offer(hass: HomeAssistant) -> None:
    """Serve the card and make the frontend load it; does nothing without a frontend.

    The address changes with the content: browsers and the frontend's service worker cache files by
    address, and would show the old card after an update.
    """
    if "frontend" not in hass.config.components:
        return
    module = _Module(await hass.async_add_executor_job(_FILE.read_bytes))
    hass.http.register_view(module)
    frontend.add_extra_js_url(hass, module.url)
