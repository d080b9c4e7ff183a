"""What is wrong with a reader: told while it is so, and mended as the form has said."""

import asyncio
import json
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from homeassistant.components import mqtt
from homeassistant.config_entries import SOURCE_IGNORE, ConfigEntryState
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

import custom_components.biometric_enroll as package
from custom_components.biometric_enroll.const import (
    CONF_DEVICE,
    CONF_FEATURES,
    CONF_MIN_CONFIDENCE,
    CONF_READER_ID,
    DOMAIN,
)
from custom_components.biometric_enroll.follower import conversation
from custom_components.biometric_enroll.issues import (
    ISSUE_FINGERPRINTS_GONE,
    ISSUE_FIRMWARE_TOO_OLD,
    ISSUE_OTHER_DEVICE,
    ISSUE_SENSOR_CHANGED,
    ISSUE_SENSOR_FULL,
)
from custom_components.biometric_enroll.stores import DATA_ROSTER
from tests.unit.fake_reader import DEVICE, FEATURES, READER_ID, FakeReader, new_id
from tests.unit.helpers import (
    async_enroll,
    async_enrolled,
    async_fingerprints,
    async_restart,
    async_until,
    available,
    device_id,
    state,
)

if TYPE_CHECKING:
    from collections.abc import Generator

    from aiohttp.test_utils import TestClient
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.typing import (
        ClientSessionGenerator,
        WebSocketGenerator,
    )

    from tests.unit.fake_broker import FakeBroker

OTHER_DEVICE = "0242ac110002"

KINDS = [
    ISSUE_FINGERPRINTS_GONE,
    ISSUE_FIRMWARE_TOO_OLD,
    ISSUE_OTHER_DEVICE,
    ISSUE_SENSOR_CHANGED,
    ISSUE_SENSOR_FULL,
]

TEXTS: dict[str, Any] = json.loads(
    (Path(package.__file__).parent / "translations" / "en.json").read_text()
)["issues"]

_ANNAS_SLOT, _BENS_SLOT = 5, 7


class Site:
    """The reader, what is wrong with it, and the page on which a user mends that."""

    def __init__(
        self,
        hass: HomeAssistant,
        reader: FakeReader,
        entry: MockConfigEntry,
        client: TestClient[Any, Any],
    ) -> None:
        self.hass, self.reader, self.entry = hass, reader, entry
        self.stranger = FakeReader(reader._broker, READER_ID, OTHER_DEVICE)
        """Another one with the same id; without power at first."""
        self.stranger.silent = True
        self._client = client
        self.anna = ""
        """Her template id, once there is one."""

    # What is wrong

    def raised(self) -> set[str]:
        """Return the kinds of the issues that are shown."""
        return {
            str(issue.translation_key)
            for issue in ir.async_get(self.hass).issues.values()
            if issue.domain == DOMAIN and issue.active
        }

    def issue(self, kind: str) -> ir.IssueEntry:
        """Return an issue that is shown, after a check that its title can be worded."""
        issue_id = f"{kind}_{self.entry.entry_id}"
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, issue_id)
        assert issue is not None
        assert _fields(TEXTS[kind]["title"]) <= (issue.translation_placeholders or {}).keys()
        return issue

    async def said_again(self) -> None:
        """Have the reader say again who and how it is."""
        await self.entry.runtime_data.coordinator.async_refresh()
        await self.settled()

    async def settled(self) -> None:
        """Wait until all that follows is done, a reload as well."""
        await self.hass.async_block_till_done()
        device = self.entry.data[CONF_DEVICE]
        await async_until(self.hass, lambda: self.reader.silent or available(self.hass, device))
        await self.hass.async_block_till_done()

    async def trouble(self, kind: str) -> None:
        """Bring about what an issue is for."""
        reader = self.reader
        match kind:
            case "fingerprints_gone":
                self.anna = await async_enrolled(self.hass, self.entry, reader)
                reader.lose(_ANNAS_SLOT)
            case "firmware_too_old":
                reader.identity["features"] = ["led"]
                await self.said_again()
            case "other_device":
                self.stranger.announce()
            case "sensor_changed":
                self.templates(sensor_changed=True)
            case "sensor_full":
                self.templates(capacity=len(reader.stored))
        await self.settled()

    async def peace(self, kind: str) -> None:
        """End it, without the user."""
        match kind:
            case "fingerprints_gone":
                self.reader.hold(_ANNAS_SLOT, self.anna)
            case "firmware_too_old":
                self.reader.identity["features"] = FEATURES
                await self.said_again()
            case "other_device":
                self.stranger.die()
                await self.said_again()
            case "sensor_changed":
                self.templates(sensor_changed=False)
            case "sensor_full":
                self.reader.lose(1)
        await self.settled()

    def templates(self, **changes: Any) -> None:
        """Have the reader say something new of its sensor."""
        self.reader.templates = {**self.reader.templates, **changes}
        self.reader._templates_changed()

    async def names(self) -> list[str]:
        """Return whom Home Assistant knows, by slot."""
        return [each["name"] for each in await async_fingerprints(self.hass, self.entry)]

    # What the user does

    async def open(self, kind: str) -> dict[str, Any]:
        """Open the form of an issue."""
        return await self._post(
            kind, "", {"handler": DOMAIN, "issue_id": f"{kind}_{self.entry.entry_id}"}
        )

    async def submit(self, flow: dict[str, Any], **data: Any) -> dict[str, Any]:
        """Submit a form."""
        return await self._post(flow["kind"], f"/{flow['flow_id']}", data)

    async def fix(self, kind: str, **data: Any) -> dict[str, Any]:
        """Open the form of an issue and submit it."""
        return await self.submit(await self.open(kind), **data)

    async def _post(self, kind: str, path: str, data: dict[str, Any]) -> dict[str, Any]:
        response = await self._client.post(f"/api/repairs/issues/fix{path}", json=data)
        assert response.status == HTTPStatus.OK
        result: dict[str, Any] = await response.json()
        _assert_worded(kind, result)
        await self.settled()
        return {**result, "kind": kind}


