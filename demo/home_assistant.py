"""A Home Assistant as a process, set up over its own APIs, as by a user."""

import asyncio
import json
import os
import shutil
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import aiohttp
from homeassistant.const import RESTART_EXIT_CODE

from .client import Client
from .programs import CACHE, ROOT, DidNotStartError, Program, is_free

if TYPE_CHECKING:
    from pathlib import Path

NEWEST = CACHE / "ha-newest"
"""The Python environment with the newest Home Assistant."""
OLDEST = ROOT / ".venv"
"""The one with the oldest Home Assistant that is supported; only `scripts/setup all` makes it."""
USER = "demo"
PASSWORD = "fingerprint"  # noqa: S105 - of a demo on loopback
_INTEGRATION = ROOT / "custom_components" / "biometric_enroll"
_START_WITHIN = 120
_ONBOARDING_DONE = ["core_config", "analytics", "integration"]
"""The onboarding steps after the user name. If they were done there, it would add a radio
integration, which needs the Internet and would delay every start without it."""

# Not `http:`, which Home Assistant reads from its storage.
_CONFIGURATION = """\
homeassistant:
  name: Biometric Enroll demo
frontend:
config:
history:
logbook:
logger:
  default: warning
  logs:
    custom_components.biometric_enroll: debug
script: !include scripts.yaml
automation: !include automations.yaml
mqtt: !include mqtt.yaml
recorder: !include recorder.yaml
"""


class HomeAssistant:
    """One Home Assistant on loopback, which can be killed and started again."""

    def __init__(self, port: int, folder: Path, environment: Path = NEWEST) -> None:
        """Prepare an instance that listens on a port and keeps all files in a folder.

        `environment` is the Python environment that it is installed in.
        """
        self.url = f"http://127.0.0.1:{port}"
        self.folder = folder
        self._port = port
        self._environment = environment
        self._program: Program | None = None
        self._client_id = f"{self.url}/"
        self.tokens: dict[str, Any] = {}

    def prepare(self, yaml: dict[str, Any]) -> None:
        """Write the configuration.

        `yaml` holds the contents of scripts, automations, mqtt and recorder.
        """
        (self.folder / ".storage").mkdir(parents=True, exist_ok=True)
        (self.folder / "configuration.yaml").write_text(_CONFIGURATION)
        for name in ("scripts", "automations", "mqtt", "recorder"):
            # JSON is YAML.
            empty: object = [] if name == "automations" else {}
            (self.folder / f"{name}.yaml").write_text(json.dumps(yaml.get(name, empty)))
        _write_storage(self.folder, "http", 2, _http(self._port))
        _write_storage(self.folder, "onboarding", 4, {"done": _ONBOARDING_DONE})
        components = self.folder / "custom_components"
        components.mkdir(exist_ok=True)
        shutil.copytree(
            _INTEGRATION,
            components / _INTEGRATION.name,
            ignore=shutil.ignore_patterns("__pycache__"),
            dirs_exist_ok=True,
        )

    async def async_start(self) -> None:
        """Start it and wait until it answers. Raises `DidNotStartError`."""
        if not is_free(self._port):
            raise DidNotStartError(f"port {self._port} is in use; --port takes another one")
        self._program = Program(
            [self._environment / "bin" / "hass", "--config", self.folder, "--skip-pip"],
            self.folder / "home-assistant-output.log",
            # Let Python cache the compiled code, which the environment may forbid: without it each
            # start takes twice as long.
            os.environ | {"PYTHONDONTWRITEBYTECODE": ""},
        )
        await self._program.async_listening(self._port, _START_WITHIN)

    async def async_started(self, client: Client) -> None:
        """Wait until all integrations are set up."""
        async with asyncio.timeout(_START_WITHIN):
            while (await client.async_command(type="get_config"))["state"] != "RUNNING":
                await asyncio.sleep(0.1)

    async def async_keep(self) -> int:
        """Start it again whenever it ends for a restart; return the exit code of any other end.

        Raises `DidNotStartError` if a start fails.
        """
        while (code := await self.program.async_ended()) == RESTART_EXIT_CODE:
            print("Home Assistant restarts ...")
            await self.async_start()
            print("Home Assistant is back.")
        return code

    def kill(self) -> None:
        """End it at once."""
        if self._program:
            self._program.kill()

    def stop(self) -> None:
        """Shut it down."""
        if self._program:
            self._program.stop()

    @property
    def program(self) -> Program:
        """The running process."""
        if self._program is None:
            raise RuntimeError("not started")
        return self._program

    def log(self) -> str:
        """Return all it has printed."""
        return self._program.log.read_text() if self._program else ""

    async def async_onboard(self) -> None:
        """Create the user."""
        async with aiohttp.ClientSession(self.url) as session:
            answer = await _async_post(
                session,
                "/api/onboarding/users",
                json={
                    "client_id": self._client_id,
                    "name": "Demo",
                    "username": USER,
                    "password": PASSWORD,
                    "language": "en",
                },
            )
            self.tokens = await _async_post(
                session,
                "/auth/token",
                data={
                    "client_id": self._client_id,
                    "grant_type": "authorization_code",
                    "code": answer["auth_code"],
                },
            )

    async def async_connect(self) -> Client:
        """Return a client of the user that the onboarding has created."""
        async with aiohttp.ClientSession(self.url) as session:
            fresh = await _async_post(
                session,
                "/auth/token",
                data={
                    "client_id": self._client_id,
                    "grant_type": "refresh_token",
                    "refresh_token": self.tokens["refresh_token"],
                },
            )
        return await Client.async_connect(self.url, fresh["access_token"])

    # Config entries

    async def async_add_broker(self, port: int) -> None:
        """Set up MQTT as a user does."""
        flow = await self._async_flow("flow", {"handler": "mqtt", "show_advanced_options": False})
        if flow["type"] == "menu":
            flow = await self._async_flow(f"flow/{flow['flow_id']}", {"next_step_id": "broker"})
        await self._async_flow(
            f"flow/{flow['flow_id']}",
            {
                "broker": "127.0.0.1",
                "port": port,
                "protocol": "3.1.1",
                "other_settings": {"set_client_cert": False, "set_ca_cert": "off"},
            },
            done="create_entry",
        )

    async def async_add_discovered_reader(self, client: Client, reader_id: str) -> None:
        """Confirm the reader that Home Assistant has discovered, as a user does."""
        async with asyncio.timeout(30):
            while (flow := await _async_discovered(client, reader_id)) is None:
                await asyncio.sleep(0.1)
        await self._async_flow(f"flow/{flow}", {}, done="create_entry")

    async def async_add_reader(self, reader_id: str) -> dict[str, Any]:
        """Add a reader by its id, and return the result of the flow."""
        flow = await self._async_flow(
            "flow", {"handler": "biometric_enroll", "show_advanced_options": False}
        )
        return await self._async_flow(f"flow/{flow['flow_id']}", {"reader_id": reader_id})

    async def async_confirm(self, form: dict[str, Any]) -> None:
        """Confirm a step of a flow."""
        await self._async_flow(f"flow/{form['flow_id']}", {}, done="create_entry")

    async def async_set_options(self, entry_id: str, options: dict[str, Any]) -> None:
        """Choose the options of a reader, as a user does."""
        menu = await self._async_flow("options/flow", {"handler": entry_id})
        # Settings are a step of their own for each of the two kinds of reader.
        (settings,) = {"reader", "first_generation"} & set(menu["menu_options"])
        path = f"options/flow/{menu['flow_id']}"
        await self._async_flow(path, {"next_step_id": settings})
        await self._async_flow(path, options, done="create_entry")

    async def async_repair(self, issue_id: str, answer: dict[str, Any]) -> dict[str, Any]:
        """Repair an issue of ours with this answer, and return the result of its flow."""
        flow = await self._async_post(
            "repairs/issues/fix", {"handler": "biometric_enroll", "issue_id": issue_id}
        )
        return await self._async_post(f"repairs/issues/fix/{flow['flow_id']}", answer)

    async def _async_flow(
        self, path: str, body: dict[str, Any], done: str | None = None
    ) -> dict[str, Any]:
        answer = await self._async_post(f"config/config_entries/{path}", body)
        if done is not None and answer["type"] != done:
            raise DidNotStartError(json.dumps(answer))
        return answer

    async def _async_post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.tokens['access_token']}"}
        async with aiohttp.ClientSession(self.url) as session:
            answer: dict[str, Any] = await _async_post(
                session, f"/api/{path}", json=body, headers=headers
            )
        return answer


