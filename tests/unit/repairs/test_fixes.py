"""What each form mends, and nothing else."""

from typing import Any
from unittest.mock import patch

import pytest
from homeassistant.helpers import entity_registry as er

from custom_components.biometric_enroll.const import DOMAIN
from custom_components.biometric_enroll.issues import (
    ISSUE_FINGERPRINTS_GONE,
    ISSUE_FIRMWARE_TOO_OLD,
    ISSUE_SENSOR_CHANGED,
    ISSUE_SENSOR_FULL,
)
from tests.support.home import (
    async_enrolled,
    async_fingerprints,
    state,
)
from tests.support.reader import DEVICE, FEATURES, new_id
from tests.unit.repairs.site import (
    ANNAS_SLOT,
    BENS_SLOT,
    Site,
    async_enrolled_too,
    options,
)

# Fingerprints whose template is gone


async def test_exactly_the_names_whose_template_is_gone_are_forgotten(site: Site) -> None:
    ben = await async_enrolled_too(site, "Ben", BENS_SLOT)
    await site.trouble(ISSUE_FINGERPRINTS_GONE)
    site.reader.touch(ben)
    assert await site.names() == ["Anna", "Ben"]
    heard = len(site.reader.heard)
    result = await site.fix(ISSUE_FINGERPRINTS_GONE)
    assert result["type"] == "create_entry"
    [fingerprint] = await async_fingerprints(site.hass, site.entry)
    assert (fingerprint["name"], fingerprint["count"]) == ("Ben", 1)
    assert site.raised() == set()
    # Nothing was asked of the reader but what a touch needs.
    assert {request["command"] for request in site.reader.heard[heard:]} <= {"ack"}
    assert site.reader.stored[BENS_SLOT] == ben


async def test_a_template_that_comes_back_takes_its_name_off_the_list(site: Site) -> None:
    ben = await async_enrolled_too(site, "Ben", BENS_SLOT)
    site.reader.lose(BENS_SLOT)
    await site.trouble(ISSUE_FINGERPRINTS_GONE)
    form = await site.open(ISSUE_FINGERPRINTS_GONE)
    assert form["description_placeholders"]["names"] == "- Anna (5)\n- Ben (7)"
    site.reader.hold(BENS_SLOT, ben)
    await site.settled()
    assert (await site.submit(form))["type"] == "create_entry"
    assert await site.names() == ["Ben"]


async def test_all_templates_that_come_back_while_the_form_is_open_keep_their_names(
    site: Site,
) -> None:
    await site.trouble(ISSUE_FINGERPRINTS_GONE)
    form = await site.open(ISSUE_FINGERPRINTS_GONE)
    await site.peace(ISSUE_FINGERPRINTS_GONE)
    assert (await site.submit(form))["type"] == "create_entry"
    assert await site.names() == ["Anna"]
    site.reader.touch(site.anna)
    assert state(site.hass, "event", "touch").attributes["name"] == "Anna"


async def test_a_name_that_the_form_did_not_tell_is_not_forgotten(site: Site) -> None:
    await async_enrolled_too(site, "Ben", BENS_SLOT)
    await site.trouble(ISSUE_FINGERPRINTS_GONE)
    form = await site.open(ISSUE_FINGERPRINTS_GONE)
    site.reader.lose(BENS_SLOT)
    await site.settled()
    form = await site.submit(form)
    assert (form["type"], form["errors"]) == ("form", {"base": "more_gone"})
    assert form["description_placeholders"]["names"] == "- Anna (5)\n- Ben (7)"
    assert await site.names() == ["Anna", "Ben"]
    assert (await site.submit(form))["type"] == "create_entry"
    assert await site.names() == []


async def test_a_name_on_the_list_that_is_changed_is_changed_there_too(site: Site) -> None:
    await site.trouble(ISSUE_FINGERPRINTS_GONE)
    await site.hass.services.async_call(
        DOMAIN, "update_fingerprint", {"template_id": site.anna, "name": "Anne"}, blocking=True
    )
    form = await site.open(ISSUE_FINGERPRINTS_GONE)
    assert form["description_placeholders"]["names"] == "- Anne (5)"


# Another sensor