def _fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def _assert_worded(kind: str, result: dict[str, Any]) -> None:
    """Check that there are words for all that a form shows, and values for all that they name."""
    texts = TEXTS[kind]["fix_flow"]
    if result["type"] == "form":
        step = texts["step"][result["step_id"]]
        given = (result["description_placeholders"] or {}).keys()
        assert _fields(step["title"]) | _fields(step["description"]) <= given
        assert {field["name"] for field in result["data_schema"]} == step.get("data", {}).keys()
        assert (result["errors"] or {}).keys() <= {"base"}
        assert set((result["errors"] or {}).values()) <= texts.get("error", {}).keys()
    elif result["type"] == "abort":
        assert result["reason"] in texts["abort"]


@pytest.fixture
async def site(
    hass: HomeAssistant,
    reader: FakeReader,
    loaded: MockConfigEntry,
    hass_client: ClientSessionGenerator,
) -> Site:
    """Return the reader in use, with nothing wrong."""
    for component in ("repairs", "websocket_api"):
        assert await async_setup_component(hass, component, {})
    return Site(hass, reader, loaded, await hass_client())


@contextmanager
def impatience() -> Generator[None]:
    """Give up on a silent reader at once; a slow one would be taken for silent, too."""
    with (
        patch.object(conversation, "REPEAT_AFTER", 0.01),
        patch.object(conversation, "ANSWER_WITHIN", 0.1),
    ):
        yield


def options(flow: dict[str, Any]) -> dict[str, str]:
    """Return the values of the fingerprints that a form offers, by label."""
    [field] = flow["data_schema"]
    return {each["label"]: each["value"] for each in field["selector"]["select"]["options"]}


# What is told, and when


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


# Any form


@pytest.mark.parametrize("kind", KINDS)
async def test_opening_a_form_changes_nothing(site: Site, kind: str) -> None:
    await site.trouble(kind)
    heard, data = list(site.reader.heard), dict(site.entry.data)
    form = await site.open(kind)
    assert (form["type"], form["step_id"], form["errors"]) == ("form", "confirm", {})
    assert site.reader.heard == heard
    assert site.entry.data == data
    assert site.raised() == {kind}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", ["async_unload", "async_remove"])
async def test_a_form_whose_reader_is_not_in_use_any_more_ends(
    site: Site, kind: str, how: str
) -> None:
    await site.trouble(kind)
    form = await site.open(kind)
    chosen = list(options(form).values()) if kind == ISSUE_SENSOR_FULL else None
    site.reader.silent = True  # It is not asked either.
    await getattr(site.hass.config_entries, how)(site.entry.entry_id)
    result = await site.submit(form, **({"slots": chosen} if chosen else {}))
    assert (result["type"], result["reason"]) == ("abort", "not_loaded")


_REFUSALS = [
    ("busy", "busy"),
    ("sensor_error", "sensor_error"),
    ("stale", "refused"),
    ("bad_request", "refused"),
]