async def _async_discovered(client: Client, reader_id: str) -> str | None:
    for flow in await client.async_command(type="config_entries/flow/progress"):
        placeholders = flow["context"].get("title_placeholders") or {}
        if flow["handler"] == "biometric_enroll" and reader_id in placeholders.values():
            flow_id: str = flow["flow_id"]
            return flow_id
    return None


async def _async_post(session: aiohttp.ClientSession, path: str, **request: Any) -> Any:
    async with session.post(path, **request) as response:
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise DidNotStartError(f"{path}: {response.status} {await response.text()}")
        return await response.json()


def _write_storage(folder: Path, key: str, version: int, data: dict[str, Any]) -> None:
    """Write a storage file of Home Assistant."""
    (folder / ".storage" / key).write_text(
        json.dumps({"version": version, "minor_version": 1, "key": key, "data": data})
    )


def _http(port: int) -> dict[str, Any]:
    """Return settings by which it listens on loopback only, as version 2 of the storage file.

    In YAML they would cause a repair issue. Newer releases migrate the file.
    """
    return {
        "stable": {
            "server_host": ["127.0.0.1"],
            "server_port": port,
            "cors_allowed_origins": [],
            "login_attempts_threshold": -1,
            "ip_ban_enabled": True,
            "ssl_profile": "intermediate",
            "use_x_frame_options": True,
            "created_at": "2026-11-01T00:00:00+00:00",
            "error": None,
            "error_message": None,
        },
        "pending": None,
        "yaml_migration_done": True,
    }
