"""What each form of a repair issue fixes, and that it changes nothing else."""

from typing import Any
from unittest.mock import patch

import pytest
from homeassistant.helpers import entity_registry as er

from custom_components.biometric_enroll.const import DOMAIN
from custom_components.biometric_enroll.issues import (
    ISSUE_FINGERPRINTS_MISSING,
    ISSUE_FIRMWARE_TOO_OLD,
    ISSUE_SENSOR_CHANGED,
    ISSUE_SENSOR_FULL,
)
from tests.support.reader import DEVICE
from tests.support.reader_publications import FEATURES, new_id
from tests.unit.repairs.home import ANNAS_SLOT, BENS_SLOT, RepairsHome, options

# Fingerprints whose template is gone


async def test_exactly_the_names_whose_template_is_gone_are_forgotten(home: RepairsHome) -> None:
    ben = await home.enrolled(name="Ben", slot=BENS_SLOT)
    await home.trouble(ISSUE_FINGERPRINTS_MISSING)
    home.reader.touch(ben)
    assert await home.names() == ["Anna", "Ben"]
    heard = len(home.reader.heard)
    result = await home.fix(ISSUE_FINGERPRINTS_MISSING)
    assert result["type"] == "create_entry"
    [fingerprint] = await home.fingerprints()
    assert (fingerprint["name"], fingerprint["count"]) == ("Ben", 1)
    assert home.raised() == set()
    # The reader got no requests except for what a touch needs.
    assert {request["command"] for request in home.reader.heard[heard:]} <= {"ack"}
    assert home.reader.stored[BENS_SLOT] == ben


async def test_a_template_that_comes_back_takes_its_name_off_the_list(home: RepairsHome) -> None:
    ben = await home.enrolled(name="Ben", slot=BENS_SLOT)
    home.reader.lose(BENS_SLOT)
    await home.trouble(ISSUE_FINGERPRINTS_MISSING)
    form = await home.open(ISSUE_FINGERPRINTS_MISSING)
    assert form["description_placeholders"]["names"] == "- Anna (5)\n- Ben (7)"
    home.reader.hold(BENS_SLOT, ben)
    await home.settled()
    assert (await home.submit(form))["type"] == "create_entry"
    assert await home.names() == ["Ben"]


async def test_all_templates_that_come_back_while_the_form_is_open_keep_their_names(
    home: RepairsHome,
) -> None:
    await home.trouble(ISSUE_FINGERPRINTS_MISSING)
    form = await home.open(ISSUE_FINGERPRINTS_MISSING)
    await home.solve(ISSUE_FINGERPRINTS_MISSING)
    assert (await home.submit(form))["type"] == "create_entry"
    assert await home.names() == ["Anna"]
    home.reader.touch(home.anna)
    assert home.state("event", "touch").attributes["name"] == "Anna"


async def test_a_name_that_the_form_did_not_list_is_not_forgotten(home: RepairsHome) -> None:
    await home.enrolled(name="Ben", slot=BENS_SLOT)
    await home.trouble(ISSUE_FINGERPRINTS_MISSING)
    form = await home.open(ISSUE_FINGERPRINTS_MISSING)
    home.reader.lose(BENS_SLOT)
    await home.settled()
    form = await home.submit(form)
    assert (form["type"], form["errors"]) == ("form", {"base": "more_gone"})
    assert form["description_placeholders"]["names"] == "- Anna (5)\n- Ben (7)"
    assert await home.names() == ["Anna", "Ben"]
    assert (await home.submit(form))["type"] == "create_entry"
    assert await home.names() == []


async def test_a_name_on_the_list_that_is_changed_is_changed_there_too(home: RepairsHome) -> None:
    await home.trouble(ISSUE_FINGERPRINTS_MISSING)
    await home.update(template_id=home.anna, name="Anne")
    form = await home.open(ISSUE_FINGERPRINTS_MISSING)
    assert form["description_placeholders"]["names"] == "- Anne (5)"


# Another sensor