@pytest.mark.parametrize(
    ("kind", "command"),
    [(ISSUE_SENSOR_CHANGED, "accept_sensor"), (ISSUE_SENSOR_FULL, "delete")],
)
@pytest.mark.parametrize(("refusal", "error"), _REFUSALS)
async def test_a_reader_that_refuses_is_told_so_and_can_be_asked_again(
    site: Site, kind: str, command: str, refusal: str, error: str
) -> None:
    site.anna = await async_enrolled(site.hass, site.entry, site.reader)
    await site.trouble(kind)
    form = await site.open(kind)
    data = {"slots": [options(form)["Anna (5)"]]} if kind == ISSUE_SENSOR_FULL else {}
    stored = dict(site.reader.stored)
    site.reader.refuses[command] = refusal
    form = await site.submit(form, **data)
    assert (form["type"], form["errors"]) == ("form", {"base": error})
    assert site.reader.stored == stored
    assert await site.names() == ["Anna"]
    assert site.raised() == {kind}
    site.reader.refuses.clear()
    assert (await site.submit(form, **data))["type"] == "create_entry"
    assert kind not in site.raised()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != ISSUE_FINGERPRINTS_GONE])
async def test_a_silent_reader_is_told_so_and_can_be_asked_again(site: Site, kind: str) -> None:
    await site.trouble(kind)
    form = await site.open(kind)
    data = {"slots": [options(form)["? (1)"]]} if kind == ISSUE_SENSOR_FULL else {}
    before, stored = dict(site.entry.data), dict(site.reader.stored)
    site.reader.silent = site.stranger.silent = True
    with impatience():
        form = await site.submit(form, **data)
    assert (form["type"], form["errors"]) == ("form", {"base": "reader_unreachable"})
    assert site.raised() == {kind}
    assert site.entry.data == before
    assert site.reader.stored == stored
    site.reader.silent = False
    site.reader.identity["features"] = FEATURES
    result = await site.submit(form, **data)
    assert (result["type"], result.get("errors")) == ("create_entry", None)
    assert site.raised() == set()


# Fingerprints whose template is gone


async def async_enrolled_too(site: Site, name: str, slot: int) -> str:
    """Enroll somebody else; return the template id."""
    response = await async_enroll(site.hass, site.entry, name=name, slot=slot)
    for _ in range(3):
        site.reader.capture()
    await site.settled()
    template_id: str = response["template_id"]
    return template_id


async def test_exactly_the_names_whose_template_is_gone_are_forgotten(site: Site) -> None:
    ben = await async_enrolled_too(site, "Ben", _BENS_SLOT)
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
    assert site.reader.stored[_BENS_SLOT] == ben


async def test_a_template_that_comes_back_takes_its_name_off_the_list(site: Site) -> None:
    ben = await async_enrolled_too(site, "Ben", _BENS_SLOT)
    site.reader.lose(_BENS_SLOT)
    await site.trouble(ISSUE_FINGERPRINTS_GONE)
    form = await site.open(ISSUE_FINGERPRINTS_GONE)
    assert form["description_placeholders"]["names"] == "- Anna (5)\n- Ben (7)"
    site.reader.hold(_BENS_SLOT, ben)
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
    await async_enrolled_too(site, "Ben", _BENS_SLOT)
    await site.trouble(ISSUE_FINGERPRINTS_GONE)
    form = await site.open(ISSUE_FINGERPRINTS_GONE)
    site.reader.lose(_BENS_SLOT)
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
    ben = await async_enrolled_too(site, "Ben", _BENS_SLOT)
    await site.trouble(ISSUE_SENSOR_FULL)
    form = await site.open(ISSUE_SENSOR_FULL)
    assert list(options(form)) == ["? (1)", "? (2)", "? (3)", "Anna (5)", "Ben (7)"]
    chosen = [options(form)["? (2)"], options(form)["Ben (7)"]]
    assert (await site.submit(form, slots=chosen))["type"] == "create_entry"
    assert site.reader.stored == {1: None, 3: None, _ANNAS_SLOT: anna}
    assert await site.names() == ["Anna"]
    assert ben not in site.entry.runtime_data.coordinator.gone
    assert site.raised() == set()


async def test_at_least_one_fingerprint_has_to_be_chosen(site: Site) -> None:
    await site.trouble(ISSUE_SENSOR_FULL)
    stored = dict(site.reader.stored)
    form = await site.fix(ISSUE_SENSOR_FULL, slots=[])
    assert form["errors"] == {"base": "nothing_chosen"}
    assert site.reader.stored == stored
    assert site.raised() == {ISSUE_SENSOR_FULL}


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
    assert (await site.submit(form, slots=chosen))["type"] == "create_entry"
    assert [request["slot"] for request in site.reader.heard_of("delete")] == [3]


