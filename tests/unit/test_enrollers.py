"""Users who are chosen to enroll at a reader although they are no administrators."""

from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.auth.const import GROUP_ID_USER
from homeassistant.core import Context
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
    UnknownUser,
)
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.biometric_enroll.const import CONF_ENROLLERS, DOMAIN
from tests.support.home import async_enroll, async_enrolled, device_id, state
from tests.unit.roster_actions import (
    async_back_door,
    async_delete,
    async_get,
    async_person,
    async_update,
)

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from homeassistant.helpers import device_registry as dr
    from pytest_homeassistant_custom_component.typing import WebSocketGenerator

    from tests.support.broker import FakeBroker
    from tests.support.reader import FakeReader


@pytest.fixture
async def tablet(hass: HomeAssistant) -> MockUser:
    """Return a user who is no administrator."""
    group = await hass.auth.async_get_group(GROUP_ID_USER)
    assert group is not None
    return MockUser(name="Tablet", groups=[group]).add_to_hass(hass)


@pytest.fixture
def chosen(hass: HomeAssistant, loaded: MockConfigEntry, tablet: MockUser) -> Context:
    """Return the context of a user who may enroll at the reader."""
    choose(hass, loaded, tablet)
    return Context(user_id=tablet.id)


def choose(hass: HomeAssistant, entry: MockConfigEntry, *users: MockUser) -> None:
    """Let users enroll at a reader, and no others."""
    hass.config_entries.async_update_entry(
        entry, options={CONF_ENROLLERS: [user.id for user in users]}
    )


async def async_cancel(
    hass: HomeAssistant, entry: MockConfigEntry, context: Context, **data: Any
) -> None:
    """Call the action that cancels."""
    await hass.services.async_call(
        DOMAIN,
        "cancel_enrollment",
        {"device_id": device_id(hass, entry), **data},
        blocking=True,
        context=context,
    )


# What they may do


async def test_a_chosen_user_enrolls_and_says_how(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, chosen: Context
) -> None:
    reader.identity["max_scans"] = 7
    person = await async_person(hass)
    wishes = {"person": person, "finger": "right_thumb", "scans": 4, "scan_timeout": 60}
    waiting = hass.async_create_task(async_enroll(hass, loaded, chosen, **wishes, wait=True))
    await reader.hears("start")
    reader.end("cancelled")
    assert (await waiting)["outcome"] == "cancelled"
    [start] = reader.heard_of("start")
    assert {"slot": None, "total": 4, "scan_timeout_s": 60}.items() <= start.items()
    assert state(hass, "sensor", "enrollment").attributes["person"] == person


async def test_a_chosen_user_cancels_whoever_has_started(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, chosen: Context
) -> None:
    await async_enroll(hass, loaded)
    await async_cancel(hass, loaded, chosen)
    assert state(hass, "sensor", "enrollment").state == "cancelled"


async def test_a_chosen_user_is_told_what_else_is_wrong(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, chosen: Context
) -> None:
    with pytest.raises(ServiceValidationError) as nothing_runs:
        await async_cancel(hass, loaded, chosen)
    assert nothing_runs.value.translation_key == "refused_not_running"
    assert await hass.config_entries.async_unload(loaded.entry_id)
    with pytest.raises(HomeAssistantError) as not_loaded:
        await async_enroll(hass, loaded, chosen)
    assert not_loaded.value.translation_key == "service_config_entry_not_loaded"


