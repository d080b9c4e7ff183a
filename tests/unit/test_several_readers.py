"""Several readers at the same time, each with the same slots: the right names everywhere."""

import asyncio
from typing import TYPE_CHECKING

import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.biometric_enroll.const import EVENT_BIOMETRIC_ENROLL
from tests.support.home import Home, missing_names, reader_entry, until
from tests.support.reader import FakeReader

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

    from tests.support.broker import FakeBroker

SLOT = 5
DEVICES = {"front_door": "a1b2c3d4e5f6", "back_door": "0242ac110002", "cellar": "0242ac110003"}
NAMES = {"front_door": "Anna", "back_door": "Ben", "cellar": "Cleo"}


def touched(home: Home) -> tuple[str, str | None]:
    """Return what the touch entity of a reader shows."""
    touch = home.state("event", "touch").attributes
    return touch["event_type"], touch["name"]


@pytest.fixture
async def homes(hass: HomeAssistant, broker: FakeBroker) -> dict[str, Home]:
    """Return three readers in use, each with one person in the same slot, enrolled at once."""
    homes = {
        each: Home(hass, FakeReader(broker, each, device), reader_entry(each, device, each))
        for each, device in DEVICES.items()
    }
    for home in homes.values():
        home.reader.announce()
    await homes["cellar"].set_up()
    await until(hass, lambda: all(home.available for home in homes.values()))
    responses = await asyncio.gather(
        *(home.enroll(name=NAMES[each]) for each, home in homes.items())
    )
    for _ in range(3):
        for home in homes.values():
            home.reader.capture()
    await hass.async_block_till_done()
    assert {response["slot"] for response in responses} == {SLOT}
    return homes


def template_id(home: Home) -> str | None:
    """Return the template id of whoever was enrolled on a reader."""
    return home.reader.stored[SLOT]


async def test_enrollments_that_run_at_once_each_give_their_own_name(
    homes: dict[str, Home],
) -> None:
    assert len({template_id(home) for home in homes.values()}) == len(DEVICES)
    for each, home in homes.items():
        [fingerprint] = await home.fingerprints()
        assert (fingerprint["name"], fingerprint["slot"]) == (NAMES[each], SLOT)
        assert fingerprint["template_id"] == template_id(home)
        enrollment = home.state("sensor", "enrollment")
        assert (enrollment.state, enrollment.attributes["name"]) == ("completed", NAMES[each])


async def test_touches_at_once_in_the_same_slot_each_tell_their_own_name(
    hass: HomeAssistant, homes: dict[str, Home]
) -> None:
    told = async_capture_events(hass, EVENT_BIOMETRIC_ENROLL)
    for home in homes.values():
        home.reader.touch(template_id(home))
    await hass.async_block_till_done()
    for each, home in homes.items():
        assert touched(home) == ("identified", NAMES[each])
        assert home.state("sensor", "last_identified").state == NAMES[each]
        [fingerprint] = await home.fingerprints()
        assert fingerprint["count"] == 1
    assert [(each.data["reader_id"], each.data["name"]) for each in told] == list(NAMES.items())
    assert [each.data["device_id"] for each in told] == [home.device_id for home in homes.values()]


async def test_a_template_id_of_another_reader_opens_nothing(homes: dict[str, Home]) -> None:
    homes["back_door"].reader.touch(template_id(homes["front_door"]))
    assert touched(homes["back_door"]) == ("not_identified", None)
    assert homes["front_door"].state("event", "touch").state == "unknown"
    assert homes["back_door"].state("sensor", "last_identified").state == "unknown"


async def test_what_is_known_of_each_reader_survives_a_restart(
    hass: HomeAssistant, homes: dict[str, Home]
) -> None:
    for home in homes.values():
        assert await hass.config_entries.async_reload(home.entry.entry_id)
    await until(hass, lambda: all(home.available for home in homes.values()))
    for each, home in homes.items():
        home.reader.touch(template_id(home))
        assert touched(home) == ("identified", NAMES[each])


async def test_what_is_gone_from_one_reader_is_not_gone_from_another(
    hass: HomeAssistant, homes: dict[str, Home]
) -> None:
    homes["front_door"].reader.lose(SLOT)
    await hass.async_block_till_done()
    missing = {each: missing_names(home.entry) for each, home in homes.items()}
    assert missing == {"front_door": ["Anna (5)"], "back_door": [], "cellar": []}
    back_door = homes["back_door"]
    back_door.reader.touch(template_id(back_door))
    assert touched(back_door) == ("identified", "Ben")


async def test_deleting_on_one_reader_leaves_the_same_slot_of_another(
    homes: dict[str, Home],
) -> None:
    before = {each: template_id(home) for each, home in homes.items()}
    back_door = homes.pop("back_door")
    await back_door.delete(device_id=back_door.device_id, slot=SLOT)
    assert SLOT not in back_door.reader.stored
    for each, home in homes.items():
        assert template_id(home) == before[each]
        [fingerprint] = await home.fingerprints()
        assert fingerprint["name"] == NAMES[each]
