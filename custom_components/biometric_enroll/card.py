"""The dashboard card: served by Home Assistant itself, and loaded by every page of its frontend."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import hdrs, web
from homeassistant.components import frontend

# From 2026.11 on it says that this is for everybody.
from homeassistant.components.http import HomeAssistantView  # type: ignore[attr-defined]

from .const import DOMAIN

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

_FILE = Path(__file__).parent / "frontend" / "biometric-enroll-card.js"
_KEEP = {hdrs.CACHE_CONTROL: "public, max-age=2678400"}


class _Module(HomeAssistantView):
    """One content at its own address; an update on disk, before the restart, changes nothing."""

    url: str
    requires_auth = False
    name = f"{DOMAIN}:card"

    def __init__(self, content: bytes) -> None:
        """Serve the content at an address made of it."""
        self.url = f"/{DOMAIN}/{hashlib.sha256(content).hexdigest()[:12]}/{_FILE.name}"
        self._content = content

    async def get(self, _: web.Request) -> web.Response:
        """Answer with the content."""
        return web.Response(
            body=self._content, content_type="text/javascript", charset="utf-8", headers=_KEEP
        )


async def async_offer(hass: HomeAssistant) -> None:
    """Serve the card and let the frontend load it; without a frontend there is nobody to see it.

    Its address changes with its content: browsers and the frontend's service worker keep files by
    their address, and would show the card of before an update.
    """
    if "frontend" not in hass.config.components:
        return
    module = _Module(await hass.async_add_executor_job(_FILE.read_bytes))
    hass.http.register_view(module)
    frontend.add_extra_js_url(hass, module.url)
