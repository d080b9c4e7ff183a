"""Users who may enroll at a reader by its option, although they are not administrators."""

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
from tests.support.home import Home, async_back_door, async_person

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
def chosen(home: Home, tablet: MockUser) -> Context:
    """Return the context of a user who may enroll at the reader."""
    choose(home, tablet)
    return Context(user_id=tablet.id)


def choose(home: Home, *users: MockUser) -> None:
    """Let users enroll at a reader, and no others."""
    home.set_options({CONF_ENROLLERS: [user.id for user in users]})


# What they may do


async def test_a_chosen_user_enrolls_and_says_how(
    home: Home, reader: FakeReader, chosen: Context
) -> None:
    reader.identity["max_scans"] = 7
    person = await async_person(home.hass)
    wishes = {"person": person, "finger": "right_thumb", "scans": 4, "scan_timeout": 60}
    waiting = home.hass.async_create_task(home.enroll(chosen, **wishes, wait=True))
    await reader.hears("start")
    reader.end("cancelled")
    assert (await waiting)["outcome"] == "cancelled"
    [start] = reader.heard_of("start")
    assert {"slot": None, "total": 4, "scan_timeout_s": 60}.items() <= start.items()
    assert home.state("sensor", "enrollment").attributes["person"] == person


async def test_a_chosen_user_cancels_whoever_has_started(home: Home, chosen: Context) -> None:
    await home.enroll()
    await home.cancel(chosen)
    assert home.stage == "cancelled"


async def test_a_chosen_user_is_told_what_else_is_wrong(home: Home, chosen: Context) -> None:
    with pytest.raises(ServiceValidationError) as nothing_runs:
        await home.cancel(chosen)
    assert nothing_runs.value.translation_key == "refused_not_running"
    assert await home.unload()
    with pytest.raises(HomeAssistantError) as not_loaded:
        await home.enroll(chosen)
    assert not_loaded.value.translation_key == "service_config_entry_not_loaded"