async def test_who_is_in_the_slot_of_the_chosen_one_meanwhile_is_not_deleted(site: Site) -> None:
    await async_enrolled(site.hass, site.entry, site.reader)
    await site.trouble(ISSUE_SENSOR_FULL)
    form = await site.open(ISSUE_SENSOR_FULL)
    site.reader.lose(_ANNAS_SLOT)
    await site.settled()
    ben = await async_enrolled_too(site, "Ben", _ANNAS_SLOT)
    await site.submit(form, slots=[options(form)["Anna (5)"]])
    assert site.reader.heard_of("delete") == []
    assert site.reader.stored[_ANNAS_SLOT] == ben
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


# Another reader under the same id


def _replaced(site: Site) -> None:
    """Put another reader in the place of the one that was set up."""
    site.reader.silent = True
    site.reader = site.stranger
    site.reader.announce()


async def test_the_reader_that_answers_takes_the_place_of_the_other(site: Site) -> None:
    await async_enrolled(site.hass, site.entry, site.reader)
    site.hass.config_entries.async_update_entry(site.entry, options={CONF_MIN_CONFIDENCE: 60})
    entities = er.async_get(site.hass)
    before = {
        each.entity_id: each.id
        for each in er.async_entries_for_config_entry(entities, site.entry.entry_id)
    }
    device = device_id(site.hass, site.entry)
    _replaced(site)
    await site.hass.async_block_till_done()
    assert site.raised() == {ISSUE_OTHER_DEVICE}
    assert (await site.fix(ISSUE_OTHER_DEVICE))["type"] == "create_entry"
    assert site.entry.state is ConfigEntryState.LOADED
    assert (site.entry.unique_id, site.entry.data[CONF_DEVICE]) == (OTHER_DEVICE, OTHER_DEVICE)
    assert site.entry.options == {CONF_MIN_CONFIDENCE: 60}
    after = {
        each.entity_id: each.id
        for each in er.async_entries_for_config_entry(entities, site.entry.entry_id)
    }
    assert (after, device_id(site.hass, site.entry)) == (before, device)
    # Her name has stayed; that her finger has to be enrolled again is told.
    assert await site.names() == ["Anna"]
    assert site.raised() == {ISSUE_FINGERPRINTS_GONE}


async def test_a_reader_that_the_form_did_not_tell_does_not_take_its_place(
    site: Site, broker: FakeBroker
) -> None:
    before = dict(site.entry.data)
    _replaced(site)
    await site.hass.async_block_till_done()
    form = await site.open(ISSUE_OTHER_DEVICE)
    site.stranger.silent = True
    site.reader = FakeReader(broker, READER_ID, "c1b2c3d4e5f6")
    form = await site.submit(form)
    assert (form["type"], form["errors"]) == ("form", {"base": "another_one"})
    assert form["description_placeholders"]["found"] == "c1b2c3d4e5f6"
    assert dict(site.entry.data) == before
    assert (await site.submit(form))["type"] == "create_entry"
    assert site.entry.data[CONF_DEVICE] == "c1b2c3d4e5f6"


async def test_a_reload_in_the_middle_finds_the_new_reader_whole(site: Site) -> None:
    """A user's, or that for new features: it waits for the entry, and comes before our own."""
    await async_enrolled(site.hass, site.entry, site.reader)
    entries = er.async_entries_for_config_entry
    before = {each.entity_id for each in entries(er.async_get(site.hass), site.entry.entry_id)}
    _replaced(site)
    await site.hass.async_block_till_done()
    form = await site.open(ISSUE_OTHER_DEVICE)
    reloads: list[asyncio.Task[bool]] = []
    site.entry.async_on_unload(
        lambda: reloads.append(
            site.hass.async_create_task(site.hass.config_entries.async_reload(site.entry.entry_id))
        )
    )
    assert (await site.submit(form))["type"] == "create_entry"
    assert await asyncio.gather(*reloads) == [True]
    assert site.entry.runtime_data.coordinator.device == OTHER_DEVICE
    after = entries(er.async_get(site.hass), site.entry.entry_id)
    assert {each.entity_id for each in after} == before
    assert all(each.unique_id.startswith(f"{OTHER_DEVICE}_") for each in after)
    assert await site.names() == ["Anna"]


