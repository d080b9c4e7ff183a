"""What is wrong with a reader is told while it is so, and no longer."""

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import issue_registry as ir
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.biometric_enroll.const import (
    CONF_DEVICE,
    CONF_FEATURES,
    CONF_READER_ID,
    DOMAIN,
)
from custom_components.biometric_enroll.issues import (
    ISSUE_FINGERPRINTS_GONE,
    ISSUE_FIRMWARE_TOO_OLD,
    ISSUE_OTHER_DEVICE,
    ISSUE_SENSOR_CHANGED,
    ISSUE_SENSOR_FULL,
)
from tests.support.home import (
    async_enrolled,
    async_restart,
    async_until,
    available,
    device_id,
)
from tests.support.reader import DEVICE, FEATURES, READER_ID, FakeReader
from tests.unit.repairs.site import (
    KINDS,
    OTHER_DEVICE,
    Site,
)

if TYPE_CHECKING:
    from pytest_homeassistant_custom_component.typing import (
        WebSocketGenerator,
    )

    from tests.support.broker import FakeBroker


async def test_nothing_is_wrong_with_a_reader_that_is_well(site: Site) -> None:
    await async_enrolled(site.hass, site.entry, site.reader)
    await site.said_again()
    assert site.raised() == set()


@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_wrong_is_told_until_it_is_over(site: Site, kind: str) -> None:
    await site.trouble(kind)
    assert site.raised() == {kind}
    issue = site.issue(kind)
    assert issue.is_fixable
    full = kind == ISSUE_SENSOR_FULL
    assert issue.severity is (ir.IssueSeverity.WARNING if full else ir.IssueSeverity.ERROR)
    await site.said_again()
    assert site.raised() == {kind}
    await site.peace(kind)
    assert site.raised() == set()
    await site.trouble(kind)
    assert site.raised() == {kind}


@pytest.mark.parametrize(
    ("kind", "placeholders"),
    [
        (ISSUE_FINGERPRINTS_GONE, {"count": "1"}),
        (ISSUE_FIRMWARE_TOO_OLD, {"firmware": "0.2.0"}),
        (
            ISSUE_OTHER_DEVICE,
            {"reader_id": READER_ID, "expected": DEVICE, "found": OTHER_DEVICE},
        ),
        (ISSUE_SENSOR_CHANGED, {}),
        (ISSUE_SENSOR_FULL, {"capacity": "3"}),
    ],
)
async def test_what_is_told_says_what_it_is_about(
    site: Site, kind: str, placeholders: dict[str, str]
) -> None:
    await site.trouble(kind)
    assert site.issue(kind).translation_placeholders == {"reader": "Front door", **placeholders}
    form = await site.open(kind)
    # Whose fingerprints, only those hear who may repair it.
    more = {"names": "- Anna (5)"} if kind == ISSUE_FINGERPRINTS_GONE else {}
    assert form["description_placeholders"] == {"reader": "Front door", **placeholders, **more}


async def test_several_things_can_be_wrong_at_once(site: Site) -> None:
    await site.trouble(ISSUE_FINGERPRINTS_GONE)
    await site.trouble(ISSUE_SENSOR_FULL)
    await site.trouble(ISSUE_OTHER_DEVICE)
    assert site.raised() == {ISSUE_FINGERPRINTS_GONE, ISSUE_SENSOR_FULL, ISSUE_OTHER_DEVICE}
    await site.peace(ISSUE_OTHER_DEVICE)
    assert site.raised() == {ISSUE_FINGERPRINTS_GONE, ISSUE_SENSOR_FULL}
    await site.peace(ISSUE_SENSOR_FULL)
    assert site.raised() == {ISSUE_FINGERPRINTS_GONE}


@pytest.mark.parametrize("kind", KINDS)
async def test_nothing_follows_from_the_silence_of_a_reader(site: Site, kind: str) -> None:
    """Neither that something is wrong with it, nor that it is not any more."""
    await site.trouble(kind)
    site.reader.die()
    await site.settled()
    assert not available(site.hass)
    assert site.raised() == {kind}


async def test_an_unreachable_reader_is_not_taken_for_an_empty_one(site: Site) -> None:
    """What it has said last is retained; what it holds, it must say itself."""
    await async_enrolled(site.hass, site.entry, site.reader)
    site.reader.stored.clear()
    site.templates(count=0)
    site.reader.die()
    assert await site.hass.config_entries.async_unload(site.entry.entry_id)
    assert await site.hass.config_entries.async_setup(site.entry.entry_id)
    await site.settled()
    assert site.raised() == set()
    assert await site.names() == ["Anna"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", ["async_unload", "async_remove"])
async def test_nothing_is_told_of_a_reader_that_is_not_in_use(
    site: Site, kind: str, how: str
) -> None:
    await site.trouble(kind)
    await getattr(site.hass.config_entries, how)(site.entry.entry_id)
    await site.hass.async_block_till_done()
    assert site.raised() == set()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != ISSUE_OTHER_DEVICE])
async def test_what_is_still_wrong_after_a_restart_is_told_again(site: Site, kind: str) -> None:
    await site.trouble(kind)
    issue_id = site.issue(kind).issue_id
    await async_restart(site.hass, site.entry, site.reader)
    await site.settled()
    assert site.issue(kind).issue_id == issue_id