async def test_over_a_websocket_a_user_enrolls_as_soon_as_chosen(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
    hass_read_only_user: MockUser,
    hass_read_only_access_token: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    client = await hass_ws_client(hass, hass_read_only_access_token)
    call = {
        "type": "call_service",
        "domain": DOMAIN,
        "service": "enroll_fingerprint",
        "service_data": {"device_id": device_id(hass, loaded), "name": "Anna"},
        "return_response": True,
    }
    await client.send_json_auto_id(call)
    refused = await client.receive_json()
    assert refused["error"] == {"code": "home_assistant_error", "message": "Unauthorized"}
    # Home Assistant logs each refused call of anybody's as an error.
    caplog.clear()
    choose(hass, loaded, hass_read_only_user)
    await client.send_json_auto_id(call)
    accepted = await client.receive_json()
    assert accepted["result"]["response"]["slot"] == 5
    assert state(hass, "sensor", "enrollment").attributes["name"] == "Anna"


# What they may not do


async def test_it_holds_only_for_the_reader_whose_option_says_so(
    hass: HomeAssistant,
    broker: FakeBroker,
    reader: FakeReader,
    loaded: MockConfigEntry,
    chosen: Context,
) -> None:
    other, back_door = await async_back_door(hass, broker)
    with pytest.raises(Unauthorized):
        await async_enroll(hass, back_door, chosen)
    await async_enroll(hass, back_door)
    with pytest.raises(Unauthorized):
        await async_cancel(hass, back_door, chosen)
    assert other.enrollment["stage"] == "place_finger"
    await async_enroll(hass, loaded, chosen)


async def test_it_holds_no_longer_than_the_option_says_so(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, chosen: Context
) -> None:
    await async_enroll(hass, loaded, chosen)
    choose(hass, loaded)
    with pytest.raises(Unauthorized):
        await async_cancel(hass, loaded, chosen)


async def test_it_does_not_hold_for_a_user_who_was_deactivated(
    hass: HomeAssistant,
    reader: FakeReader,
    loaded: MockConfigEntry,
    chosen: Context,
    tablet: MockUser,
) -> None:
    """Home Assistant leaves them the connection that they have open."""
    await hass.auth.async_deactivate_user(tablet)
    with pytest.raises(Unauthorized):
        await async_enroll(hass, loaded, chosen)
    assert reader.heard_of("start") == []


@pytest.mark.parametrize("slot", [2, 9])
async def test_a_slot_is_not_for_a_chosen_user_to_choose(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, chosen: Context, slot: int
) -> None:
    """The refusal would tell which slots are taken, which only administrators are shown."""
    with pytest.raises(Unauthorized):
        await async_enroll(hass, loaded, chosen, slot=slot)
    assert reader.heard_of("start") == []


async def test_a_person_that_is_hidden_from_a_chosen_user_is_not_shown_by_enrolling(
    hass: HomeAssistant,
    reader: FakeReader,
    loaded: MockConfigEntry,
    chosen: Context,
    tablet: MockUser,
) -> None:
    person = await async_person(hass)
    tablet.mock_policy({"entities": {"domains": {"sensor": True}}})
    for hidden in (person, "person.nobody"):
        with pytest.raises(Unauthorized):
            await async_enroll(hass, loaded, chosen, person=hidden)
    assert reader.heard_of("start") == []


async def test_a_chosen_user_changes_and_deletes_nothing(
    hass: HomeAssistant, reader: FakeReader, loaded: MockConfigEntry, chosen: Context
) -> None:
    template_id = await async_enrolled(hass, loaded, reader)
    unnamed = {"device_id": device_id(hass, loaded), "slot": 1}
    for which in ({"template_id": template_id}, unnamed):
        with pytest.raises(Unauthorized):
            await async_update(hass, chosen, **which, name="Eve")
        with pytest.raises(Unauthorized):
            await async_delete(hass, chosen, **which)


async def test_who_may_not_enroll_learns_nothing_else(
    hass: HomeAssistant,
    reader: FakeReader,
    loaded: MockConfigEntry,
    tablet: MockUser,
    device_registry: dr.DeviceRegistry,
) -> None:
    """The answer is the same for each device, there or not, loaded or not, ours or not."""
    entry = MockConfigEntry(domain="light")
    entry.add_to_hass(hass)
    stranger = device_registry.async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={("light", "1")}
    )
    context = Context(user_id=tablet.id)
    answers = set()
    for named in (device_id(hass, loaded), stranger.id, "no such device"):
        for call in (async_enroll, async_cancel):
            with pytest.raises(Unauthorized) as error:
                await call(hass, loaded, context=context, device_id=named)
            answers.add((type(error.value), str(error.value)))
    assert await hass.config_entries.async_unload(loaded.entry_id)
    with pytest.raises(Unauthorized) as error:
        await async_enroll(hass, loaded, context, name="")
    assert answers == {(type(error.value), str(error.value))}


@pytest.mark.parametrize("call", [async_enroll, async_cancel])
async def test_a_user_that_is_gone_is_unknown(
    hass: HomeAssistant, loaded: MockConfigEntry, call: Any
) -> None:
    """Also one that was chosen."""
    hass.config_entries.async_update_entry(loaded, options={CONF_ENROLLERS: ["gone"]})
    with pytest.raises(UnknownUser):
        await call(hass, loaded, context=Context(user_id="gone"))


# Who is told that they may


async def test_a_caller_learns_whether_they_may_enroll_at_the_reader_asked_for(
    hass: HomeAssistant,
    broker: FakeBroker,
    loaded: MockConfigEntry,
    chosen: Context,
    hass_admin_user: MockUser,
    hass_read_only_user: MockUser,
) -> None:
    _, back_door = await async_back_door(hass, broker)
    everybody = {
        "admin": Context(user_id=hass_admin_user.id),
        "automation": Context(),
        "chosen": chosen,
        "reader": Context(user_id=hass_read_only_user.id),
    }

    async def who_may(entry: MockConfigEntry) -> set[str]:
        asked = {"device_id": device_id(hass, entry)}
        answers = {
            who: await async_get(hass, context, **asked) for who, context in everybody.items()
        }
        return {who for who, answer in answers.items() if answer["may_enroll"]}

    assert await who_may(loaded) == {"admin", "automation", "chosen"}
    assert await who_may(back_door) == {"admin", "automation"}
    assert "may_enroll" not in await async_get(hass, chosen)
