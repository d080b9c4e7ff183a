"""The content of the demo: two doors with a reader each, people, and user accounts."""

from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import dashboard, people
from .accounts import Account, add_user, owner
from .fingers import FingerController, mqtt_entities
from .programs import DidNotStartError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from .client import Client
    from .installation import Installation
    from .reader import VirtualReader

READERS = {"front_door": ("Front door", "R307"), "back_door": ("Back door", "R503")}
"""By reader id: what the door is called, and which sensor the reader has."""
FRONT_DOOR = "front_door"
TABLET_NAME = "Tablet"
TABLET_PASSWORD = "fingerprint"  # noqa: S105 - of a demo on loopback


@dataclass(frozen=True, slots=True)
class Show:
    """A running demo."""

    url: str
    """Where Home Assistant is."""
    client: Client
    """Of the owner."""
    doors: tuple[dashboard.Door, ...]
    owner: Account
    """An administrator."""
    tablet: Account
    """A tablet at the wall, which is no administrator, but may enroll at the front door."""


@asynccontextmanager
async def open_show(installation: Installation, sensor: str | None = None) -> AsyncGenerator[Show]:
    """Set up a new installation as the demo; on exit, disconnect the fingers.

    `sensor` is another one for the front door, by the name of its profile.
    """
    home_assistant = installation.home_assistant
    people.draw(home_assistant.folder)
    await installation.async_start({"mqtt": mqtt_entities(tuple(READERS))})
    async with await home_assistant.async_connect() as client:
        await people.async_add(client)
        tablet = await add_user(home_assistant, client, TABLET_NAME, TABLET_PASSWORD)
        doors = []
        with ExitStack() as controllers:
            for reader_id, (name, model) in READERS.items():
                # A real sensor needs some tenths of a second for an image.
                other = sensor if reader_id == FRONT_DOOR else None
                reader = installation.add_reader(reader_id, model=other or model, time_scale=1.0)
                added = await async_add_reader(installation, client, reader)
                if reader_id == FRONT_DOOR:
                    await home_assistant.async_set_options(
                        added.entry_id, {"enrollers": [tablet.user_id]}
                    )
                controller = FingerController(
                    installation.broker.port, reader_id, reader.sensor_line
                )
                controllers.callback(controller.close)
                doors.append(dashboard.Door(name, reader_id, added.device_id))
            await dashboard.async_install(client, doors)
            await async_settle_repairs(client)
            account = await owner(home_assistant, client)
            yield Show(home_assistant.url, client, tuple(doors), account, tablet)


@dataclass(frozen=True, slots=True)
class Added:
    """A reader that was added, by the ids that Home Assistant has given."""

    device_id: str
    entry_id: str


async def async_add_reader(
    installation: Installation, client: Client, reader: VirtualReader
) -> Added:
    """Add a reader that Home Assistant discovers, and wait until it is available."""
    await installation.home_assistant.async_add_discovered_reader(client, reader.reader_id)
    await client.async_until_state(f"binary_sensor.{reader.reader_id}_connectivity", "on")
    for device in await client.async_command(type="config/device_registry/list"):
        if ["biometric_enroll", reader.device] in device["identifiers"]:
            return Added(device["id"], device["config_entries"][0])
    raise DidNotStartError(f"no device {reader.device}")


async def async_settle_repairs(client: Client) -> None:
    """Ignore repair issues that are caused by the demo itself."""
    await client.async_command(type="config/core/update", country="US")
    issues = await client.async_command(type="repairs/list_issues")
    for issue in issues["issues"]:
        if issue["domain"] == "mqtt":
            # The broker in Python speaks no MQTT 5, and the fingers are there before the broker.
            await client.async_command(
                type="repairs/ignore_issue",
                domain=issue["domain"],
                issue_id=issue["issue_id"],
                ignore=True,
            )