async def test_another_sensor_is_accepted_and_its_predecessors_names_are_listed(
    home: RepairsHome,
) -> None:
    home.anna = await home.enrolled()
    await home.trouble(ISSUE_SENSOR_CHANGED)
    # From a sensor that is not the reader's own it does not follow that a template is missing.
    assert home.raised() == {ISSUE_SENSOR_CHANGED}
    assert (await home.fix(ISSUE_SENSOR_CHANGED))["type"] == "create_entry"
    assert home.raised() == {ISSUE_FINGERPRINTS_MISSING}
    assert await home.names() == ["Anna"]
    response: Any = await home.listed()
    assert [each["slot"] for each in response["unnamed"]] == [1, 2, 3, 5]


async def test_a_sensor_that_is_accepted_already_is_no_success_of_the_user(
    home: RepairsHome,
) -> None:
    """The former sensor is back; the text of the form would be wrong."""
    await home.trouble(ISSUE_SENSOR_CHANGED)
    form = await home.open(ISSUE_SENSOR_CHANGED)
    await home.solve(ISSUE_SENSOR_CHANGED)
    form = await home.submit(form)
    assert form["errors"] == {"base": "refused"}
    # The texts are still shown, although the issue is gone.
    assert form["description_placeholders"] == {"reader": "Front door"}


# A full sensor


async def test_the_fingerprints_that_are_chosen_are_deleted(home: RepairsHome) -> None:
    anna = await home.enrolled()
    ben = await home.enrolled(name="Ben", slot=BENS_SLOT)
    await home.trouble(ISSUE_SENSOR_FULL)
    form = await home.open(ISSUE_SENSOR_FULL)
    assert list(options(form)) == ["? (1)", "? (2)", "? (3)", "Anna (5)", "Ben (7)"]
    chosen = [options(form)["? (2)"], options(form)["Ben (7)"]]
    assert (await home.submit(form, slots=chosen))["type"] == "create_entry"
    assert home.reader.stored == {1: None, 3: None, ANNAS_SLOT: anna}
    assert await home.names() == ["Anna"]
    assert ben not in home.entry.runtime_data.data.unmatched.missing
    assert home.raised() == set()


async def test_at_least_one_fingerprint_has_to_be_chosen(home: RepairsHome) -> None:
    await home.trouble(ISSUE_SENSOR_FULL)
    stored = dict(home.reader.stored)
    form = await home.fix(ISSUE_SENSOR_FULL, slots=[])
    assert form["errors"] == {"base": "nothing_chosen"}
    assert home.reader.stored == stored
    assert home.raised() == {ISSUE_SENSOR_FULL}


async def test_what_a_sensor_that_was_accepted_meanwhile_holds_is_not_deleted(
    home: RepairsHome,
) -> None:
    """Its template has no id either, but is of another finger."""
    anna = await home.enrolled()
    await home.trouble(ISSUE_SENSOR_FULL)
    form = await home.open(ISSUE_SENSOR_FULL)
    await home.trouble(ISSUE_SENSOR_CHANGED)
    assert (await home.fix(ISSUE_SENSOR_CHANGED))["type"] == "create_entry"
    stored = dict(home.reader.stored)
    form = await home.submit(form, slots=[options(form)["? (2)"]])
    assert form["errors"] == {"base": "list_changed"}
    assert home.reader.stored == stored
    assert anna not in stored.values()
    result = await home.submit(form, slots=[options(form)["? (2)"]])
    assert result["type"] == "create_entry"
    assert 2 not in home.reader.stored


async def test_a_deletion_that_stops_halfway_goes_on_where_it_stopped(home: RepairsHome) -> None:
    await home.trouble(ISSUE_SENSOR_FULL)
    form = await home.open(ISSUE_SENSOR_FULL)
    chosen = [options(form)["? (1)"], options(form)["? (2)"]]
    answer = home.reader.on_request

    def only_once(request: dict[str, Any]) -> None:
        answer(request)
        if request.get("command") == "delete":
            home.reader.refuses["delete"] = "sensor_error"

    with patch.object(home.reader, "on_request", only_once):
        form = await home.submit(form, slots=chosen)
    assert form["errors"] == {"base": "sensor_error"}
    # With its texts, although the issue is gone with the first deletion.
    assert list(options(form)) == ["? (2)", "? (3)"]
    home.reader.refuses.clear()
    result = await home.submit(form, slots=[options(form)["? (2)"]])
    assert result["type"] == "create_entry"
    assert set(home.reader.stored) == {3}


