"""Several readers at work at once, each with the same slots: the right names everywhere."""

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import callback

from custom_components.biometric_enroll.const import DOMAIN, EVENT_BIOMETRIC_ENROLL
from tests.support.home import (
    async_enroll,
    async_fingerprints,
    async_until,
    available,
    device_id,
    state,
)
from tests.support.reader import FakeReader
from tests.unit.test_config_flow import configured

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from homeassistant.core import Event, HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from tests.support.broker import FakeBroker

DEVICES = {"front_door": "a1b2c3d4e5f6", "back_door": "0242ac110002", "cellar": "0242ac110003"}
NAMES = {"front_door": "Anna", "back_door": "Ben", "cellar": "Cleo"}


class House:
    """Three readers in use."""

    def __init__(self, hass: HomeAssistant, broker: FakeBroker) -> None:
        self.hass = hass
        self.readers = {each: FakeReader(broker, each, DEVICES[each]) for each in DEVICES}
        self.entries: dict[str, MockConfigEntry] = {
            each: configured(each, DEVICES[each], title=each) for each in DEVICES
        }
        self.templates: dict[str, str] = {}
        """Id of whoever was enrolled on each reader."""

    async def set_up(self) -> None:
        """Set up all readers, and wait until they are there."""
        for each, entry in self.entries.items():
            entry.add_to_hass(self.hass)
            self.readers[each].announce()
        assert await self.hass.config_entries.async_setup(self.entries["cellar"].entry_id)
        for device in DEVICES.values():
            await async_until(self.hass, partial(available, self.hass, device))

    async def enroll(self) -> None:
        """Enroll one person on each reader, all at once and in the same slot."""
        responses = await asyncio.gather(
            *(
                async_enroll(self.hass, entry, name=NAMES[each])
                for each, entry in self.entries.items()
            )
        )
        for _ in range(3):
            for reader in self.readers.values():
                reader.capture()
        await self.hass.async_block_till_done()
        assert {response["slot"] for response in responses} == {5}
        self.templates = dict(
            zip(DEVICES, [response["template_id"] for response in responses], strict=True)
        )

    def touched(self, where: str) -> tuple[str, str | None]:
        """Return what the touch entity of a reader shows."""
        touch = state(self.hass, "event", "touch", DEVICES[where]).attributes
        return touch["event_type"], touch["name"]


@pytest.fixture
async def house(hass: HomeAssistant, broker: FakeBroker) -> AsyncGenerator[House]:
    """Return three readers, in use, each with one person."""
    house = House(hass, broker)
    await house.set_up()
    await house.enroll()
    yield house
    for entry in house.entries.values():
        if entry.state is ConfigEntryState.LOADED:
            await hass.config_entries.async_unload(entry.entry_id)


async def test_enrollments_that_run_at_once_each_give_their_own_name(house: House) -> None:
    assert len(set(house.templates.values())) == len(DEVICES)
    for each, entry in house.entries.items():
        [fingerprint] = await async_fingerprints(house.hass, entry)
        assert (fingerprint["name"], fingerprint["slot"]) == (NAMES[each], 5)
        assert fingerprint["template_id"] == house.templates[each]
        enrollment = state(house.hass, "sensor", "enrollment", DEVICES[each])
        assert (enrollment.state, enrollment.attributes["name"]) == ("completed", NAMES[each])


async def test_touches_at_once_in_the_same_slot_each_tell_their_own_name(house: House) -> None:
    told: list[Any] = []

    @callback
    def note(event: Event[Any]) -> None:
        told.append(event.data)

    house.hass.bus.async_listen(EVENT_BIOMETRIC_ENROLL, note)
    for each, reader in house.readers.items():
        reader.touch(house.templates[each])
    await house.hass.async_block_till_done()
    for each, entry in house.entries.items():
        assert house.touched(each) == ("identified", NAMES[each])
        shown = state(house.hass, "sensor", "last_identified", DEVICES[each])
        assert shown.state == NAMES[each]
        [fingerprint] = await async_fingerprints(house.hass, entry)
        assert fingerprint["count"] == 1
    assert [(each["reader_id"], each["name"]) for each in told] == list(NAMES.items())
    assert [each["device_id"] for each in told] == [
        device_id(house.hass, entry) for entry in house.entries.values()
    ]


async def test_a_template_id_of_another_reader_opens_nothing(house: House) -> None:
    house.readers["back_door"].touch(house.templates["front_door"])
    assert house.touched("back_door") == ("not_identified", None)
    assert state(house.hass, "event", "touch", DEVICES["front_door"]).state == "unknown"
    last = state(house.hass, "sensor", "last_identified", DEVICES["back_door"])
    assert last.state == "unknown"


async def test_what_is_known_of_each_reader_survives_a_restart(house: House) -> None:
    for entry in house.entries.values():
        assert await house.hass.config_entries.async_reload(entry.entry_id)
    for device in DEVICES.values():
        await async_until(house.hass, partial(available, house.hass, device))
    for each, reader in house.readers.items():
        reader.touch(house.templates[each])
        assert house.touched(each) == ("identified", NAMES[each])


async def test_what_is_gone_from_one_reader_is_not_gone_from_another(house: House) -> None:
    house.readers["front_door"].lose(5)
    await house.hass.async_block_till_done()
    gone = {each: entry.runtime_data.gone for each, entry in house.entries.items()}
    assert {each: list(names.values()) for each, names in gone.items() if names} == {
        "front_door": ["Anna (5)"]
    }
    reader = house.readers["back_door"]
    reader.touch(house.templates["back_door"])
    assert house.touched("back_door") == ("identified", "Ben")


async def test_deleting_on_one_reader_leaves_the_same_slot_of_another(house: House) -> None:
    await house.hass.services.async_call(
        DOMAIN,
        "delete_fingerprint",
        {"device_id": device_id(house.hass, house.entries["back_door"]), "slot": 5},
        blocking=True,
    )
    assert 5 not in house.readers["back_door"].stored
    for each in ("front_door", "cellar"):
        assert house.readers[each].stored[5] == house.templates[each]
        [fingerprint] = await async_fingerprints(house.hass, house.entries[each])
        assert fingerprint["name"] == NAMES[each]
