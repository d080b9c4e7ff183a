"""A reader of the first generation is added by its id, knowing what it cannot do."""

import json
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.data_entry_flow import FlowResultType

from custom_components.biometric_enroll import discovery as probe
from custom_components.biometric_enroll.const import (
    CONF_DEVICE,
    CONF_DIALECT,
    CONF_READER_ID,
    DIALECT_FIRST_GENERATION,
    DOMAIN,
)
from tests.support.first_generation.reader import READER_ID
from tests.support.first_generation.sketch import Sketch
from tests.support.reader import DEVICE, FakeReader
from tests.unit.dialog import Dialog

if TYPE_CHECKING:
    from collections.abc import Generator

    from homeassistant.config_entries import ConfigFlowResult
    from homeassistant.core import HomeAssistant

    from tests.support.broker import FakeBroker
    from tests.support.first_generation.home import FakeFirstGenerationReader, FirstGenerationHome


@pytest.fixture(autouse=True)
def listening_is_short() -> Generator[None]:
    """Listen no longer than the fake broker needs to replay."""
    with patch.object(probe, "LISTEN_SUBSCRIBED", 0.02):
        yield


async def _enter(hass: HomeAssistant, reader_id: str = READER_ID) -> ConfigFlowResult:
    """Open the form and enter a reader id."""
    form = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    return await hass.config_entries.flow.async_configure(
        form["flow_id"], {CONF_READER_ID: reader_id}
    )


async def _confirm(hass: HomeAssistant, result: ConfigFlowResult) -> ConfigFlowResult:
    return await hass.config_entries.flow.async_configure(result["flow_id"], {})


async def _unload(hass: HomeAssistant) -> None:
    for entry in hass.config_entries.async_entries(DOMAIN):
        if entry.state is ConfigEntryState.LOADED:
            assert await hass.config_entries.async_unload(entry.entry_id)


async def test_it_is_set_up_by_its_id_after_a_note_on_its_limitations(
    hass: HomeAssistant, first_gen: FakeFirstGenerationReader
) -> None:
    result = await _enter(hass)
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "first_generation")
    assert result["description_placeholders"] == {"reader_id": READER_ID}
    assert first_gen.heard_of("command", command="sensor_info")
    assert hass.config_entries.async_entries(DOMAIN) == []
    result = await _confirm(hass, result)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Esp32"
    assert result["data"] == {
        CONF_READER_ID: READER_ID,
        CONF_DEVICE: READER_ID,
        CONF_DIALECT: DIALECT_FIRST_GENERATION,
    }
    await hass.async_block_till_done()
    assert result["result"].state is ConfigEntryState.LOADED
    await _unload(hass)


async def test_it_is_never_discovered(
    hass: HomeAssistant, first_gen: FakeFirstGenerationReader
) -> None:
    """Its status changes every time, and would start a flow every time."""
    first_gen.connect()
    first_gen.say_status()
    first_gen.ask("command", command="sensor_info")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert hass.config_entries.flow.async_progress() == []


async def test_it_is_not_offered_in_the_form(
    hass: HomeAssistant, first_gen: FakeFirstGenerationReader
) -> None:
    first_gen.publish("status", {"status": "online", "timestamp": 0}, retain=True)
    form = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert form["data_schema"] is not None
    (field,) = form["data_schema"].schema.values()
    assert field.config["options"] == []


async def test_a_silent_one_is_not_set_up(
    hass: HomeAssistant, first_gen: FakeFirstGenerationReader, impatient: None
) -> None:
    first_gen.silent = True
    assert (await _enter(hass))["errors"] == {"base": "cannot_connect"}


@pytest.mark.parametrize(
    "message",
    [
        {"status": "online", "timestamp": 0},
        {"command": "clear_all", "status": "success"},
        {"v": 1, "online": True, "capacity": 127, "stored": 3},
        {"state": "on"},
    ],
)
async def test_something_else_under_its_topic_is_no_reader(
    hass: HomeAssistant,
    first_gen: FakeFirstGenerationReader,
    impatient: None,
    message: dict[str, Any],
) -> None:
    first_gen.silent = True
    first_gen._broker.listen(lambda *_: first_gen.publish("status", message))
    assert (await _enter(hass))["errors"] == {"base": "cannot_connect"}


async def test_a_retained_answer_is_ignored(
    hass: HomeAssistant, first_gen: FakeFirstGenerationReader, impatient: None
) -> None:
    first_gen.silent = True
    first_gen.publish(
        "status", {"command": "sensor_info", "capacity": 127, "stored": 3}, retain=True
    )
    assert (await _enter(hass))["errors"] == {"base": "cannot_connect"}


async def test_one_that_is_set_up_already_is_not_set_up_again(home: FirstGenerationHome) -> None:
    assert (await _enter(home.hass))["reason"] == "already_configured"


async def test_a_reader_of_version_1_ignores_the_first_generation_request(
    hass: HomeAssistant, broker: FakeBroker
) -> None:
    """It is set up at once, with protocol version 1."""
    reader = FakeReader(broker, "back_door")
    result = await _enter(hass, "back_door")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert CONF_DIALECT not in result["data"]
    assert {request.get("command") for request in reader.heard} == {"hello"}
    await hass.async_block_till_done()
    await _unload(hass)


async def test_a_first_generation_reader_ignores_hello(
    first_gen: FakeFirstGenerationReader,
) -> None:
    said = len(first_gen.said)
    first_gen.ask("command", v=1, request="61d0f3a29c5b7e84", command="hello")
    assert len(first_gen.said) == said


# Options


async def test_whether_its_touches_are_trusted_is_an_option(
    home: FirstGenerationHome, hass: HomeAssistant
) -> None:
    dialog = await Dialog.open(hass, home.entry, "first_generation")
    await dialog.submit(trust_touches=True)
    assert dialog.step["type"] is FlowResultType.CREATE_ENTRY
    assert home.entry.options == {"trust_touches": True, "enrollers": []}
    # The form shows what holds now.
    dialog = await Dialog.open(hass, home.entry, "first_generation")
    assert dialog.suggested == {"trust_touches": True, "enrollers": []}


async def test_a_new_option_holds_at_once_without_a_reload(
    home: FirstGenerationHome, first_gen: FakeFirstGenerationReader, hass: HomeAssistant
) -> None:
    await home.enrolled()
    await first_gen.hears("detect/request")
    home.reader_events.clear()
    dialog = await Dialog.open(hass, home.entry, "first_generation")
    await dialog.submit(trust_touches=True)
    first_gen.scan("anna")
    assert [touch["name"] for touch in home.touches()] == ["Anna"]


@pytest.mark.parametrize("sketch", [Sketch.LATER])
async def test_nothing_personal_is_in_the_diagnostics(home: FirstGenerationHome) -> None:
    from custom_components.biometric_enroll.diagnostics import async_get_config_entry_diagnostics  # noqa: PLC0415

    answer = await home.enrolled()
    text = json.dumps(await async_get_config_entry_diagnostics(home.hass, home.entry), default=str)
    assert "Anna" not in text
    assert answer["template_id"] not in text
    assert DEVICE not in text
