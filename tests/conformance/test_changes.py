"""`list` and what changes the templates and settings; touches nothing that others have enrolled."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import pytest

from tests.conformance.hands import OTHER
from tests.conformance.steps import enroll

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conformance.hands import Hands
    from tests.conformance.wire import Wire

LIST = "`list` (topic `command`)"
DELETE = "`delete` (topic `command`)"
ADOPT = "`adopt` (topic `command`)"
SETTINGS = "`settings` (topic `command`)"
CHANGES = "Changes: `delete`, `adopt`, `accept_sensor`, `settings` (topic `command`)"


@pytest.mark.section(LIST)
def test_the_list_is_of_the_revision_and_count_that_hello_tells(
    wire: Wire, enrolled: str, needs: Callable[..., None]
) -> None:
    needs("list")
    revision, held = wire.whole_list()
    templates = wire.hello()["templates"]
    assert (templates["revision"], templates["count"]) == (revision, len(held))


@pytest.mark.section(LIST)
def test_a_list_from_beyond_the_last_template_is_empty_and_the_last_page(
    wire: Wire, needs: Callable[..., None]
) -> None:
    needs("list")
    page = wire.command("list", first=65535)["result"]
    assert (page["templates"], page["next"]) == ([], None)


@pytest.mark.section(LIST)
@pytest.mark.parametrize("first", [-1, 65536, None, "0", 0.5, True], ids=str)
def test_a_list_from_no_slot_is_a_bad_request(
    wire: Wire, needs: Callable[..., None], first: Any
) -> None:
    needs("list")
    assert wire.command("list", first=first).get("error") == "bad_request"
    assert wire.command("list").get("error") == "bad_request"


@pytest.mark.section(DELETE)
def test_a_delete_hits_only_the_template_that_it_names(
    wire: Wire, enrolled: str, needs: Callable[..., None]
) -> None:
    needs("list", "delete")
    before = wire.whole_list()
    slot = next(slot for slot, one in before[1].items() if one == enrolled)
    free = next(slot for slot in range(65535) if slot not in before[1])
    beyond = wire.hello()["templates"]["capacity"]
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"slot": slot, "template_id": secrets.token_hex(8)}, "not_found"),
        ({"slot": free, "template_id": enrolled}, "not_found"),
        ({"slot": slot, "template_id": None, "revision": before[0]}, "not_found"),
        ({"slot": slot, "template_id": None}, "bad_request"),
        ({"slot": slot}, "bad_request"),
        ({"slot": beyond, "template_id": enrolled}, "bad_request"),
    ]
    for message, error in wrong:
        assert wire.change("delete", **message).get("error") == error, message
    assert wire.whole_list() == before


@pytest.mark.section(DELETE)
def test_a_delete_makes_a_new_revision_and_is_published(
    wire: Wire, hands: Hands, needs: Callable[..., None]
) -> None:
    needs("list", "delete")
    before = wire.whole_list()
    template_id = enroll(wire, hands, OTHER)
    slot = next(slot for slot, one in wire.whole_list()[1].items() if one == template_id)
    since = wire.mark()
    request = {"v": 1, "request": secrets.token_hex(8), "command": "delete", "slot": slot}
    request |= {"template_id": template_id, "nonce": wire.hello()["nonce"]}
    answer = wire.request("command", request).payload
    assert answer["ok"], answer
    wire.wait("templates", lambda one: one["revision"] == answer["result"]["revision"], since)
    assert wire.whole_list() == before
    # A repeat is not done again.
    assert wire.request("command", request).payload == answer


@pytest.mark.section(ADOPT)
def test_only_a_listed_template_without_an_id_is_adopted(
    wire: Wire, enrolled: str, needs: Callable[..., None]
) -> None:
    needs("list", "adopt")
    revision, held = wire.whole_list()
    slot = next(slot for slot, one in held.items() if one == enrolled)
    free = next(slot for slot in range(65535) if slot not in held)
    new = secrets.token_hex(8)
    for wanted in (slot, free):
        message = {"slot": wanted, "template_id": new, "revision": revision}
        assert wire.change("adopt", **message).get("error") == "not_found"
    for wrong in ({"slot": slot, "template_id": new}, {"slot": slot, "revision": revision}):
        assert wire.change("adopt", **wrong).get("error") == "bad_request"
    assert wire.whole_list() == (revision, held)


@pytest.mark.section(CHANGES)
@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("delete", {"slot": 0, "template_id": "0" * 16}),
        ("adopt", {"slot": 0, "template_id": "0" * 16, "revision": "0" * 16}),
        ("accept_sensor", {}),
        ("settings", {"identification": True}),
        ("restart", {}),
    ],
)
def test_a_change_needs_a_nonce_and_a_wrong_form_uses_none_up(
    wire: Wire, needs: Callable[..., None], command: str, message: dict[str, Any]
) -> None:
    if command != "restart":
        needs(command)
    wire.hello()
    assert wire.command(command, **message).get("error") == "stale"
    assert wire.command(command, nonce=secrets.token_hex(8), **message).get("error") == "stale"
    assert wire.command(command, nonce="0" * 17, **message).get("error") == "bad_request"


@pytest.mark.section("`accept_sensor` (topic `command`)")
def test_a_sensor_that_has_not_changed_cannot_be_accepted(
    wire: Wire, needs: Callable[..., None]
) -> None:
    needs("accept_sensor")
    assert wire.change("accept_sensor").get("error") == "bad_request"


@pytest.mark.section(SETTINGS)
@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"identification": None},
        {"identification": 1},
        {"security_level": 0},
        {"security_level": 6},
        {"led_color": "ultraviolet"},
    ],
    ids=str,
)
def test_settings_that_cannot_be_are_a_bad_request(
    wire: Wire, needs: Callable[..., None], wrong: dict[str, Any]
) -> None:
    needs("settings")
    before = wire.hello()["settings"]
    assert wire.change("settings", **wrong).get("error") == "bad_request"
    assert wire.hello()["settings"] == before


@pytest.mark.section(SETTINGS)
def test_settings_are_answered_with_all_of_them_and_told_by_hello(
    wire: Wire, needs: Callable[..., None]
) -> None:
    needs("settings")
    before = wire.hello()["settings"]
    answer = wire.change("settings", security_level=before["security_level"], identification=True)
    assert answer["result"] == wire.hello()["settings"] == {**before, "identification": True}
