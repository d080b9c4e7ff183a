"""What every form of a repair issue does."""

import pytest

from custom_components.biometric_enroll.issues import (
    FIXABLE,
    ISSUE_FINGERPRINTS_MISSING,
    ISSUE_SENSOR_CHANGED,
    ISSUE_SENSOR_FULL,
)
from tests.support.reader_publications import FEATURES
from tests.unit.repairs.home import RepairsHome, impatience, options


@pytest.mark.parametrize("kind", FIXABLE)
async def test_opening_a_form_changes_nothing(home: RepairsHome, kind: str) -> None:
    await home.trouble(kind)
    heard, data = list(home.reader.heard), dict(home.entry.data)
    form = await home.open(kind)
    assert (form["type"], form["step_id"], form["errors"]) == ("form", "confirm", {})
    assert home.reader.heard == heard
    assert home.entry.data == data
    assert home.raised() == {kind}


@pytest.mark.parametrize("kind", FIXABLE)
@pytest.mark.parametrize("how", ["async_unload", "async_remove"])
async def test_a_form_whose_reader_is_not_in_use_any_more_ends(
    home: RepairsHome, kind: str, how: str
) -> None:
    await home.trouble(kind)
    form = await home.open(kind)
    chosen = list(options(form).values()) if kind == ISSUE_SENSOR_FULL else None
    home.reader.silent = True  # No request is sent to it.
    await getattr(home.hass.config_entries, how)(home.entry.entry_id)
    result = await home.submit(form, **({"slots": chosen} if chosen else {}))
    assert (result["type"], result["reason"]) == ("abort", "not_loaded")


_REFUSALS = [
    ("busy", "busy"),
    ("sensor_error", "sensor_error"),
    ("stale", "refused"),
    ("bad_request", "refused"),
]


@pytest.mark.parametrize(
    ("kind", "command"), [(ISSUE_SENSOR_CHANGED, "accept_sensor"), (ISSUE_SENSOR_FULL, "delete")]
)
@pytest.mark.parametrize(("refusal", "error"), _REFUSALS)
async def test_a_refusal_of_the_reader_is_shown_and_can_be_retried(
    home: RepairsHome, kind: str, command: str, refusal: str, error: str
) -> None:
    home.anna = await home.enrolled()
    await home.trouble(kind)
    form = await home.open(kind)
    data = {"slots": [options(form)["Anna (5)"]]} if kind == ISSUE_SENSOR_FULL else {}
    stored = dict(home.reader.stored)
    home.reader.refuses[command] = refusal
    form = await home.submit(form, **data)
    assert (form["type"], form["errors"]) == ("form", {"base": error})
    assert home.reader.stored == stored
    assert await home.names() == ["Anna"]
    assert home.raised() == {kind}
    home.reader.refuses.clear()
    assert (await home.submit(form, **data))["type"] == "create_entry"
    assert kind not in home.raised()


@pytest.mark.parametrize("kind", [kind for kind in FIXABLE if kind != ISSUE_FINGERPRINTS_MISSING])
async def test_a_silent_reader_is_an_error_and_can_be_retried(home: RepairsHome, kind: str) -> None:
    await home.trouble(kind)
    form = await home.open(kind)
    data = {"slots": [options(form)["? (1)"]]} if kind == ISSUE_SENSOR_FULL else {}
    before, stored = dict(home.entry.data), dict(home.reader.stored)
    home.reader.silent = home.stranger.silent = True
    async with impatience(home):
        form = await home.submit(form, **data)
    assert (form["type"], form["errors"]) == ("form", {"base": "reader_unreachable"})
    assert home.raised() == {kind}
    assert home.entry.data == before
    assert home.reader.stored == stored
    home.reader.silent = False
    home.reader.identity["features"] = FEATURES
    result = await home.submit(form, **data)
    assert (result["type"], result.get("errors")) == ("create_entry", None)
    assert home.raised() == set()
