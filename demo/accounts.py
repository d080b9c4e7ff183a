"""Users of Home Assistant, and how a browser is logged in as one of them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp

if TYPE_CHECKING:
    from demo.client import Client
    from demo.home_assistant import HomeAssistant

_TOKENS_LAST_MS = 1_800_000
"""As Home Assistant issues them; afterwards the frontend refreshes them."""


@dataclass(frozen=True, slots=True)
class Account:
    """A user who has logged in."""

    user_id: str
    tokens: dict[str, Any]
    """The response of Home Assistant to the login."""

    def storage(self, url: str) -> str:
        """Return JavaScript that stores the tokens for the frontend at an address."""
        tokens = {**self.tokens, "hassUrl": url, "clientId": f"{url}/"}
        return (
            f"localStorage.hassTokens = JSON.stringify({{...{tokens},"
            f" expires: Date.now() + {_TOKENS_LAST_MS}}});"
        )


async def add_user(
    home_assistant: HomeAssistant, client: Client, name: str, password: str
) -> Account:
    """Add a user who is not an administrator, and log in."""
    created = await client.async_command(
        type="config/auth/create", name=name, group_ids=["system-users"]
    )
    user_id: str = created["user"]["id"]
    username = name.lower().replace(" ", "_")
    await client.async_command(
        type="config/auth_provider/homeassistant/create",
        user_id=user_id,
        username=username,
        password=password,
    )
    return Account(user_id, await log_in(home_assistant.url, username, password))


async def owner(home_assistant: HomeAssistant, client: Client) -> Account:
    """Return the administrator who was created by the onboarding."""
    user = await client.async_command(type="auth/current_user")
    return Account(user["id"], home_assistant.tokens)


async def log_in(url: str, username: str, password: str) -> dict[str, Any]:
    """Return the tokens that Home Assistant at an address gives to a user."""
    client_id = f"{url}/"
    async with aiohttp.ClientSession(url, raise_for_status=True) as session:
        begun = {"client_id": client_id, "handler": ["homeassistant", None], "redirect_uri": url}
        async with session.post("/auth/login_flow", json=begun) as response:
            flow = (await response.json())["flow_id"]
        login = {"client_id": client_id, "username": username, "password": password}
        async with session.post(f"/auth/login_flow/{flow}", json=login) as response:
            code = (await response.json())["result"]
        grant = {"client_id": client_id, "grant_type": "authorization_code", "code": code}
        async with session.post("/auth/token", data=grant) as response:
            tokens: dict[str, Any] = await response.json()
    return tokens
