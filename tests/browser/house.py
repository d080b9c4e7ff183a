"""The house of the card's tests: two readers, two people, two users and a dashboard."""

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from demo.accounts import Account, add_user, owner
from tests.support.house import House

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from demo.client import Client
    from demo.reader import VirtualReader

CARD = "custom:biometric-enroll-card"
DASHBOARD = "fingerprint-readers"
PEOPLE = ("Anna", "Ben")
FRONT, BACK = "Front door", "Back door"
"""The headings of the two cards."""


@dataclass
class CardHouse(House):
    """A house with a second reader, users, and a dashboard with a card for each reader."""

    back: VirtualReader = field(init=False)
    back_device_id: str = field(init=False)
    """Of the back door, in Home Assistant's device registry."""
    owner: Account = field(init=False)
    """An administrator."""
    tablet: Account = field(init=False)
    """A tablet at the wall, whose user may change nothing."""

    @property
    def url(self) -> str:
        """Address of Home Assistant."""
        return self.installation.home_assistant.url

    async def furnish(self) -> None:
        """Add the second reader, the people, the users and the dashboard."""
        home_assistant, client = self.installation.home_assistant, self.client
        self.back = self.installation.add_reader("back_door")
        await home_assistant.async_add_discovered_reader(client, self.back.reader_id)
        await client.async_until_state("binary_sensor.back_door_connectivity", "on")
        self.back_device_id = await self.device_id_of(self.back)
        for name in PEOPLE:
            await client.async_command(
                type="person/create", name=name, user_id=None, device_trackers=[]
            )
        self.owner = await owner(home_assistant, client)
        self.tablet = await add_user(home_assistant, client, "Wall tablet", "a tablet's password")
        await self.lay_out()

    @asynccontextmanager
    async def empty(self) -> AsyncGenerator[None]:
        """Begin with everything available, no enrollment running, and no finger enrolled."""
        async with self.idle():
            self.back.sensor_line.lift()
            await self._delete_fingerprints()
            yield

    @asynccontextmanager
    async def allowing(self, account: Account) -> AsyncGenerator[None]:
        """Let a user who is not an administrator enroll at the front door."""
        await self._choose_enrollers(account.user_id)
        try:
            yield
        finally:
            await self._choose_enrollers()

    async def _choose_enrollers(self, *user_ids: str) -> None:
        home_assistant = self.installation.home_assistant
        await home_assistant.async_set_options(await self._entry_id(), {"enrollers": user_ids})

    async def disable(self, *, disabled: bool) -> None:
        """Disable the front door's reader, or enable it again."""
        await self.client.async_command(
            type="config_entries/disable",
            entry_id=await self._entry_id(),
            disabled_by="user" if disabled else None,
        )

    async def _entry_id(self) -> str:
        entries = await self.client.async_command(
            type="config_entries/get", domain="biometric_enroll"
        )
        entry_id: str = next(entry["entry_id"] for entry in entries if entry["title"] == FRONT)
        return entry_id

    async def lay_out(self, *cards: dict[str, Any]) -> None:
        """Put these cards on the dashboard; without any, those of both readers."""
        both = {FRONT: self.device_id, BACK: self.back_device_id}
        usual = [
            {"type": CARD, "device_id": device_id, "name": heading}
            for heading, device_id in both.items()
        ]
        await add_dashboard(self.client, [*cards] or usual)

    async def cards(self) -> list[dict[str, Any]]:
        """Return the cards of the dashboard."""
        config = await self.client.async_command(type="lovelace/config", url_path=DASHBOARD)
        sections = config["views"][0]["sections"]
        return [card for section in sections for card in section["cards"]]

    async def _delete_fingerprints(self) -> None:
        listed = await self.client.async_action("biometric_enroll.get_fingerprints", response=True)
        for fingerprint in [*listed["fingerprints"], *listed["unnamed"]]:
            which = {key: fingerprint[key] for key in ("device_id", "slot")}
            await self.client.async_action("biometric_enroll.delete_fingerprint", **which)


async def add_dashboard(client: Client, cards: list[dict[str, Any]]) -> None:
    """Add the dashboard with some cards, or replace its cards."""
    dashboards = await client.async_command(type="lovelace/dashboards/list")
    if not any(each["url_path"] == DASHBOARD for each in dashboards):
        await client.async_command(
            type="lovelace/dashboards/create", url_path=DASHBOARD, title="Readers", mode="storage"
        )
    sections = [{"type": "grid", "cards": [card]} for card in cards]
    await client.async_command(
        type="lovelace/config/save",
        url_path=DASHBOARD,
        config={"views": [{"title": "Readers", "type": "sections", "sections": sections}]},
    )