async def test_another_sensor_is_accepted_and_its_predecessors_names_are_listed(
    site: Site,
) -> None:
    site.anna = await async_enrolled(site.hass, site.entry, site.reader)
    await site.trouble(ISSUE_SENSOR_CHANGED)
    # Nobody concludes from a sensor that is not the reader's own that a name is gone.
    assert site.raised() == {ISSUE_SENSOR_CHANGED}
    assert (await site.fix(ISSUE_SENSOR_CHANGED))["type"] == "create_entry"
    assert site.raised() == {ISSUE_FINGERPRINTS_GONE}
    assert await site.names() == ["Anna"]
    response: Any = await site.hass.services.async_call(
        DOMAIN, "get_fingerprints", {}, blocking=True, return_response=True
    )
    assert [each["slot"] for each in response["unnamed"]] == [1, 2, 3, 5]


async def test_a_sensor_that_is_accepted_already_is_no_success_of_the_user(site: Site) -> None:
    """The former one is back; what the form says would not be true any more."""
    await site.trouble(ISSUE_SENSOR_CHANGED)
    form = await site.open(ISSUE_SENSOR_CHANGED)
    await site.peace(ISSUE_SENSOR_CHANGED)
    form = await site.submit(form)
    assert form["errors"] == {"base": "refused"}
    # The words are still there, although the issue is not.
    assert form["description_placeholders"] == {"reader": "Front door"}


# A full sensor


async def test_the_fingerprints_that_are_chosen_are_deleted(site: Site) -> None:
    anna = await async_enrolled(site.hass, site.entry, site.reader)
    ben = await async_enrolled_too(site, "Ben", BENS_SLOT)
    await site.trouble(ISSUE_SENSOR_FULL)
    form = await site.open(ISSUE_SENSOR_FULL)
    assert list(options(form)) == ["? (1)", "? (2)", "? (3)", "Anna (5)", "Ben (7)"]
    chosen = [options(form)["? (2)"], options(form)["Ben (7)"]]
    assert (await site.submit(form, slots=chosen))["type"] == "create_entry"
    assert site.reader.stored == {1: None, 3: None, ANNAS_SLOT: anna}
    assert await site.names() == ["Anna"]
    assert ben not in site.entry.runtime_data.gone
    assert site.raised() == set()


async def test_at_least_one_fingerprint_has_to_be_chosen(site: Site) -> None:
    await site.trouble(ISSUE_SENSOR_FULL)
    stored = dict(site.reader.stored)
    form = await site.fix(ISSUE_SENSOR_FULL, slots=[])
    assert form["errors"] == {"base": "nothing_chosen"}
    assert site.reader.stored == stored
    assert site.raised() == {ISSUE_SENSOR_FULL}


async def test_what_a_sensor_that_was_accepted_meanwhile_holds_is_not_deleted(site: Site) -> None:
    """It has no id either, and is somebody else's finger."""
    anna = await async_enrolled(site.hass, site.entry, site.reader)
    await site.trouble(ISSUE_SENSOR_FULL)
    form = await site.open(ISSUE_SENSOR_FULL)
    await site.trouble(ISSUE_SENSOR_CHANGED)
    assert (await site.fix(ISSUE_SENSOR_CHANGED))["type"] == "create_entry"
    stored = dict(site.reader.stored)
    form = await site.submit(form, slots=[options(form)["? (2)"]])
    assert form["errors"] == {"base": "list_changed"}
    assert site.reader.stored == stored
    assert anna not in stored.values()
    result = await site.submit(form, slots=[options(form)["? (2)"]])
    assert result["type"] == "create_entry"
    assert 2 not in site.reader.stored


async def test_a_deletion_that_stops_halfway_goes_on_where_it_stopped(site: Site) -> None:
    await site.trouble(ISSUE_SENSOR_FULL)
    form = await site.open(ISSUE_SENSOR_FULL)
    chosen = [options(form)["? (1)"], options(form)["? (2)"]]
    answer = site.reader.on_request

    def only_once(request: dict[str, Any]) -> None:
        answer(request)
        if request.get("command") == "delete":
            site.reader.refuses["delete"] = "sensor_error"

    with patch.object(site.reader, "on_request", only_once):
        form = await site.submit(form, slots=chosen)
    assert form["errors"] == {"base": "sensor_error"}
    # With its words, although the issue is gone with the first.
    assert list(options(form)) == ["? (2)", "? (3)"]
    site.reader.refuses.clear()
    result = await site.submit(form, slots=[options(form)["? (2)"]])
    assert result["type"] == "create_entry"
    assert set(site.reader.stored) == {3}