async def test_over_a_websocket_a_user_enrolls_as_soon_as_chosen(
    home: Home,
    hass_ws_client: WebSocketGenerator,
    hass_read_only_user: MockUser,
    hass_read_only_access_token: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    client = await hass_ws_client(home.hass, hass_read_only_access_token)
    call = {
        "type": "call_service",
        "domain": DOMAIN,
        "service": "enroll_fingerprint",
        "service_data": {"device_id": home.device_id, "name": "Anna"},
        "return_response": True,
    }
    await client.send_json_auto_id(call)
    refused = await client.receive_json()
    assert refused["error"] == {"code": "home_assistant_error", "message": "Unauthorized"}
    # Home Assistant logs each refused call of anybody's as an error.
    caplog.clear()
    choose(home, hass_read_only_user)
    await client.send_json_auto_id(call)
    accepted = await client.receive_json()
    assert accepted["result"]["response"]["slot"] == 5
    assert home.state("sensor", "enrollment").attributes["name"] == "Anna"


# What they may not do


async def test_it_holds_only_for_the_reader_whose_option_says_so(
    hass: HomeAssistant, home: Home, broker: FakeBroker, chosen: Context
) -> None:
    back_door = await async_back_door(hass, broker)
    with pytest.raises(Unauthorized):
        await back_door.enroll(chosen)
    await back_door.enroll()
    with pytest.raises(Unauthorized):
        await back_door.cancel(chosen)
    assert back_door.reader.enrollment["stage"] == "place_finger"
    await home.enroll(chosen)


async def test_it_holds_no_longer_than_the_option_says_so(home: Home, chosen: Context) -> None:
    await home.enroll(chosen)
    choose(home)
    with pytest.raises(Unauthorized):
        await home.cancel(chosen)


async def test_it_does_not_hold_for_a_user_who_was_deactivated(
    home: Home, reader: FakeReader, chosen: Context, tablet: MockUser
) -> None:
    """Home Assistant does not close their open connection."""
    await home.hass.auth.async_deactivate_user(tablet)
    with pytest.raises(Unauthorized):
        await home.enroll(chosen)
    assert reader.heard_of("start") == []


@pytest.mark.parametrize("slot", [2, 9])
async def test_a_slot_is_not_for_a_chosen_user_to_choose(
    home: Home, reader: FakeReader, chosen: Context, slot: int
) -> None:
    """A refusal would reveal which slots are taken, which only administrators may see."""
    with pytest.raises(Unauthorized):
        await home.enroll(chosen, slot=slot)
    assert reader.heard_of("start") == []


async def test_a_person_that_is_hidden_from_a_chosen_user_is_not_shown_by_enrolling(
    home: Home, reader: FakeReader, chosen: Context, tablet: MockUser
) -> None:
    person = await async_person(home.hass)
    tablet.mock_policy({"entities": {"domains": {"sensor": True}}})
    for hidden in (person, "person.nobody"):
        with pytest.raises(Unauthorized):
            await home.enroll(chosen, person=hidden)
    assert reader.heard_of("start") == []


async def test_a_chosen_user_changes_and_deletes_nothing(
    home: Home, reader: FakeReader, anna: str, chosen: Context
) -> None:
    await _assert_changes_and_deletes_nothing(home, anna, chosen)


async def test_who_is_no_administrator_changes_nothing(
    home: Home, reader: FakeReader, anna: str, hass_read_only_user: MockUser
) -> None:
    user = Context(user_id=hass_read_only_user.id)
    for call in (home.enroll, home.cancel):
        with pytest.raises(Unauthorized):
            await call(user)
    assert len(reader.heard_of("start")) == 1
    await _assert_changes_and_deletes_nothing(home, anna, user)


async def _assert_changes_and_deletes_nothing(home: Home, anna: str, user: Context) -> None:
    before = await home.listed()
    for which in ({"template_id": anna}, {"device_id": home.device_id, "slot": 1}):
        with pytest.raises(Unauthorized):
            await home.update(user, **which, name="Eve")
        for force in (False, True):
            with pytest.raises(Unauthorized):
                await home.delete(user, **which, force=force)
    assert await home.listed() == before
    assert home.reader.heard_of("adopt") + home.reader.heard_of("delete") == []


async def test_who_may_not_enroll_learns_nothing_else(
    home: Home, tablet: MockUser, device_registry: dr.DeviceRegistry
) -> None:
    """The answer is the same for each device, there or not, loaded or not, ours or not."""
    entry = MockConfigEntry(domain="light")
    entry.add_to_hass(home.hass)
    stranger = device_registry.async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={("light", "1")}
    )
    context = Context(user_id=tablet.id)
    answers = set()
    for named in (home.device_id, stranger.id, "no such device"):
        for call in (home.enroll, home.cancel):
            with pytest.raises(Unauthorized) as error:
                await call(context, device_id=named)
            answers.add((type(error.value), str(error.value)))
    assert await home.unload()
    with pytest.raises(Unauthorized) as error:
        await home.enroll(context, name="")
    assert answers == {(type(error.value), str(error.value))}


@pytest.mark.parametrize("call", [Home.enroll, Home.cancel])
async def test_a_user_that_is_gone_is_unknown(home: Home, call: Any) -> None:
    """Also one that was chosen."""
    home.set_options({CONF_ENROLLERS: ["gone"]})
    with pytest.raises(UnknownUser):
        await call(home, Context(user_id="gone"))


# Who may see that they are allowed


async def test_a_caller_learns_whether_they_may_enroll_at_the_reader_asked_for(
    home: Home,
    broker: FakeBroker,
    chosen: Context,
    hass_admin_user: MockUser,
    hass_read_only_user: MockUser,
) -> None:
    back_door = await async_back_door(home.hass, broker)
    everybody = {
        "admin": Context(user_id=hass_admin_user.id),
        "automation": Context(),
        "chosen": chosen,
        "reader": Context(user_id=hass_read_only_user.id),
    }

    async def who_may(which: Home) -> set[str]:
        asked = {"device_id": which.device_id}
        answers = {who: await home.listed(context, **asked) for who, context in everybody.items()}
        return {who for who, answer in answers.items() if answer["may_enroll"]}

    assert await who_may(home) == {"admin", "automation", "chosen"}
    assert await who_may(back_door) == {"admin", "automation"}
    assert "may_enroll" not in await home.listed(chosen)
