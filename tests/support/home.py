"""Home Assistant in its test harness with one reader, as users see it."""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.biometric_enroll import async_setup
from custom_components.biometric_enroll.const import (
    CONF_DEVICE,
    CONF_FEATURES,
    CONF_READER_ID,
    DOMAIN,
)
from tests.support.reader import DEVICE, READER_ID, FakeReader
from tests.support.reader_publications import FEATURES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from homeassistant.config_entries import ConfigEntry
    from homeassistant.core import Context, Event, HomeAssistant, State

    from tests.support.broker import FakeBroker

OTHER_DEVICE = "0242ac110002"
"""Hardware id of a second reader."""

_ANSWERING = ("enroll_fingerprint", "get_fingerprints")


def reader_entry(
    reader_id: str = READER_ID, device: str = DEVICE, title: str = "Front door", **changes: Any
) -> MockConfigEntry:
    """Return the config entry of a reader, not yet added to Home Assistant."""
    data = {CONF_READER_ID: reader_id, CONF_DEVICE: device, CONF_FEATURES: FEATURES}
    return MockConfigEntry(domain=DOMAIN, title=title, unique_id=device, data=data, **changes)


def missing_names(entry: ConfigEntry) -> list[str]:
    """Return the names whose template is missing on a reader, as its fix flow lists them."""
    coordinator = entry.runtime_data
    return [
        f"{fingerprint.subject.name} ({place.slot})"
        for fingerprint, place in coordinator.registry.on_reader(coordinator.device)
        if place.template_id in coordinator.data.unmatched.missing
    ]


async def until(hass: HomeAssistant, true: Callable[[], bool]) -> None:
    """Wait until `true` returns True; it is checked at each state change."""
    news = asyncio.Event()

    @callback
    def note(_: Event[Any]) -> None:
        news.set()

    stop = hass.bus.async_listen(EVENT_STATE_CHANGED, note)
    try:
        async with asyncio.timeout(5):
            while not true():
                news.clear()
                await news.wait()
    finally:
        stop()


async def async_fails(calling: Awaitable[object]) -> str:
    """Return the translation key of the error that a call raises."""
    with pytest.raises(HomeAssistantError) as error:
        await calling
    assert error.value.translation_domain == DOMAIN
    assert error.value.translation_key is not None
    # Home Assistant logs the errors of scripts, so none of them may hold a name.
    assert "Anna" not in str(error.value.translation_placeholders)
    return error.value.translation_key


async def async_walk_away(calling: asyncio.Task[Any]) -> None:
    """Cancel a call, as happens to an action whose caller has disconnected."""
    calling.cancel()
    with suppress(asyncio.CancelledError):
        await calling


async def async_person(hass: HomeAssistant) -> str:
    """Add a person and return its entity id."""
    person = {"id": "1234", "name": "Anna", "device_trackers": []}
    assert await async_setup_component(hass, "person", {"person": [person]})
    return "person.anna"


def stored_names(hass_storage: dict[str, Any]) -> list[str]:
    """Return the names that are on disk."""
    stored = hass_storage["biometric_enroll.roster"]["data"]["fingerprints"]
    return [each["subject"]["name"] for each in stored]


def stored_uses(hass_storage: dict[str, Any]) -> list[str]:
    """Return the template ids whose touches are counted on disk."""
    delivery_log = hass_storage["biometric_enroll.marks"]["data"]
    return [template_id for record in delivery_log.values() for template_id in record["uses"]]


