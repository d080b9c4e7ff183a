"""What every form of a repair issue does."""

import pytest

from custom_components.biometric_enroll.issues import (
    ISSUE_FINGERPRINTS_GONE,
    ISSUE_SENSOR_CHANGED,
    ISSUE_SENSOR_FULL,
)
from tests.support.home import (
    async_enrolled,
)
from tests.support.reader import FEATURES
from tests.unit.repairs.site import (
    KINDS,
    Site,
    impatience,
    options,
)


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
    async with impatience(site):
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
