"""A real Home Assistant with two simulated readers of the real firmware, in virtual time."""

import asyncio
from copy import deepcopy
from random import Random
from typing import TYPE_CHECKING, Any, override

from homeassistant.components import person
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.biometric_enroll import storage as stores
from custom_components.biometric_enroll.const import (
    CONF_DEVICE,
    CONF_FEATURES,
    CONF_READER_ID,
    DOMAIN,
)
from custom_components.biometric_enroll.repairs import ReaderFlow, async_create_fix_flow
from fpreader.app import FEATURES
from tests.model.model import Touch
from tests.model.reader import Door
from tests.simulation.broker import Broker
from tests.simulation.broker_behavior import BrokerBehavior
from tests.simulation.network import Network
from tests.simulation.packets import Message
from tests.support.home import missing_names

if TYPE_CHECKING:
    from homeassistant.core import Event, EventStateChangedData, HomeAssistant, State

    from emulator import EmulatedSensor
    from tests.support.broker import FakeBroker

READERS = (("front_door", "0000000000a1"), ("back_door", "0000000000b2"))

SOON = 8.0
"""Seconds within which a reader is available again, once all connections work."""

_WHO = ("name", "finger", "person")

_FILES = (f"{DOMAIN}.roster", f"{DOMAIN}.marks")


class _Bridge(Broker):
    """The broker of the readers, bridged to Home Assistant's fake broker."""

    def __init__(self, network: Network, rng: Random, home: FakeBroker) -> None:
        super().__init__(network, BrokerBehavior(), rng)
        self._home = home

    @override
    def publish(self, message: Message) -> None:
        super().publish(message)
        self._home.publish(message.topic, message.payload, retain=message.retain)

    def say(self, topic: str, text: str) -> None:
        """Publish a message of Home Assistant to the readers."""
        if self.running:
            super().publish(Message(topic, text.encode()))


