"""A reader that is removed: what is known of it stays for thirty days, then it is forgotten."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from homeassistant.config_entries import SOURCE_IGNORE, ConfigEntryDisabler, ConfigEntryState
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_fire_time_changed,
)

from custom_components.biometric_enroll import async_setup, stores
from custom_components.biometric_enroll.const import (
    CONF_DEVICE,
    CONF_FEATURES,
    CONF_READER_ID,
    DOMAIN,
    EVENT_BIOMETRIC_ENROLL,
)
from tests.unit.fake_reader import DEVICE, FEATURES, READER_ID, FakeReader
from tests.unit.helpers import async_enrolled, async_set_up, async_until, available, state

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from homeassistant.core import HomeAssistant

    from tests.unit.fake_broker import FakeBroker

OTHER_DEVICE = "0242ac110002"
DAY = timedelta(days=1)


class Clock:
    """The date and time, which a test moves on; what the loop waits for goes by its own clock."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def tick(self, by: timedelta) -> None:
        self._ahead += by

    def utcnow(self) -> datetime:
        return datetime.now(UTC) + self._ahead


@pytest.fixture
def clock() -> Generator[Clock]:
    """Return the clock that Home Assistant goes by."""
    clock = Clock()
    with patch.object(dt_util, "utcnow", clock.utcnow):
        yield clock


@pytest.fixture(autouse=True)
async def unload(hass: HomeAssistant) -> AsyncGenerator[None]:
    """Unload whatever a test has set up."""
    yield
    for entry in hass.config_entries.async_entries(DOMAIN):
        if entry.state is ConfigEntryState.LOADED:
            await hass.config_entries.async_unload(entry.entry_id)


def configured(reader_id: str = READER_ID, device: str = DEVICE, **more: Any) -> MockConfigEntry:
    """Return an entry for a reader."""
    data = {CONF_READER_ID: reader_id, CONF_DEVICE: device, CONF_FEATURES: FEATURES}
    return MockConfigEntry(domain=DOMAIN, title="Front door", unique_id=device, data=data, **more)


@pytest.fixture
async def anna(hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry) -> str:
    """Return the template id of Anna, who was identified once."""
    template_id = await async_enrolled(hass, loaded, reader)
    reader.touch(template_id)
    await hass.async_block_till_done()
    return template_id