class AnyHome:
    """Home Assistant with a reader of any kind."""

    SHOWN_IF_AVAILABLE: tuple[tuple[str, str], ...] = (
        ("binary_sensor", "enrolling"),
        ("sensor", "stored_fingerprints"),
    )

    def __init__(self, hass: HomeAssistant, entry: MockConfigEntry) -> None:
        """Access a reader by its config entry."""
        self.hass, self.entry = hass, entry

    # The reader and its entities

    @property
    def device_id(self) -> str:
        """Id of the reader in the device registry."""
        identifier = (DOMAIN, self.entry.data[CONF_DEVICE])
        devices = dr.async_get(self.hass)
        device = devices.async_get_device_by_identifier(identifier, self.entry.entry_id)
        assert device is not None
        return device.id

    def entity_id(self, platform: str, key: str) -> str:
        """Return the id of an entity; `key` is that of its description."""
        found = self.find_entity_id(platform, key)
        assert found is not None
        return found

    def find_entity_id(self, platform: str, key: str) -> str | None:
        """Return the same where there is such an entity."""
        unique_id = f"{self.entry.data[CONF_DEVICE]}_{key}"
        return er.async_get(self.hass).async_get_entity_id(platform, DOMAIN, unique_id)

    def state(self, platform: str, key: str) -> State:
        """Return the state of an entity."""
        found = self.hass.states.get(self.entity_id(platform, key))
        assert found is not None
        return found

    @property
    def available(self) -> bool:
        """Whether the reader counts as available, after a check that all entities agree."""
        connected = self.state("binary_sensor", "connectivity").state == "on"
        for platform, key in self.SHOWN_IF_AVAILABLE:
            assert (self.state(platform, key).state != "unavailable") is connected
        return connected

    def event_types(self, key: str) -> list[str | None]:
        """Return a list to which each further event type of an event entity is added."""
        seen: list[str | None] = []

        @callback
        def note(event: Event[Any]) -> None:
            seen.append(event.data["new_state"].attributes.get("event_type"))

        async_track_state_change_event(self.hass, self.entity_id("event", key), note)
        return seen

    @property
    def stage(self) -> str:
        """State of the enrollment sensor."""
        return self.state("sensor", "enrollment").state

    async def until_stage(self, stage: str) -> None:
        """Wait until the enrollment sensor shows a stage."""
        await self.until(lambda: self.stage == stage)

    async def settle(self) -> None:
        """Wait until Home Assistant has nothing to do."""
        await self.hass.async_block_till_done()

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until `true` returns True; it is checked at each state change."""
        await until(self.hass, true)

    # Its config entry

    async def set_up(self) -> None:
        """Set up the config entry, and wait until the reader has been found."""
        raise NotImplementedError

    def set_options(self, options: dict[str, Any]) -> None:
        """Choose other options of the reader."""
        self.hass.config_entries.async_update_entry(self.entry, options=options)

    async def start(self) -> bool:
        """Set up the config entry; return whether that is done."""
        return await self.hass.config_entries.async_setup(self.entry.entry_id)

    async def look(self) -> None:
        """Let Home Assistant check the reader, and wait for all that follows."""
        await self.entry.runtime_data.async_refresh()
        await self.settle()

    async def unload(self) -> bool:
        """Unload the config entry."""
        return await self.hass.config_entries.async_unload(self.entry.entry_id)

    async def restart(self) -> None:
        """Restart Home Assistant, as far as the integration can tell."""
        assert await self.unload()
        await self.restart_from_disk()

    async def restart_from_disk(self) -> None:
        """Set up the unloaded entry from the saved files; data in memory is lost."""
        assert await async_setup(self.hass, {})
        await self.set_up()

    # The actions

    async def call(self, action: str, context: Context | None = None, **data: Any) -> Any:
        """Call an action of the integration; return its response, if it has one."""
        return await self.hass.services.async_call(
            DOMAIN,
            action,
            data,
            blocking=True,
            return_response=action in _ANSWERING,
            context=context,
        )

    async def enroll(self, context: Context | None = None, **data: Any) -> dict[str, Any]:
        """Enroll Anna's left thumb, or according to `data`; return the response."""
        data = {"device_id": self.device_id, "name": "Anna", "finger": "left_thumb", **data}
        return dict(await self.call("enroll_fingerprint", context, **data))

    async def cancel(self, context: Context | None = None, **data: Any) -> None:
        """Cancel the enrollment."""
        await self.call("cancel_enrollment", context, **{"device_id": self.device_id, **data})

    async def update(self, context: Context | None = None, **data: Any) -> None:
        """Change or name a fingerprint."""
        await self.call("update_fingerprint", context, **data)

    async def delete(self, context: Context | None = None, **data: Any) -> None:
        """Delete a fingerprint."""
        await self.call("delete_fingerprint", context, **data)

    async def listed(self, context: Context | None = None, **data: Any) -> dict[str, Any]:
        """Return what the action `get_fingerprints` lists, of all readers."""
        return dict(await self.call("get_fingerprints", context, **data))

    async def fingerprints(self, context: Context | None = None) -> list[dict[str, Any]]:
        """Return the fingerprints of this reader."""
        listed = await self.listed(context, device_id=self.device_id)
        return list(listed["fingerprints"])

    async def named(self) -> dict[int, str]:
        """Return the names of the fingerprints of all readers, by slot."""
        return {each["slot"]: each["name"] for each in (await self.listed())["fingerprints"]}

    async def unnamed(self) -> dict[int, str | None]:
        """Return the template ids of unnamed templates on all readers, by slot."""
        return {each["slot"]: each["template_id"] for each in (await self.listed())["unnamed"]}

    @property
    def unnamed_slots(self) -> list[int]:
        """Slots of the unnamed templates of this reader, as its entity shows them."""
        found: list[int] = self.state("sensor", "stored_fingerprints").attributes["unnamed_slots"]
        return found

    def missing(self) -> str | None:
        """Return the names that are missing on the readers; None if there is no repair issue."""
        counts = [
            (issue.translation_placeholders or {})["count"]
            for (domain, _), issue in ir.async_get(self.hass).issues.items()
            if domain == DOMAIN and issue.translation_key == "fingerprints_gone"
        ]
        gone = [
            name
            for entry in self.hass.config_entries.async_loaded_entries(DOMAIN)
            for name in missing_names(entry)
        ]
        assert sum(map(int, counts)) == len(gone)
        return "\n".join(f"- {name}" for name in gone) if counts else None