class People:
    """The persons of Home Assistant."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass

    async def add(self, name: str) -> dict[str, str]:
        """Add a person; return its registry id and its entity id."""
        await person.async_create_person(self._hass, name)
        await self._hass.async_block_till_done()
        entry = er.async_get(self._hass).async_get(f"person.{name.lower()}")
        assert entry is not None
        return {entry.id: entry.entity_id}

    async def remove(self, entity_id: str) -> None:
        """Remove a person."""
        entry = er.async_get(self._hass).async_get(entity_id)
        assert entry is not None
        await self._hass.data["person"][1].async_delete_item(entry.unique_id)
        await self._hass.async_block_till_done()


class VirtualHome:
    """The whole home; begins with two readers that are set up and hold no templates."""

    def __init__(
        self, hass: HomeAssistant, broker: FakeBroker, storage: dict[str, Any], seed: int
    ) -> None:
        self.connected = True
        """Whether Home Assistant is connected to its broker."""
        self.heard: list[list[Touch]] = [[] for _ in READERS]
        """Touches that the event entities have shown, by reader."""
        self.removed_sensors: list[EmulatedSensor] = []
        """Sensors that are in no reader."""
        self.people = People(hass)
        self._hass = hass
        self._home_broker = broker
        self._storage = storage
        self._backups: list[dict[str, Any]] = []
        rng = Random(seed)  # noqa: S311 - it has to be the same each time
        network = Network(rng)
        self.broker = _Bridge(network, rng, broker)
        self.broker.start()
        broker.retained.clear()
        broker._listeners[:] = [self.broker.say]
        self.doors = [
            Door(reader_id, device, network, seed + index)
            for index, (reader_id, device) in enumerate(READERS)
        ]
        self.entries = [self._entry(index) for index in range(len(READERS))]
        self._stop_listening = hass.bus.async_listen(EVENT_STATE_CHANGED, self._note)

    async def begin(self) -> None:
        """Set everything up."""
        for name in _FILES:
            self._storage.pop(name, None)
        await stores.async_load(self._hass)
        await asyncio.sleep(SOON)
        for index in range(len(READERS)):
            await self.add(index)
        await asyncio.sleep(SOON)

    async def end(self) -> None:
        """End everything."""
        self._stop_listening()
        for door in self.doors:
            door.disarm()
            door.reader.power_off()
        for index in range(len(READERS)):
            if self.is_set_up(index):
                await self.remove(index)
        self.set_connected(connected=True)
        self.broker.kill()
        await asyncio.sleep(600)

    # --- Home Assistant -----------------------------------------------------------------------

    def is_set_up(self, index: int) -> bool:
        """Return whether a reader has a config entry that is loaded."""
        return self.entries[index].state is ConfigEntryState.LOADED

    def is_reachable(self, index: int) -> bool:
        """Return whether all connections between Home Assistant and a reader work."""
        door = self.doors[index]
        return self.connected and self.is_set_up(index) and door.linked and door.reader.powered

    async def add(self, index: int) -> None:
        """Set a reader up, as new."""
        entry = self.entries[index] = self._entry(index)
        entry.add_to_hass(self._hass)
        assert await self._hass.config_entries.async_setup(entry.entry_id)

    async def remove(self, index: int) -> None:
        """Remove a reader from Home Assistant."""
        await self._hass.config_entries.async_remove(self.entries[index].entry_id)

    async def restart(self, backup: int | None = None) -> None:
        """Restart Home Assistant, as far as the integration can tell; perhaps with older files."""
        loaded = [entry for entry in self.entries if entry.state is ConfigEntryState.LOADED]
        for entry in loaded:
            assert await self._hass.config_entries.async_unload(entry.entry_id)
        if backup is not None:
            for name in _FILES:
                self._storage.pop(name, None)
            self._storage.update(deepcopy(self._backups[backup]))
        # Data in memory is lost; saved files are read again.
        await stores.async_load(self._hass)
        await stores.async_expire(self._hass)
        for entry in loaded:
            assert await self._hass.config_entries.async_setup(entry.entry_id)

    def back_up(self) -> None:
        """Keep a copy of the files."""
        files = {name: self._storage[name] for name in _FILES if name in self._storage}
        self._backups.append(deepcopy(files))

    def set_connected(self, *, connected: bool) -> None:
        """Cut Home Assistant's connection to the broker, or restore it."""
        if connected is not self.connected:
            self.connected = connected
            self._home_broker.set_connected(connected)

    async def call(self, action: str, **data: Any) -> Any:
        """Call an action of the integration. Raises what it raises."""
        answers = action in {"enroll_fingerprint", "get_fingerprints"}
        return await self._hass.services.async_call(
            DOMAIN, action, data, blocking=True, return_response=answers
        )

    async def attempt(self, action: str, **data: Any) -> tuple[bool, Any]:
        """Call an action, and return whether it worked, and its answer."""
        try:
            return True, await self.call(action, **data)
        except HomeAssistantError:
            return False, None

    async def fix(self, index: int, kind: str) -> bool:
        """Go through the repair flow of an issue, and return whether it worked."""
        issue = self.issue(index, kind)
        assert issue is not None
        flow = await async_create_fix_flow(self._hass, issue.issue_id, issue.data)
        assert isinstance(flow, ReaderFlow)
        flow.hass, flow.issue_id, flow.data = self._hass, issue.issue_id, issue.data
        flow.handler, flow.flow_id = DOMAIN, "flow"
        assert (await flow.async_step_init({}))["type"] == "form"
        return bool((await flow.async_step_confirm({}))["type"] == "create_entry")

    async def turn(self, index: int, *, on: bool) -> None:
        """Switch identification on or off."""
        await self._hass.services.async_call(
            "switch",
            "turn_on" if on else "turn_off",
            {"entity_id": self._entity_id(index, "switch", "identification")},
            blocking=True,
        )

    # --- what it shows ------------------------------------------------------------------------

    def device_id(self, index: int) -> str | None:
        """Return the registry id of a reader's device."""
        found = dr.async_get(self._hass).async_get_device_by_identifier(
            (DOMAIN, READERS[index][1]), self.entries[index].entry_id
        )
        return found.id if found is not None else None

    def issue(self, index: int, kind: str) -> ir.IssueEntry | None:
        """Return a repair issue of a reader."""
        issue_id = f"{kind}_{self.entries[index].entry_id}"
        return ir.async_get(self._hass).async_get_issue(DOMAIN, issue_id)

    def missing(self, index: int) -> list[str]:
        """Return the names that the fix flow of a reader lists as missing."""
        return missing_names(self.entries[index])

    def state(self, index: int, platform: str, key: str) -> State:
        """Return the state of an entity of a reader."""
        found = self._hass.states.get(self._entity_id(index, platform, key))
        assert found is not None
        return found

    def _entity_id(self, index: int, platform: str, key: str) -> str:
        unique_id = f"{READERS[index][1]}_{key}"
        found = er.async_get(self._hass).async_get_entity_id(platform, DOMAIN, unique_id)
        assert found is not None
        return found

    @callback
    def _note(self, event: Event[EventStateChangedData]) -> None:
        """Record a touch that an event entity shows."""
        new, old = event.data["new_state"], event.data["old_state"]
        if new is None or new.attributes.get("event_type") is None:
            return
        if old is not None and old.state == new.state:
            return
        entry = er.async_get(self._hass).async_get(new.entity_id)
        for index, (_, device) in enumerate(READERS):
            for key, prefix in (("touch", ""), ("late_touch", "late_")):
                if entry is not None and entry.unique_id == f"{device}_{key}":
                    who = [new.attributes[f"{prefix}{each}"] for each in _WHO]
                    what = (new.attributes["event_type"], new.attributes["reason"])
                    self.heard[index].append(Touch(bool(prefix), *what, *who))

    def _entry(self, index: int) -> MockConfigEntry:
        reader_id, device = READERS[index]
        return MockConfigEntry(
            domain=DOMAIN,
            title=reader_id,
            unique_id=device,
            data={
                CONF_READER_ID: reader_id,
                CONF_DEVICE: device,
                CONF_FEATURES: sorted(FEATURES),
            },
        )
