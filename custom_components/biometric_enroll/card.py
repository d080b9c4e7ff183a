"""The dashboard card: served by Home Assistant, and loaded by every page of the frontend."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import hdrs, web
from homeassistant.components import frontend

# Exported explicitly from 2026.11 on.
from homeassistant.components.http import HomeAssistantView  # type: ignore[attr-defined]
from homeassistant.core import HassJob, callback
from homeassistant.helpers.event import async_call_later

from .const import DOMAIN

if TYPE_CHECKING:
    from datetime import datetime

    from homeassistant.core import HomeAssistant

_FILE = Path(__file__).parent / "frontend" / "biometric-enroll-card.js"
_AGAIN_AFTER = (10, 20, 40, 80, 160)
"""Seconds after setup at which pages are told of the card again.

A page that was requested before the setup, and subscribes to such changes after it, learns of the
card neither from its HTML nor from its subscription; a slow tablet takes its time for that.
"""

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

    @callback
    def announce(_: datetime | None = None) -> None:
        frontend.add_extra_js_url(hass, module.url)

    announce()
    for delay in _AGAIN_AFTER:
        async_call_later(hass, delay, HassJob(announce, cancel_on_shutdown=True))