async def remove(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    assert await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()


async def add(hass: HomeAssistant, reader: FakeReader) -> MockConfigEntry:
    """Set the reader up again, as a new entry."""
    entry = configured()
    entry.add_to_hass(hass)
    await async_set_up(hass, reader, entry)
    await async_until(hass, lambda: available(hass))
    return entry


async def listed(hass: HomeAssistant) -> list[dict[str, Any]]:
    """Return all fingerprints, also those on readers that are not set up."""
    response = await hass.services.async_call(
        DOMAIN, "get_fingerprints", {}, blocking=True, return_response=True
    )
    assert response is not None
    found: Any = response["fingerprints"]
    return [{key: each[key] for key in each if key != "device_id"} for each in found]


async def pass_days(hass: HomeAssistant, clock: Clock, days: float) -> None:
    """Let days pass, with the timer that becomes due each day."""
    clock.tick(timedelta(days=days))
    async_fire_time_changed(hass, dt_util.utcnow())
    await hass.async_block_till_done()


def assert_forgotten(hass_storage: dict[str, Any], device: str = DEVICE) -> None:
    """See that nothing of a reader is on the disk any more."""
    for name in ("roster", "marks"):
        assert device not in str(hass_storage[f"{DOMAIN}.{name}"]["data"])


# Remove and add


@pytest.mark.parametrize("days", [0, 29])
async def test_who_is_removed_and_added_again_in_time_has_lost_nothing(
    hass: HomeAssistant,
    reader: FakeReader,
    loaded: MockConfigEntry,
    anna: str,
    clock: Clock,
    days: int,
) -> None:
    before = await listed(hass)
    assert [(each["name"], each["count"]) for each in before] == [("Anna", 1)]
    touch = reader.touch(anna)
    await hass.async_block_till_done()
    before = await listed(hass)
    await remove(hass, loaded)
    if days:
        await pass_days(hass, clock, days)
    assert await listed(hass) == before
    moments = async_capture_events(hass, EVENT_BIOMETRIC_ENROLL)
    await add(hass, reader)
    assert await listed(hass) == before
    assert state(hass, "sensor", "enrollment").state == "completed"
    # What was reported already is not again, and what is new has its name.
    reader.touch(anna, touch=touch)
    reader.touch(anna)
    await hass.async_block_till_done()
    assert [(moment.data["type"], moment.data["name"]) for moment in moments] == [
        ("identified", "Anna")
    ]
    assert [each["count"] for each in await listed(hass)] == [3]


async def test_the_days_count_anew_from_each_removal(
    hass: HomeAssistant,
    reader: FakeReader,
    loaded: MockConfigEntry,
    anna: str,
    clock: Clock,
) -> None:
    await remove(hass, loaded)
    await pass_days(hass, clock, 29)
    again = await add(hass, reader)
    await pass_days(hass, clock, 29)
    await remove(hass, again)
    await pass_days(hass, clock, 29)
    assert [each["name"] for each in await listed(hass)] == ["Anna"]


# After thirty days


async def test_after_thirty_days_all_is_forgotten(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    anna: str,
    clock: Clock,
    hass_storage: dict[str, Any],
) -> None:
    """Also that of the last reader, while Home Assistant runs on."""
    await remove(hass, loaded)
    await pass_days(hass, clock, 29.9)
    assert [each["name"] for each in await listed(hass)] == ["Anna"]
    assert DEVICE in hass_storage["biometric_enroll.marks"]["data"]
    await pass_days(hass, clock, 1)
    assert await listed(hass) == []
    assert_forgotten(hass_storage)


async def test_a_reader_whose_names_were_forgotten_starts_afresh(
    hass: HomeAssistant,
    reader: FakeReader,
    loaded: MockConfigEntry,
    anna: str,
    clock: Clock,
) -> None:
    await remove(hass, loaded)
    await pass_days(hass, clock, 31)
    moments = async_capture_events(hass, EVENT_BIOMETRIC_ENROLL)
    await add(hass, reader)
    reader.touch(anna)
    await hass.async_block_till_done()
    assert [moment.data["type"] for moment in moments] == ["not_identified"]
    assert await listed(hass) == []
    assert state(hass, "sensor", "stored_fingerprints").attributes["unnamed_slots"] == [1, 2, 3, 5]


async def test_what_became_due_while_home_assistant_was_off_is_forgotten_at_its_start(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    anna: str,
    clock: Clock,
    hass_storage: dict[str, Any],
) -> None:
    await remove(hass, loaded)
    clock.tick(29 * DAY)
    assert await async_setup(hass, {})
    assert [each["name"] for each in await listed(hass)] == ["Anna"]
    clock.tick(DAY)
    assert await async_setup(hass, {})
    assert await listed(hass) == []
    assert_forgotten(hass_storage)


async def test_a_reader_without_names_is_forgotten_too(
    hass: HomeAssistant,
    reader: FakeReader,
    loaded: MockConfigEntry,
    clock: Clock,
    hass_storage: dict[str, Any],
) -> None:
    reader.touch()
    await hass.async_block_till_done()
    assert DEVICE in hass_storage["biometric_enroll.marks"]["data"]
    await remove(hass, loaded)
    await pass_days(hass, clock, 31)
    assert_forgotten(hass_storage)


async def test_the_other_reader_is_left_alone(
    hass: HomeAssistant,
    broker: FakeBroker,
    loaded: MockConfigEntry,
    anna: str,
    clock: Clock,
    hass_storage: dict[str, Any],
) -> None:
    other, entry = (
        FakeReader(broker, "back_door", OTHER_DEVICE),
        configured("back_door", OTHER_DEVICE),
    )
    entry.add_to_hass(hass)
    await async_set_up(hass, other, entry)
    other.hold(5, "00112233aabbccdd")
    await hass.async_block_till_done()
    data = {"template_id": "00112233aabbccdd", "name": "Ben"}
    await hass.services.async_call(DOMAIN, "update_fingerprint", data, blocking=True)
    await remove(hass, loaded)
    await pass_days(hass, clock, 31)
    assert [each["name"] for each in await listed(hass)] == ["Ben"]
    assert_forgotten(hass_storage)


# What counts as removed


async def test_a_disabled_reader_is_not_removed(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    anna: str,
    clock: Clock,
) -> None:
    by_user = ConfigEntryDisabler.USER
    assert await hass.config_entries.async_set_disabled_by(loaded.entry_id, by_user)
    await pass_days(hass, clock, 31)
    assert await async_setup(hass, {})
    assert [each["name"] for each in await listed(hass)] == ["Anna"]


async def test_a_reader_that_is_ignored_is_removed(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    anna: str,
    clock: Clock,
) -> None:
    await remove(hass, loaded)
    MockConfigEntry(domain=DOMAIN, unique_id=DEVICE, source=SOURCE_IGNORE).add_to_hass(hass)
    await pass_days(hass, clock, 31)
    assert await listed(hass) == []


async def test_the_days_of_a_reader_that_is_removed_before_the_setup_count_from_the_setup(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    anna: str,
    clock: Clock,
    hass_storage: dict[str, Any],
) -> None:
    """All readers were disabled: then Home Assistant does not set the integration up."""
    assert await hass.config_entries.async_unload(loaded.entry_id)
    del hass.data[stores.DATA_ROSTER], hass.data[stores.DATA_MARKS]
    await remove(hass, loaded)
    assert hass_storage["biometric_enroll.roster"]["data"]["removed"] == {}
    clock.tick(40 * DAY)
    assert await async_setup(hass, {})
    assert [each["name"] for each in await listed(hass)] == ["Anna"]
    await pass_days(hass, clock, 30)
    assert await listed(hass) == []


# What earlier versions have saved


SNAPSHOT = {
    "template_id": "9f2c01ab44d0e1f7", "seq": 7, "slot": 5, "stage": "completed", "step": 3,
    "total": 3, "captured": [{"attempts": 1}] * 3, "rejected": {"count": 0, "last": None},
    "timeout_ms": None, "reason": None, "duplicate_of": None,
}  # fmt: skip
FINGERPRINT: dict[str, Any] = {
    "subject": {"name": "Anna", "finger": None, "person": None},
    "enrolled_at": "2026-01-02T03:04:05+00:00",
    "places": [{"device": DEVICE, "slot": 5, "template_id": "9f2c01ab44d0e1f7"}],
}
ENROLLMENT = {
    "template_id": "9f2c01ab44d0e1f7", "subject": FINGERPRINT["subject"], "given_up": False
}  # fmt: skip
MARK: dict[str, Any] = {"snapshot": SNAPSHOT, "touches": ["0011223344556677"]}
USES = {"9f2c01ab44d0e1f7": {"count": 4, "last_at": "2026-02-03T04:05:06+00:00"}}


def _stored(minor_version: int, name: str, data: dict[str, Any]) -> dict[str, Any]:
    key = f"{DOMAIN}.{name}"
    return {"version": 1, "minor_version": minor_version, "key": key, "data": data}


@pytest.mark.parametrize(
    ("minor_version", "fingerprint", "mark", "count"),
    [
        (1, FINGERPRINT, MARK, 0),
        (2, {**FINGERPRINT, "enabled": True}, {**MARK, "uses": USES}, 4),
    ],
    ids=["1.1", "1.2"],
)
async def test_what_earlier_versions_have_saved_is_read(
    hass: HomeAssistant,
    reader: FakeReader,
    hass_storage: dict[str, Any],
    minor_version: int,
    fingerprint: dict[str, Any],
    mark: dict[str, Any],
    count: int,
) -> None:
    roster = {"fingerprints": [fingerprint], "enrollments": {DEVICE: ENROLLMENT}}
    hass_storage["biometric_enroll.roster"] = _stored(minor_version, "roster", roster)
    hass_storage["biometric_enroll.marks"] = _stored(minor_version, "marks", {DEVICE: mark})
    reader.stored[5] = SNAPSHOT["template_id"]  # type: ignore[assignment]
    reader.enrollment = SNAPSHOT
    entry = await add(hass, reader)
    assert [(each["name"], each["enabled"], each["count"]) for each in await listed(hass)] == [
        ("Anna", True, count)
    ]
    assert state(hass, "sensor", "enrollment").state == "completed"
    moments = async_capture_events(hass, EVENT_BIOMETRIC_ENROLL)
    reader.touch("9f2c01ab44d0e1f7", touch="0011223344556677")
    reader.touch("9f2c01ab44d0e1f7")
    await hass.async_block_till_done()
    assert [(moment.data["type"], moment.data["name"]) for moment in moments] == [
        ("identified", "Anna")
    ]
    assert hass_storage["biometric_enroll.marks"]["minor_version"] == 3
    await remove(hass, entry)
    saved = hass_storage["biometric_enroll.roster"]
    assert saved["minor_version"] == 3
    assert list(saved["data"]["removed"]) == [DEVICE]
