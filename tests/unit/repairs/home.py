"""A reader with repair issues, and the page on which a user fixes them."""

from contextlib import asynccontextmanager
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.biometric_enroll.client import request_channel
from custom_components.biometric_enroll.const import DOMAIN
from tests.support.home import OTHER_DEVICE, Home
from tests.support.reader import READER_ID, FakeReader
from tests.support.reader_publications import FEATURES
from tests.unit.translation_files import TEXTS, placeholders

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from aiohttp.test_utils import TestClient
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry


SENSOR_ERRORS: dict[str, dict[str, Any]] = {
    "missing_command": {"sensor_error_details": {"command": 0x1F, "code": 0xFC}},
    "unknown_capacity": {
        "sensor_error": "missing_command",
        "sensor_error_details": {"command": 0x0F, "code": None},
    },
    "unclear_index": {},
    "always_finger": {},
    "wrong_password": {},
}
"""What the reader says, by kind of the issue; if not told, `sensor_error` is the same word."""

ISSUES = TEXTS["issues"]

ANNAS_SLOT, BENS_SLOT = 5, 7


class RepairsHome(Home):
    """The reader, its repair issues, and the page on which a user fixes them."""

    def __init__(
        self,
        hass: HomeAssistant,
        reader: FakeReader,
        entry: MockConfigEntry,
        client: TestClient[Any, Any],
    ) -> None:
        super().__init__(hass, reader, entry)
        self.stranger = FakeReader(reader._broker, READER_ID, OTHER_DEVICE)
        """Another reader with the same id; without power at first."""
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
        """Return an issue that is shown, after a check that it can be worded."""
        issue_id = f"{kind}_{self.entry.entry_id}"
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, issue_id)
        assert issue is not None
        # What a form says is checked when it is opened.
        for text in (ISSUES[kind]["title"], ISSUES[kind].get("description", "")):
            assert placeholders(text) <= (issue.translation_placeholders or {}).keys()
        return issue

    async def said_again(self) -> None:
        """Let the reader announce itself again."""
        await self.entry.runtime_data.async_refresh()
        await self.settled()

    async def settled(self) -> None:
        """Wait until all that follows is done, a reload as well."""
        await self.settle()
        await self.until(lambda: self.reader.silent or self.available)
        await self.settle()

    async def trouble(self, kind: str) -> None:
        """Cause the problem of an issue."""
        reader = self.reader
        match kind:
            case "fingerprints_gone":
                self.anna = await self.enrolled()
                reader.lose(ANNAS_SLOT)
            case "firmware_too_old":
                reader.identity["features"] = ["led"]
                await self.said_again()
            case "other_device":
                self.stranger.announce()
            case "other_home_assistant":
                off = not reader.settings["identification"]
                reader.settings = {**reader.settings, "identification": off}
                await self.said_again()
            case "sensor_changed":
                self.templates(sensor_changed=True)
            case "sensor_full":
                self.templates(capacity=len(reader.stored))
            case _:
                self.templates(**{"sensor_error": kind, **SENSOR_ERRORS[kind]})
        await self.settled()

    async def solve(self, kind: str) -> None:
        """End the problem of an issue without the user."""
        match kind:
            case "fingerprints_gone":
                self.reader.hold(ANNAS_SLOT, self.anna)
            case "firmware_too_old":
                self.reader.identity["features"] = FEATURES
                await self.said_again()
            case "other_device":
                self.stranger.die()
                await self.said_again()
            case "other_home_assistant":
                async_fire_time_changed(self.hass, dt_util.utcnow() + timedelta(seconds=3601))
                await self.settle()
            case "sensor_changed":
                self.templates(sensor_changed=False)
            case "sensor_full":
                self.reader.lose(1)
            case _:
                self.templates(sensor_error=None, sensor_error_details=None)
        await self.settled()

    def templates(self, **changes: Any) -> None:
        """Let the reader publish a change of its sensor."""
        self.reader.templates = {**self.reader.templates, **changes}
        self.reader._templates_changed()

    async def names(self) -> list[str]:
        """Return the names on the reader, in the order of their slots."""
        return [each["name"] for each in await self.fingerprints()]

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


def _assert_worded(kind: str, result: dict[str, Any]) -> None:
    """Check that a form has all texts, and values for all their placeholders."""
    texts = ISSUES[kind]["fix_flow"]
    if result["type"] == "form":
        step = texts["step"][result["step_id"]]
        given = (result["description_placeholders"] or {}).keys()
        assert placeholders(step["title"]) | placeholders(step["description"]) <= given
        assert {field["name"] for field in result["data_schema"]} == step.get("data", {}).keys()
        assert (result["errors"] or {}).keys() <= {"base"}
        assert set((result["errors"] or {}).values()) <= texts.get("error", {}).keys()
    elif result["type"] == "abort":
        assert result["reason"] in texts["abort"]


@asynccontextmanager
async def impatience(home: RepairsHome) -> AsyncGenerator[None]:
    """Give up on a silent reader at once; a slow one would be taken for silent, too."""
    with (
        patch.object(request_channel, "REPEAT_AFTER", 0.01),
        patch.object(request_channel, "ANSWER_WITHIN", 0.1),
    ):
        yield
        # A background hello now times out as early, and callers queued behind it would fail too.
        hello_queue = home.entry.runtime_data.client._connection.hello_queue
        async with hello_queue.async_patient_turn():
            pass


def options(flow: dict[str, Any]) -> dict[str, str]:
    """Return the values of the fingerprints that a form offers, by label."""
    [field] = flow["data_schema"]
    return {each["label"]: each["value"] for each in field["selector"]["select"]["options"]}
