"""Reconfiguring: a reader with another id, or another reader, for the same device and entry."""

from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState

from custom_components.biometric_enroll.const import (
    CONF_DEVICE,
    CONF_FEATURES,
    CONF_MIN_CONFIDENCE,
    CONF_READER_ID,
)
from tests.support.home import OTHER_DEVICE, AnyHome, Home, reader_entry
from tests.support.reader import DEVICE, READER_ID, FakeReader
from tests.support.reader_publications import FEATURES
from tests.unit.config_forms import (
    NEW_ID,
    elsewhere,
    enter,
    moved,
    offers,
    reconfigure,
    registered,
    suggestion,
)

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

    from tests.support.broker import FakeBroker

# The form

pytestmark = pytest.mark.usefixtures("listening_is_short")


async def test_the_form_says_which_reader_it_is_about_and_what_its_id_was(
    home: Home, broker: FakeBroker
) -> None:
    FakeReader(broker, NEW_ID, OTHER_DEVICE).announce()
    form = await reconfigure(home)
    assert (form["step_id"], form["errors"]) == ("reconfigure", {})
    assert form["description_placeholders"] == {"reader": "Front door"}
    assert suggestion(form) == READER_ID
    assert offers(form) == [NEW_ID]


@pytest.mark.parametrize("reader_id", ["", "Front", "a/b", "+", "a" * 65])
async def test_an_invalid_reader_id_is_an_error_in_the_form(
    home: Home, reader: FakeReader, reader_id: str
) -> None:
    heard, data = list(reader.heard), dict(home.entry.data)
    form = await enter(home.hass, await reconfigure(home), reader_id)
    assert form["errors"] == {CONF_READER_ID: "invalid_reader_id"}
    assert (reader.heard, dict(home.entry.data)) == (heard, data)
    result = await enter(home.hass, form, READER_ID)
    assert result["reason"] == "reconfigure_successful"


async def test_an_id_without_an_answering_reader_is_an_error_and_can_be_corrected(
    home: Home, impatient: None
) -> None:
    data = dict(home.entry.data)
    form = await enter(home.hass, await reconfigure(home), NEW_ID)
    assert form["errors"] == {"base": "cannot_connect"}
    assert suggestion(form) == NEW_ID
    assert dict(home.entry.data) == data
    assert home.entry.state is ConfigEntryState.LOADED


async def test_without_mqtt_nothing_can_be_reconfigured(hass: HomeAssistant) -> None:
    home = AnyHome(hass, reader_entry())
    home.entry.add_to_hass(hass)
    assert (await reconfigure(home))["reason"] == "mqtt_unavailable"


async def test_a_broker_that_goes_while_the_form_is_open_ends_it(
    home: Home, broker: FakeBroker
) -> None:
    form = await reconfigure(home)
    broker.set_connected(False)
    assert (await enter(home.hass, form, NEW_ID))["reason"] == "mqtt_unavailable"


# The same reader under another id


async def test_a_reader_with_another_id_is_asked_there_and_stays_the_same(
    home: Home, reader: FakeReader, broker: FakeBroker
) -> None:
    anna = await home.enrolled()
    reader.touch(anna)
    await home.settle()
    home.set_options({CONF_MIN_CONFIDENCE: 60})
    [before], known = await home.fingerprints(), registered(home)
    device = home.device_id
    now = elsewhere(reader, broker)
    assert (await moved(home))["reason"] == "reconfigure_successful"
    assert home.entry.data == {CONF_READER_ID: NEW_ID, CONF_DEVICE: DEVICE, CONF_FEATURES: FEATURES}
    assert (home.entry.unique_id, home.entry.title) == (DEVICE, "Front door")
    assert home.entry.options == {CONF_MIN_CONFIDENCE: 60}
    assert (registered(home), home.device_id) == (known, device)
    assert await home.fingerprints() == [before]
    await home.until(lambda: home.available)
    now.touch(anna)
    assert home.state("event", "touch").attributes["name"] == "Anna"


async def test_what_comes_under_the_former_id_is_not_heard_any_more(
    home: Home, reader: FakeReader, broker: FakeBroker
) -> None:
    anna = await home.enrolled()
    elsewhere(reader, broker)
    await moved(home)
    await home.until(lambda: home.available)
    for topic in ("status", "templates", "enroll/response", "fingerprint", "command/response"):
        await broker.until_subscribed(f"biometric/{READER_ID}/{topic}", subscribed=False)
        await broker.until_subscribed(f"biometric/{NEW_ID}/{topic}")
    reader.silent = False
    reader.touch(anna)
    assert home.state("event", "touch").state == "unknown"
    assert home.state("event", "late_touch").state == "unknown"


async def test_an_enrollment_that_runs_as_the_id_changes_ends_as_the_reader_says(
    home: Home, reader: FakeReader, broker: FakeBroker
) -> None:
    """The reader has restarted to change its id, so the enrollment is over."""
    await home.enroll()
    now = elsewhere(reader, broker)
    now.enrollment = {
        **reader.enrollment,
        "seq": 9,
        "stage": "failed",
        "reason": "reader_restarted",
        "timeout_ms": None,
    }
    now.announce()
    assert (await moved(home))["reason"] == "reconfigure_successful"
    await home.until_stage("failed")
    assert home.state("sensor", "enrollment").attributes["reason"] == "reader_restarted"
    assert await home.fingerprints() == []


@pytest.mark.parametrize("disabled", [False, True])
async def test_an_entry_that_is_not_loaded_is_changed_and_stays_so(
    hass: HomeAssistant, new_home: Home, broker: FakeBroker, disabled: bool
) -> None:
    if disabled:
        await hass.config_entries.async_set_disabled_by(
            new_home.entry.entry_id, ConfigEntryDisabler.USER
        )
    now = FakeReader(broker, NEW_ID)
    # Opening the form may set up the integration, but must not load this entry.
    with patch.object(type(hass.config_entries), "async_setup") as setup:
        assert (await moved(new_home))["reason"] == "reconfigure_successful"
        assert not setup.called
    assert new_home.entry.data[CONF_READER_ID] == NEW_ID
    assert new_home.entry.state is not ConfigEntryState.LOADED
    if not disabled:
        now.announce()
        assert await new_home.start()
        await new_home.until(lambda: new_home.available)


async def test_an_entry_that_cannot_be_unloaded_is_left_as_it_is(
    home: Home, reader: FakeReader, broker: FakeBroker
) -> None:
    data = dict(home.entry.data)
    elsewhere(reader, broker, OTHER_DEVICE)
    with patch.object(home.hass.config_entries, "async_unload", return_value=False):
        assert (await moved(home))["reason"] == "not_unloaded"
    assert (dict(home.entry.data), home.entry.unique_id) == (data, DEVICE)