async def test_what_was_deleted_meanwhile_is_not_deleted_again(home: RepairsHome) -> None:
    await home.trouble(ISSUE_SENSOR_FULL)
    form = await home.open(ISSUE_SENSOR_FULL)
    chosen = [options(form)["? (1)"], options(form)["? (3)"]]
    home.reader.lose(1)
    await home.settled()
    # The user has to choose again among the templates without an id.
    form = await home.submit(form, slots=chosen)
    assert form["errors"] == {"base": "list_changed"}
    result = await home.submit(form, slots=[options(form)["? (3)"]])
    assert result["type"] == "create_entry"
    assert [request["slot"] for request in home.reader.heard_of("delete")] == [3]


async def test_who_is_in_the_slot_of_the_chosen_one_meanwhile_is_not_deleted(
    home: RepairsHome,
) -> None:
    await home.enrolled()
    await home.trouble(ISSUE_SENSOR_FULL)
    form = await home.open(ISSUE_SENSOR_FULL)
    home.reader.lose(ANNAS_SLOT)
    await home.settled()
    ben = await home.enrolled(name="Ben", slot=ANNAS_SLOT)
    await home.submit(form, slots=[options(form)["Anna (5)"]])
    assert home.reader.heard_of("delete") == []
    assert home.reader.stored[ANNAS_SLOT] == ben
    assert "Ben" in await home.names()


async def test_whose_template_is_gone_is_not_offered(home: RepairsHome) -> None:
    await home.trouble(ISSUE_FINGERPRINTS_MISSING)
    await home.trouble(ISSUE_SENSOR_FULL)
    assert list(options(await home.open(ISSUE_SENSOR_FULL))) == ["? (1)", "? (2)", "? (3)"]


async def test_a_full_sensor_that_fills_up_again_is_an_issue_again(home: RepairsHome) -> None:
    await home.trouble(ISSUE_SENSOR_FULL)
    form = await home.open(ISSUE_SENSOR_FULL)
    await home.submit(form, slots=[options(form)["? (1)"]])
    assert home.raised() == set()
    home.reader.hold(1, new_id())
    await home.settled()
    assert home.raised() == {ISSUE_SENSOR_FULL}


# A firmware that is too old


async def test_a_reader_with_a_new_firmware_gets_its_entities(home: RepairsHome) -> None:
    entities = er.async_get(home.hass)
    switch = ("switch", DOMAIN, f"{DEVICE}_identification")
    await home.trouble(ISSUE_FIRMWARE_TOO_OLD)
    assert entities.async_get_entity_id(*switch) is None
    home.reader.identity |= {"features": FEATURES, "firmware": "0.3.0"}
    assert (await home.fix(ISSUE_FIRMWARE_TOO_OLD))["type"] == "create_entry"
    assert home.raised() == set()
    assert entities.async_get_entity_id(*switch) is not None


async def test_a_firmware_that_is_still_too_old_is_an_error_in_the_form(home: RepairsHome) -> None:
    await home.trouble(ISSUE_FIRMWARE_TOO_OLD)
    home.reader.identity |= {"features": ["led", "list"], "firmware": "0.1.9"}
    form = await home.fix(ISSUE_FIRMWARE_TOO_OLD)
    assert form["errors"] == {"base": "still_too_old"}
    assert home.raised() == {ISSUE_FIRMWARE_TOO_OLD}
    placeholders = home.issue(ISSUE_FIRMWARE_TOO_OLD).translation_placeholders
    missing = "accept_sensor, adopt, delete, settings"
    assert placeholders == {"reader": "Front door", "firmware": "0.1.9", "missing": missing}


@pytest.mark.parametrize("missing", sorted(set(FEATURES) - {"led"}))
async def test_a_firmware_without_any_of_what_is_needed_is_too_old(
    home: RepairsHome, missing: str
) -> None:
    home.reader.identity["features"] = [each for each in FEATURES if each != missing]
    await home.said_again()
    assert home.raised() == {ISSUE_FIRMWARE_TOO_OLD}


async def test_a_sensor_without_a_light_is_not_too_old(home: RepairsHome) -> None:
    home.reader.identity["features"] = [each for each in FEATURES if each != "led"]
    await home.said_again()
    assert home.raised() == set()
