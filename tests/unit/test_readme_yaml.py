"""All YAML of README.md and docs/ works in Home Assistant as described."""

from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import async_capture_events, async_mock_service

from tests.support.home import async_person
from tests.support.markdown import yaml_blocks
from tests.support.reader_publications import new_id

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant, ServiceCall

    from tests.support.home import Home
    from tests.support.reader import FakeReader

BLOCKS = yaml_blocks()

OPEN = (
    "# Unlock the front door for Anna",
    "# The same by the state of Last identified",
    "# The same by the event bus",
)
"""Automations that open the door for Anna."""
WARN = "# Tell of a finger that is not identified"
ENROLL = "# Enroll Anna's right thumb"
ENROLL_AND_WAIT = "# Enroll Anna's right thumb, and go on when that has ended"
DISABLE, DELETE = "# Disable a fingerprint", "# Delete a fingerprint"
CARD = "# The card of one reader"
"""tests/browser/test_demo.py shows it."""


def test_every_block_of_yaml_is_tried() -> None:
    assert set(BLOCKS) == {*OPEN, WARN, ENROLL, ENROLL_AND_WAIT, DISABLE, DELETE, CARD}


@pytest.fixture(params=OPEN)
async def unlocked(home: Home, anna: str, request: pytest.FixtureRequest) -> list[ServiceCall]:
    """Return how often each of the automations for Anna has opened the front door."""
    calls = async_mock_service(home.hass, "lock", "unlock")
    await _automate(home, request.param)
    return calls


async def _automate(home: Home, title: str) -> None:
    automation = {"alias": title, **BLOCKS[title]}
    assert await async_setup_component(home.hass, "automation", {"automation": [automation]})
    await home.settle()


async def test_a_live_touch_of_anna_opens_the_door_once(
    home: Home, reader: FakeReader, anna: str, unlocked: list[ServiceCall]
) -> None:
    reader.touch(anna)
    await home.settle()

    (call,) = unlocked
    assert call.data["entity_id"] == ["lock.front_door"]


@pytest.mark.usefixtures("anna")
async def test_other_fingers_open_nothing(
    hass: HomeAssistant, reader: FakeReader, unlocked: list[ServiceCall]
) -> None:
    reader.touch(new_id())
    reader.touch()
    await hass.async_block_till_done()

    assert unlocked == []


async def test_a_late_touch_opens_nothing(
    home: Home, reader: FakeReader, anna: str, unlocked: list[ServiceCall]
) -> None:
    reader.touch(anna, age=6)
    await home.settle()

    assert unlocked == []


async def test_only_a_finger_that_is_not_identified_is_told_of(
    home: Home, reader: FakeReader, anna: str
) -> None:
    told = async_mock_service(home.hass, "persistent_notification", "create")
    await _automate(home, WARN)

    reader.touch(anna)
    await home.settle()
    assert told == []
    reader.touch()
    await home.settle()
    assert [call.data["message"] for call in told] == ["A finger was not identified."]


async def _run(hass: HomeAssistant, *sequence: dict[str, Any]) -> None:
    """Begin a script."""
    script = {"run": {"sequence": list(sequence)}}
    assert await async_setup_component(hass, "script", {"script": script})
    await hass.services.async_call("script", "turn_on", {"entity_id": "script.run"})


@pytest.mark.parametrize(("title", "waits"), [(ENROLL, False), (ENROLL_AND_WAIT, True)])
async def test_the_action_enrolls_the_finger_that_it_names(
    hass: HomeAssistant, home: Home, reader: FakeReader, title: str, *, waits: bool
) -> None:
    assert await async_person(hass) == "person.anna"
    went_on = async_capture_events(hass, "went_on")

    await _run(
        hass,
        _with(title, device_id=home.device_id),
        {"event": "went_on", "event_data": {"answer": "{{ enrolled | default }}"}},
    )
    await reader.hears("start")
    reader.capture(2)
    await home.until(
        lambda: (
            home.state("sensor", "enrollment_progress").state == "67"
            and len(went_on) == (0 if waits else 1)
        )
    )
    reader.capture()
    await home.settle()

    (event,) = went_on
    assert (event.data["answer"] or {}).get("outcome") == ("completed" if waits else None)
    (fingerprint,) = await home.fingerprints()
    assert (fingerprint["name"], fingerprint["finger"]) == ("Anna", "right_thumb")


async def test_the_action_disables_the_fingerprint_that_it_names(home: Home, anna: str) -> None:
    await _run(home.hass, _with(DISABLE, template_id=anna))
    await home.settle()

    (fingerprint,) = await home.fingerprints()
    assert not fingerprint["enabled"]


async def test_the_action_deletes_the_fingerprint_that_it_names(home: Home, anna: str) -> None:
    await _run(home.hass, _with(DELETE, template_id=anna))
    await home.settle()

    assert await home.fingerprints() == []


def _with(title: str, **data: Any) -> dict[str, Any]:
    """Return an action for a reader or a template that there is."""
    action: dict[str, Any] = BLOCKS[title]
    return {**action, "data": {**action["data"], **data}}