class Home(AnyHome):
    """Home Assistant with a reader of version 1."""

    SHOWN_IF_AVAILABLE = (
        *AnyHome.SHOWN_IF_AVAILABLE,
        ("binary_sensor", "sensor"),
        ("button", "identify"),
    )

    def __init__(self, hass: HomeAssistant, reader: FakeReader, entry: MockConfigEntry) -> None:
        """Add the config entry of a reader to Home Assistant."""
        super().__init__(hass, entry)
        self.reader = reader
        if hass.config_entries.async_get_entry(entry.entry_id) is None:
            entry.add_to_hass(hass)

    async def set_up(self) -> None:
        """Set up the config entry, and wait until the reader has been greeted."""
        greeted = len(self.reader.heard_of("hello"))
        assert await self.start()
        await self.reader.hears("hello", greeted + 1)
        await self.settle()

    def offer(self, features: list[str]) -> None:
        """Let the reader have only these features; to be called before Home Assistant starts."""
        self.reader.identity = {**self.reader.identity, "features": features}
        self.hass.config_entries.async_update_entry(
            self.entry, data={**self.entry.data, CONF_FEATURES: features}
        )

    async def enrolled(self, **data: Any) -> str:
        """Enroll Anna's left thumb, or according to `data`, to the end; return the template id."""
        response = await self.enroll(**data)
        self.reader.capture(3)
        await self.settle()
        template_id: str = response["template_id"]
        return template_id


async def async_back_door(hass: HomeAssistant, broker: FakeBroker) -> Home:
    """Set up a second reader, with nothing on its sensor."""
    reader = FakeReader(broker, "back_door", OTHER_DEVICE)
    reader.stored.clear()
    reader.templates = {**reader.templates, "count": 0}
    home = Home(hass, reader, reader_entry("back_door", OTHER_DEVICE, "Back door"))
    await home.set_up()
    return home
