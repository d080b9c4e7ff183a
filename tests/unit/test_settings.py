"""The settings of a reader, by its switch and its selects."""

from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.core import Context
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from custom_components.biometric_enroll.const import DOMAIN
from custom_components.biometric_enroll.protocol.words import LedColor, Refusal
from tests.support.home import async_fails
from tests.support.reader_publications import FEATURES

if TYPE_CHECKING:
    from tests.support.home import Home
    from tests.support.reader import FakeReader

SWITCH = ("switch", "identification")

LEVEL = ("select", "security_level")

COLOR = ("select", "led_color")

DIAGNOSTICS = ("signal", "free_memory", "sensor_errors", "started_at")


async def async_turn(home: Home, how: str, context: Context | None = None) -> None:
    """Turn Identification on or off."""
    data = {"entity_id": home.entity_id(*SWITCH)}
    await home.hass.services.async_call(
        "switch", f"turn_{how}", data, blocking=True, context=context
    )


async def async_select(
    home: Home, option: str, select: tuple[str, str] = LEVEL, context: Context | None = None
) -> None:
    """Select an option."""
    data = {"entity_id": home.entity_id(*select), "option": option}
    await home.hass.services.async_call(
        "select", "select_option", data, blocking=True, context=context
    )


@pytest.fixture
async def colorful(new_home: Home, reader: FakeReader) -> Home:
    """Return Home Assistant with a reader whose light has colours."""
    new_home.offer(sorted([*FEATURES, "led_color"]))
    reader.settings = {**reader.settings, "led_color": "blue"}
    await new_home.set_up()
    return new_home


# Setting


async def test_after_a_no_the_reader_is_asked_what_has_become_of_its_settings(
    home: Home, reader: FakeReader
) -> None:
    """Part of it may have been done; and the refusal may be of another reader."""
    reader.refuses["settings"] = Refusal.STALE
    hellos = len(reader.heard_of("hello"))
    with pytest.raises(HomeAssistantError):
        await async_turn(home, "off")
    await reader.hears("hello", hellos + 2)


async def test_identification_is_switched_off_and_on(home: Home, reader: FakeReader) -> None:
    assert home.state(*SWITCH).state == "on"
    await async_turn(home, "off")
    assert reader.settings == {"identification": False, "security_level": 3}
    assert home.state(*SWITCH).state == "off"
    await async_turn(home, "on")
    assert reader.settings == {"identification": True, "security_level": 3}
    assert home.state(*SWITCH).state == "on"
    asked = [request.keys() for request in reader.heard_of("settings")]
    assert asked == [{"v", "request", "command", "nonce", "identification"}] * 2


async def test_who_touched_just_before_a_lock_out_is_not_let_in_after_it(
    home: Home, reader: FakeReader, anna: str
) -> None:
    """The first message of the touch was lost, and it comes again as a part of the backlog."""
    touched_at = reader.uptime_ms
    await async_turn(home, "off")
    touch = reader.touch(anna, at_ms=touched_at)
    await home.settle()
    assert home.state("event", "touch").state == "unknown"
    assert home.state("sensor", "last_identified").state == "unknown"
    late = home.state("event", "late_touch").attributes
    assert (late["event_type"], late["late_name"]) == ("identified", "Anna")
    assert reader.acked == [touch]
    # Unidentified touches are reported as before,
    reader.touch()
    assert home.state("event", "touch").attributes["event_type"] == "not_identified"
    # and after the lock-out all touches are identified again.
    await async_turn(home, "on")
    reader.touch(anna)
    assert home.state("event", "touch").attributes["name"] == "Anna"


async def test_the_security_level_is_one_of_five(home: Home, reader: FakeReader) -> None:
    assert home.state(*LEVEL).state == "3"
    assert home.state(*LEVEL).attributes["options"] == ["1", "2", "3", "4", "5"]
    await async_select(home, "5")
    assert reader.settings == {"identification": True, "security_level": 5}
    assert home.state(*LEVEL).state == "5"
    [request] = reader.heard_of("settings")
    assert request.keys() == {"v", "request", "command", "nonce", "security_level"}


async def test_another_level_is_refused_before_the_reader_is_asked(
    home: Home, reader: FakeReader
) -> None:
    with pytest.raises(ServiceValidationError):
        await async_select(home, "6")
    assert reader.heard_of("settings") == []


async def test_what_is_set_elsewhere_is_shown_with_the_next_hello(
    home: Home, reader: FakeReader
) -> None:
    reader.settings = {"identification": False, "security_level": 1}
    await home.look()
    assert home.state(*SWITCH).state == "off"
    assert home.state(*LEVEL).state == "1"


async def test_a_level_that_the_sensor_has_not_told_is_unknown(
    home: Home, reader: FakeReader
) -> None:
    reader.settings = {**reader.settings, "security_level": None}
    await home.look()
    assert home.state(*LEVEL).state == "unknown"
    assert home.state(*SWITCH).state == "on"