@pytest.mark.parametrize("kind", KINDS)
async def test_home_assistant_can_list_what_is_wrong(
    site: Site, kind: str, hass_ws_client: WebSocketGenerator
) -> None:
    await site.trouble(kind)
    socket = await hass_ws_client(site.hass)
    await socket.send_json_auto_id({"type": "repairs/list_issues"})
    response = await socket.receive_json()
    [issue] = [each for each in response["result"]["issues"] if each["domain"] == DOMAIN]
    assert issue["issue_id"] == f"{kind}_{site.entry.entry_id}"
    assert json.loads(json.dumps(site.issue(kind).data)) == {
        "entry_id": site.entry.entry_id,
        "kind": kind,
    }


async def test_a_reader_can_have_any_title(site: Site) -> None:
    title = "Tür {x} <b>%s</b>\n$& «1»"
    site.hass.config_entries.async_update_entry(site.entry, title=title)
    await site.trouble(ISSUE_SENSOR_CHANGED)
    form = await site.open(ISSUE_SENSOR_CHANGED)
    assert form["description_placeholders"] == {"reader": title}
    assert (await site.submit(form))["type"] == "create_entry"
    assert site.raised() == set()


@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_wrong_is_told_under_the_name_that_the_reader_has_now(
    site: Site, kind: str
) -> None:
    await site.trouble(kind)
    before = site.issue(kind).translation_placeholders or {}
    device, devices = device_id(site.hass, site.entry), dr.async_get(site.hass)

    devices.async_update_device(device, name_by_user="Garden gate")
    await site.hass.async_block_till_done()
    assert site.issue(kind).translation_placeholders == {**before, "reader": "Garden gate"}
    form = await site.open(kind)
    assert form["description_placeholders"]["reader"] == "Garden gate"

    # The device has a name of its own now; without it, it is called like its entry.
    site.hass.config_entries.async_update_entry(site.entry, title="Back door")
    await site.hass.async_block_till_done()
    assert site.issue(kind).translation_placeholders == {**before, "reader": "Garden gate"}
    devices.async_update_device(device, name_by_user=None)
    await site.hass.async_block_till_done()
    assert site.issue(kind).translation_placeholders == {**before, "reader": "Back door"}
    site.hass.config_entries.async_update_entry(site.entry, title="Cellar")
    await site.hass.async_block_till_done()
    assert site.issue(kind).translation_placeholders == {**before, "reader": "Cellar"}
    assert site.raised() == {kind}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_new_name_does_not_bring_back_what_is_over(site: Site, kind: str) -> None:
    await site.trouble(kind)
    await site.peace(kind)
    dr.async_get(site.hass).async_update_device(
        device_id(site.hass, site.entry), name_by_user="Garden gate"
    )
    await site.hass.async_block_till_done()
    assert site.raised() == set()
    await site.trouble(kind)
    assert (site.issue(kind).translation_placeholders or {})["reader"] == "Garden gate"


async def test_what_is_wrong_with_one_reader_is_not_told_of_another(
    site: Site, broker: FakeBroker
) -> None:
    other = FakeReader(broker, "back_door", OTHER_DEVICE)
    entry = MockConfigEntry(
        domain=DOMAIN,
        unique_id=OTHER_DEVICE,
        data={
            CONF_READER_ID: "back_door", CONF_DEVICE: OTHER_DEVICE, CONF_FEATURES: FEATURES
        },
    )  # fmt: skip
    entry.add_to_hass(site.hass)
    assert await site.hass.config_entries.async_setup(entry.entry_id)
    other.announce()
    await async_until(site.hass, lambda: available(site.hass, OTHER_DEVICE))
    await site.trouble(ISSUE_SENSOR_FULL)
    assert {issue_id for _, issue_id in ir.async_get(site.hass).issues} == {
        f"{ISSUE_SENSOR_FULL}_{site.entry.entry_id}"
    }
    assert await site.hass.config_entries.async_unload(entry.entry_id)
    assert site.raised() == {ISSUE_SENSOR_FULL}


async def test_what_a_user_ignores_is_still_ignored_after_a_restart(site: Site) -> None:
    """At first a reader has told nothing, and then nothing seems to be wrong with it."""
    await site.trouble(ISSUE_FINGERPRINTS_GONE)
    issue_id = site.issue(ISSUE_FINGERPRINTS_GONE).issue_id
    ir.async_ignore_issue(site.hass, DOMAIN, issue_id, ignore=True)
    ignored = site.issue(ISSUE_FINGERPRINTS_GONE)
    assert await site.hass.config_entries.async_unload(site.entry.entry_id)
    # What Home Assistant has read from its file when it starts.
    ir.async_get(site.hass).issues[DOMAIN, issue_id] = replace(ignored, active=False)
    assert await site.hass.config_entries.async_setup(site.entry.entry_id)
    await site.settled()
    assert site.raised() == {ISSUE_FINGERPRINTS_GONE}
    assert site.issue(ISSUE_FINGERPRINTS_GONE).dismissed_version is not None
