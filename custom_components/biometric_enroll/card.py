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

_FOLDER = Path(__file__).parent / "frontend"
_LOADER = "loader.js"
"""The module that pages load; it loads the others, from the same address."""
_KEEP = {hdrs.CACHE_CONTROL: "public, max-age=2678400"}


class _Modules(HomeAssistantView):
    """Serves one version of the card, also if an update replaces the files before a restart."""

    requires_auth = False
    name = f"{DOMAIN}:card"

    def __init__(self, modules: dict[str, bytes]) -> None:
        """Initialize with the modules by file name; the hash of all is part of their address."""
        digest = hashlib.sha256(repr(sorted(modules.items())).encode()).hexdigest()
        self.folder = f"/{DOMAIN}/{digest[:12]}"
        self.url = f"{self.folder}/{{name}}"
        self._modules = modules

    async def get(self, _: web.Request, name: str) -> web.Response:
        """Return a module. Raises `HTTPNotFound`."""
        if name not in self._modules:
            raise web.HTTPNotFound
        response = web.Response(
            body=self._modules[name],
            content_type="text/javascript",
            charset="utf-8",
            headers=_KEEP,
        )
        response.enable_compression()
        return response


def _read() -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in _FOLDER.glob("*.js")}


async def async_offer(hass: HomeAssistant) -> None:
    """Serve the card and make the frontend load it; does nothing without a frontend.

    The address changes with the content: browsers and the frontend's service worker cache files by
    address, and would show the old card after an update.
    """
    if "frontend" not in hass.config.components:
        return
    modules = _Modules(await hass.async_add_executor_job(_read))
    hass.http.register_view(modules)
    frontend.add_extra_js_url(hass, f"{modules.folder}/{_LOADER}")