async def test_what_was_deleted_meanwhile_is_not_deleted_again(site: Site) -> None:
    await site.trouble(ISSUE_SENSOR_FULL)
    form = await site.open(ISSUE_SENSOR_FULL)
    chosen = [options(form)["? (1)"], options(form)["? (3)"]]
    site.reader.lose(1)
    await site.settled()
    # Which one without an id was meant is asked once more.
    form = await site.submit(form, slots=chosen)
    assert form["errors"] == {"base": "list_changed"}
    result = await site.submit(form, slots=[options(form)["? (3)"]])
    assert result["type"] == "create_entry"
    assert [request["slot"] for request in site.reader.heard_of("delete")] == [3]


async def test_who_is_in_the_slot_of_the_chosen_one_meanwhile_is_not_deleted(site: Site) -> None:
    await async_enrolled(site.hass, site.entry, site.reader)
    await site.trouble(ISSUE_SENSOR_FULL)
    form = await site.open(ISSUE_SENSOR_FULL)
    site.reader.lose(ANNAS_SLOT)
    await site.settled()
    ben = await async_enrolled_too(site, "Ben", ANNAS_SLOT)
    await site.submit(form, slots=[options(form)["Anna (5)"]])
    assert site.reader.heard_of("delete") == []
    assert site.reader.stored[ANNAS_SLOT] == ben
    assert "Ben" in await site.names()


async def test_whose_template_is_gone_is_not_offered(site: Site) -> None:
    await site.trouble(ISSUE_FINGERPRINTS_GONE)
    await site.trouble(ISSUE_SENSOR_FULL)
    assert list(options(await site.open(ISSUE_SENSOR_FULL))) == ["? (1)", "? (2)", "? (3)"]


async def test_a_full_sensor_that_fills_up_again_is_told_again(site: Site) -> None:
    await site.trouble(ISSUE_SENSOR_FULL)
    form = await site.open(ISSUE_SENSOR_FULL)
    await site.submit(form, slots=[options(form)["? (1)"]])
    assert site.raised() == set()
    site.reader.hold(1, new_id())
    await site.settled()
    assert site.raised() == {ISSUE_SENSOR_FULL}


# A firmware that is too old


async def test_a_reader_with_a_new_firmware_gets_its_entities(site: Site) -> None:
    entities = er.async_get(site.hass)
    switch = ("switch", DOMAIN, f"{DEVICE}_identification")
    await site.trouble(ISSUE_FIRMWARE_TOO_OLD)
    assert entities.async_get_entity_id(*switch) is None
    site.reader.identity |= {"features": FEATURES, "firmware": "0.3.0"}
    assert (await site.fix(ISSUE_FIRMWARE_TOO_OLD))["type"] == "create_entry"
    assert site.raised() == set()
    assert entities.async_get_entity_id(*switch) is not None


async def test_a_reader_whose_firmware_is_still_too_old_is_told_so(site: Site) -> None:
    await site.trouble(ISSUE_FIRMWARE_TOO_OLD)
    site.reader.identity |= {"features": ["led", "list"], "firmware": "0.1.9"}
    form = await site.fix(ISSUE_FIRMWARE_TOO_OLD)
    assert form["errors"] == {"base": "still_too_old"}
    assert site.raised() == {ISSUE_FIRMWARE_TOO_OLD}
    placeholders = site.issue(ISSUE_FIRMWARE_TOO_OLD).translation_placeholders
    assert placeholders == {"reader": "Front door", "firmware": "0.1.9"}


@pytest.mark.parametrize("missing", sorted(set(FEATURES) - {"led"}))
async def test_a_firmware_without_any_of_what_is_needed_is_too_old(
    site: Site, missing: str
) -> None:
    site.reader.identity["features"] = [each for each in FEATURES if each != missing]
    await site.said_again()
    assert site.raised() == {ISSUE_FIRMWARE_TOO_OLD}


async def test_a_sensor_without_a_light_is_not_too_old(site: Site) -> None:
    site.reader.identity["features"] = [each for each in FEATURES if each != "led"]
    await site.said_again()
    assert site.raised() == set()
