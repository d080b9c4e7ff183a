"""Setup, unloading and reloading while something else is under way."""

import asyncio
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from homeassistant.components import mqtt
from homeassistant.config_entries import ConfigEntryState
from homeassistant.exceptions import HomeAssistantError

from tests.support.reader_publications import new_id

if TYPE_CHECKING:
    from typing import Any

    from tests.support.home import Home
    from tests.support.reader import FakeReader

_AT_ONCE = 2.0
"""Seconds; shorter than any timeout of the integration."""


# The setup


@pytest.mark.parametrize("subscriptions", range(5))
async def test_mqtt_that_goes_away_in_the_middle_of_the_setup_leaves_nothing_behind(
    new_home: Home, reader: FakeReader, subscriptions: int
) -> None:
    subscribe, done = mqtt.async_subscribe, 0

    async def fails(*args: Any, **kwargs: Any) -> Any:
        nonlocal done
        if done == subscriptions:
            raise HomeAssistantError("MQTT is not set up")
        done += 1
        return await subscribe(*args, **kwargs)

    with patch("homeassistant.components.mqtt.async_subscribe", fails):
        assert not await new_home.start()
    assert new_home.entry.state is ConfigEntryState.SETUP_RETRY
    assert new_home.entry.error_reason_translation_key == "broker_unavailable"
    # When the reader announces itself, Home Assistant retries at once.
    reader.announce()
    await new_home.until(
        lambda: new_home.entry.state is ConfigEntryState.LOADED and new_home.available
    )


# The end of an entry


@pytest.mark.parametrize("request_", ["hello", "start"])
async def test_unloading_during_a_start_does_not_wait(
    home: Home, reader: FakeReader, request_: str
) -> None:
    """Later answers of the reader are not received any more."""
    heard = len(reader.heard_of(request_))
    reader.holds.add(request_)
    calling = asyncio.create_task(home.enroll())
    await reader.hears(request_, heard + 1)
    async with asyncio.timeout(_AT_ONCE):
        assert await home.unload()
        with pytest.raises(HomeAssistantError) as error:
            await calling
    assert error.value.translation_key == "reader_unreachable"


async def test_what_starts_although_its_entry_was_reloaded_meanwhile_is_cancelled(
    home: Home, reader: FakeReader
) -> None:
    """The caller has got an error."""
    reader.holds.add("start")
    calling = asyncio.create_task(home.enroll())
    await reader.hears("start")
    assert await home.hass.config_entries.async_reload(home.entry.entry_id)
    with pytest.raises(HomeAssistantError):
        await calling
    await home.until(lambda: home.available)
    reader.holds.clear()
    reader.on_request({**reader.held[0], "nonce": reader.hello()["nonce"]})
    await home.until_stage("cancelled")


@pytest.mark.parametrize("button", ["cancel_enrollment", "identify", "restart"])
async def test_unloading_while_a_button_is_pressed_does_not_wait(
    home: Home, reader: FakeReader, button: str
) -> None:
    name = button.removesuffix("_enrollment")
    await home.enroll()
    reader.holds.add(name)
    target = {"entity_id": home.entity_id("button", button)}
    pressing = asyncio.create_task(
        home.hass.services.async_call("button", "press", target, blocking=True)
    )
    await reader.hears(name)
    async with asyncio.timeout(_AT_ONCE):
        assert await home.unload()
        with pytest.raises(HomeAssistantError):
            await pressing


async def test_a_cancel_that_is_answered_during_unloading_causes_no_event_there(
    home: Home, reader: FakeReader
) -> None:
    """The entities are gone; the next run reports it, once."""
    await home.enroll()
    told: list[str] = []
    home.hass.bus.async_listen(
        "biometric_enroll_event", lambda event: told.append(event.data["type"])
    )
    reader.holds.add("cancel")
    enroller = home.entry.runtime_data.client.enroller
    cancelling = asyncio.create_task(enroller.async_cancel())
    await reader.hears("cancel")
    reader.enrollment = {
        **reader.enrollment, "stage": "cancelled", "timeout_ms": None, "seq": 9
    }  # fmt: skip
    reader.answer(reader.held[0]["request"], {"enrollment": reader.enrollment})
    home.entry.runtime_data.unsubscribe()
    await cancelling
    assert told == []
    assert await home.hass.config_entries.async_reload(home.entry.entry_id)
    await home.until_stage("cancelled")
    await home.settle()
    assert told == ["cancelled"]


async def test_after_an_update_was_asked_for_an_unloaded_entry_leaves_no_timer(home: Home) -> None:
    await home.enroll()
    await home.entry.runtime_data.async_request_refresh()
    assert await home.unload()
    ours = [
        timer
        for timer in home.hass.loop._scheduled  # type: ignore[attr-defined]
        if not timer.cancelled() and "biometric_enroll" in repr(timer)
    ]
    assert ours == []


# Cancelled callers


async def test_a_refusal_that_its_caller_does_not_hear_any_more_is_no_error(
    home: Home, reader: FakeReader
) -> None:
    """A script that was stopped has not failed (see `no_error_is_logged`)."""
    reader.holds.add("start")
    calling = asyncio.create_task(home.enroll())
    await reader.hears("start")
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    reader.refuse(reader.held[0]["request"], "sensor_full")
    await home.settle()


# The touches of a person who was just enrolled


async def test_a_touch_right_behind_the_end_of_an_enrollment_is_known_by_name(
    home: Home, reader: FakeReader
) -> None:
    """Both arrive together after a stall, so nothing else runs in between."""
    response = await home.enroll()
    reader.capture(3)
    reader.touch(response["template_id"])
    await home.settle()
    assert home.state("sensor", "last_identified").state == "Anna"


# Two readers


async def test_a_reader_does_not_know_who_is_enrolled_on_another(home: Home) -> None:
    template_id = await home.enrolled()
    registry = home.entry.runtime_data.registry
    assert registry.find(home.entry.runtime_data.device, template_id) is not None
    assert registry.find("0242ac110002", template_id) is None
    assert registry.find(home.entry.runtime_data.device, new_id()) is None