async def test_a_reader_that_sets_something_else_is_believed(
    home: Home, reader: FakeReader
) -> None:
    reader.answers["settings"] = {"identification": True, "security_level": 2}
    await async_select(home, "5")
    assert home.state(*LEVEL).state == "2"


async def test_a_state_that_was_set_names_who_has_set_it(home: Home, reader: FakeReader) -> None:
    by_anna, by_ben = Context(), Context()
    await async_turn(home, "off", by_anna)
    assert home.state(*SWITCH).context is by_anna
    await async_select(home, "4", context=by_ben)
    assert home.state(*LEVEL).context is by_ben
    # Later changes have no user as their cause.
    reader.settings = {"identification": True, "security_level": 1}
    await home.look()
    for entity in (SWITCH, LEVEL):
        assert home.state(*entity).context not in (by_anna, by_ben)


# Refused


@pytest.mark.parametrize("refusal", Refusal)
@pytest.mark.parametrize("entity", [SWITCH, LEVEL], ids=["switch", "select"])
async def test_a_refusal_is_an_error_that_says_why_and_the_state_stays(
    home: Home, reader: FakeReader, refusal: Refusal, entity: tuple[str, str]
) -> None:
    before = home.state(*entity)
    reader.refuses["settings"] = refusal
    with pytest.raises(HomeAssistantError) as error:
        await (async_turn(home, "off") if entity == SWITCH else async_select(home, "5"))
    assert error.value.translation_domain == DOMAIN
    assert error.value.translation_key == f"refused_{refusal}"
    assert error.value.translation_placeholders == {"reader": "Front door"}
    assert home.state(*entity) is before


async def test_while_an_enrollment_is_running_only_a_lock_out_does_not_wait(
    home: Home, reader: FakeReader
) -> None:
    await home.enroll()
    with pytest.raises(ServiceValidationError) as error:
        await async_select(home, "5")
    assert error.value.translation_key == "refused_busy"
    assert home.state(*LEVEL).state == "3"
    await async_turn(home, "off")
    assert home.state(*SWITCH).state == "off"
    # The enrollment goes on.
    reader.capture(3)
    assert home.stage == "completed"


async def test_a_reader_without_power_is_an_error_and_its_settings_are_unavailable(
    home: Home, reader: FakeReader, impatient: None
) -> None:
    reader.silent = True
    assert await async_fails(async_turn(home, "off")) == "reader_unreachable"
    assert reader.heard_of("settings") == []
    for entity in (SWITCH, LEVEL):
        assert home.state(*entity).state == "unavailable"


async def test_what_became_of_a_setting_without_an_answer_hello_tells(
    home: Home, reader: FakeReader, impatient: None
) -> None:
    obey = reader.on_request

    def lose_answer(request: dict[str, Any]) -> None:
        reader.speechless = request.get("command") == "settings"
        obey(request)

    reader.on_request = lose_answer  # type: ignore[method-assign]
    assert await async_fails(async_turn(home, "off")) == "reader_unreachable"
    await home.until(lambda: home.state(*SWITCH).state == "off")


async def test_an_answer_without_sense_is_an_error_and_the_state_stays(
    home: Home, reader: FakeReader
) -> None:
    reader.answers["settings"] = {"identification": "no", "security_level": 9}
    assert await async_fails(async_select(home, "5")) == "reader_unreachable"
    assert home.state(*LEVEL).state == "3"


# When there is nothing to set


async def test_a_reader_that_tells_no_settings_has_none_to_show(
    home: Home, reader: FakeReader
) -> None:
    told = reader.hello

    def hello() -> dict[str, Any]:
        result = told()
        del result["settings"]
        return result

    reader.hello = hello  # type: ignore[method-assign]
    await home.look()
    assert home.available
    for entity in (SWITCH, LEVEL):
        assert home.state(*entity).state == "unavailable"


async def test_a_firmware_without_settings_has_no_such_entities(new_home: Home) -> None:
    new_home.offer(["led"])
    await new_home.set_up()
    for entity in (SWITCH, LEVEL, COLOR):
        assert new_home.find_entity_id(*entity) is None


async def test_a_light_without_colours_has_no_select_for_them(home: Home) -> None:
    assert home.find_entity_id(*COLOR) is None


async def test_a_light_with_colours_can_be_given_one(colorful: Home, reader: FakeReader) -> None:
    assert colorful.state(*COLOR).state == "blue"
    assert colorful.state(*COLOR).attributes["options"] == list(LedColor)
    by_anna = Context()
    await async_select(colorful, "off", COLOR, by_anna)
    assert reader.settings == {"identification": True, "security_level": 3, "led_color": "off"}
    assert colorful.state(*COLOR).state == "off"
    assert colorful.state(*COLOR).context is by_anna
    [request] = reader.heard_of("settings")
    assert request.keys() == {"v", "request", "command", "nonce", "led_color"}