async def test_a_form_ends_when_its_reader_is_unloaded_while_another_one_is_asked(
    site: Site, broker: FakeBroker
) -> None:
    _replaced(site)
    await site.hass.async_block_till_done()
    form = await site.open(ISSUE_OTHER_DEVICE)
    site.stranger.silent = True
    site.reader = third = FakeReader(broker, READER_ID, "c1b2c3d4e5f6")
    third.holds = {"hello"}
    submitting = asyncio.create_task(site.submit(form))
    await third.hears("hello")
    await site.hass.config_entries.async_unload(site.entry.entry_id)
    third.silent = True
    third.on_request(third.held[-1])
    result = await submitting
    assert (result["type"], result["reason"]) == ("abort", "not_loaded")
    assert site.raised() == set()
    assert site.entry.data[CONF_DEVICE] == DEVICE


async def test_an_entry_that_is_removed_while_the_other_reader_is_asked_leaves_all_as_it_was(
    site: Site,
) -> None:
    await async_enrolled(site.hass, site.entry, site.reader)
    _replaced(site)
    await site.hass.async_block_till_done()
    form = await site.open(ISSUE_OTHER_DEVICE)
    site.stranger.holds = {"hello"}
    submitting = asyncio.create_task(site.submit(form))
    asked = len(site.stranger.heard_of("hello"))
    await site.stranger.hears("hello", asked + 1)
    await site.hass.config_entries.async_remove(site.entry.entry_id)
    site.reader.silent = True
    site.stranger.on_request(site.stranger.held[-1])
    result = await submitting
    assert (result["type"], result["reason"]) == ("abort", "not_loaded")
    # For 30 days, and for nobody but the reader that they were enrolled on.
    [(_, place)] = site.hass.data[DATA_ROSTER].all()
    assert place.device == DEVICE


async def test_a_reader_that_is_set_up_as_another_does_not_take_its_place(site: Site) -> None:
    MockConfigEntry(
        domain=DOMAIN,
        unique_id=OTHER_DEVICE,
        data={CONF_READER_ID: "back_door", CONF_DEVICE: OTHER_DEVICE},
    ).add_to_hass(site.hass)
    before, ours = dict(site.entry.data), site.reader
    _replaced(site)
    await site.hass.async_block_till_done()
    site.reader = ours
    result = await site.fix(ISSUE_OTHER_DEVICE)
    assert (result["type"], result["reason"]) == ("abort", "already_configured")
    assert (dict(site.entry.data), site.entry.unique_id) == (before, DEVICE)
    assert site.entry.state is ConfigEntryState.LOADED
    assert site.raised() == {ISSUE_OTHER_DEVICE}


async def test_a_reader_that_was_ignored_may_take_its_place(site: Site) -> None:
    ignored = MockConfigEntry(domain=DOMAIN, unique_id=OTHER_DEVICE, source=SOURCE_IGNORE)
    ignored.add_to_hass(site.hass)
    _replaced(site)
    await site.hass.async_block_till_done()
    assert (await site.fix(ISSUE_OTHER_DEVICE))["type"] == "create_entry"
    assert site.hass.config_entries.async_entries(DOMAIN) == [site.entry]


async def test_the_right_reader_that_is_back_keeps_its_place(site: Site) -> None:
    await site.trouble(ISSUE_OTHER_DEVICE)
    before = dict(site.entry.data)
    assert (await site.fix(ISSUE_OTHER_DEVICE))["type"] == "create_entry"
    assert (dict(site.entry.data), site.entry.unique_id) == (before, DEVICE)
    assert site.raised() == set()
    # The other one is still there, and says so.
    await site.said_again()
    assert site.raised() == {ISSUE_OTHER_DEVICE}


async def test_without_mqtt_nobody_takes_its_place(site: Site) -> None:
    await site.trouble(ISSUE_OTHER_DEVICE)
    form = await site.open(ISSUE_OTHER_DEVICE)
    with patch.object(mqtt, "async_subscribe", side_effect=HomeAssistantError("not set up")):
        form = await site.submit(form)
    assert form["errors"] == {"base": "reader_unreachable"}


async def test_an_entry_that_cannot_be_unloaded_is_left_as_it_is(site: Site) -> None:
    ours = site.reader
    _replaced(site)
    await site.hass.async_block_till_done()
    site.reader = ours
    before = dict(site.entry.data)
    with patch.object(site.hass.config_entries, "async_unload", return_value=False):
        result = await site.fix(ISSUE_OTHER_DEVICE)
    assert (result["type"], result["reason"]) == ("abort", "not_loaded")
    assert (dict(site.entry.data), site.entry.unique_id) == (before, DEVICE)
