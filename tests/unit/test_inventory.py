"""Lists of the templates in a sensor: when they are requested, and invalid ones."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.reader import list_page
from tests.support.reader_publications import new_id

if TYPE_CHECKING:
    from tests.support.home import Home
    from tests.support.reader import FakeReader

ONE, OTHER = "1b7d4e90c2a3f586", "9f2c01ab44d0e1f7"


def answer_pages(reader: FakeReader, *pages: dict[str, Any]) -> None:
    """Let the reader answer each list with the next of these pages, the last for ever."""
    obey, left = reader.on_request, list(pages)

    def answer(request: dict[str, Any]) -> None:
        if request.get("command") == "list":
            page = left.pop(0) if len(left) > 1 else left[0]
            reader.answer(request["request"], page)
        else:
            obey(request)

    reader.on_request = answer  # type: ignore[method-assign]


# When it is listed


async def test_a_sensor_is_listed_once_and_then_only_when_it_has_changed(
    home: Home, reader: FakeReader
) -> None:
    await home.settle()
    assert len(reader.heard_of("list")) == 1
    for _ in range(3):
        reader.announce()
        await home.look()
    assert len(reader.heard_of("list")) == 1
    reader.hold(7, ONE)
    await home.settle()
    assert len(reader.heard_of("list")) == 2
    assert home.unnamed_slots == [1, 2, 3, 7]
    assert await home.unnamed() == {1: None, 2: None, 3: None, 7: ONE}


async def test_after_a_restart_it_is_listed_once(home: Home, reader: FakeReader) -> None:
    await home.enrolled()
    before = len(reader.heard_of("list"))
    await home.restart()
    assert len(reader.heard_of("list")) == before + 1
    assert home.unnamed_slots == [1, 2, 3]


async def test_a_change_that_only_hello_tells_of_is_seen(home: Home, reader: FakeReader) -> None:
    reader.speechless = True
    reader.hold(7, ONE)
    reader.speechless = False
    await home.look()
    assert home.unnamed_slots == [1, 2, 3, 7]


async def test_a_revision_that_goes_back_to_an_old_one_is_listed_again(
    home: Home, reader: FakeReader
) -> None:
    before = reader.templates
    reader.hold(7, ONE)
    await home.settle()
    del reader.stored[7]
    reader.templates = before
    reader.announce()
    await home.settle()
    assert home.unnamed_slots == [1, 2, 3]


async def test_a_firmware_that_cannot_list_is_not_asked(new_home: Home, reader: FakeReader) -> None:
    new_home.offer(["led"])
    await new_home.set_up()
    reader.hold(7, ONE)
    await new_home.settle()
    assert new_home.available
    assert reader.heard_of("list") == []
    assert new_home.unnamed_slots == []


async def test_a_sensor_that_has_never_answered_is_not_listed_until_it_does(
    new_home: Home, reader: FakeReader
) -> None:
    whole = reader.templates
    reader.templates = {
        **whole,
        "capacity": None,
        "count": None,
        "revision": None,
        "sensor_error": "not_responding",
    }
    await new_home.set_up()
    assert reader.heard_of("list") == []
    reader.templates = whole
    reader.announce()
    await new_home.settle()
    assert new_home.unnamed_slots == [1, 2, 3]


# Pages


async def test_a_long_list_comes_in_several_pages(home: Home, reader: FakeReader) -> None:
    await home.settle()
    reader.page = 2
    reader.hold(900, ONE)
    await home.settle()
    assert [request["first"] for request in reader.heard_of("list")[1:]] == [0, 3]
    assert home.unnamed_slots == [1, 2, 3, 900]


async def test_a_page_of_another_revision_restarts_the_list(home: Home, reader: FakeReader) -> None:
    """Anna's template moves while the pages are requested, so that it is on neither of them."""
    anna = await home.enrolled()
    reader.page = 3
    obey, firsts = reader.on_request, []

    def move_between_pages(request: dict[str, Any]) -> None:
        if request.get("command") == "list":
            firsts.append(request["first"])
            if request["first"] > 0 and 5 in reader.stored:
                reader.stored[0] = reader.stored.pop(5)
                reader.templates = {**reader.templates, "revision": new_id()}
        obey(request)

    reader.on_request = move_between_pages  # type: ignore[method-assign]
    seen: list[str | None] = []
    stop = home.entry.runtime_data.async_add_listener(lambda: seen.append(home.missing()))
    reader.hold(7, ONE)
    await home.settle()
    stop()
    assert firsts == [0, 5, 0, 3]
    assert set(seen) == {None}
    assert await home.named() == {0: "Anna"}
    assert await home.unnamed() == {1: None, 2: None, 3: None, 7: ONE}
    assert anna not in (await home.unnamed()).values()


async def test_a_list_that_changes_all_the_time_is_given_up_until_the_next_change(
    home: Home, reader: FakeReader
) -> None:
    await home.enrolled()
    reader.templates = {**reader.templates, "revision": new_id()}
    told = reader.templates["revision"]
    answer_pages(
        reader,
        *(
            each
            for _ in range(3)
            for each in (list_page(told, [[1, new_id()]], 2), list_page(new_id(), [[2, new_id()]]))
        ),
        list_page(told, []),
    )
    before = len(reader.heard_of("list"))
    reader.say("templates", reader.templates, retain=True)
    await home.settle()
    assert len(reader.heard_of("list")) == before + 6
    assert home.missing() is None
    assert await home.named() == {5: "Anna"}
    assert home.unnamed_slots == [1, 2, 3]


NONSENSE: dict[str, list[dict[str, Any]]] = {
    "an id twice on one page": [list_page(OTHER, [[1, ONE], [2, ONE]])],
    "an id twice on two pages": [
        list_page(OTHER, [[1, ONE], [2, None]], 3),
        list_page(OTHER, [[3, None], [5, ONE]]),
    ],
    "fewer than the reader counts": [list_page(OTHER, [[1, None], [2, None], [3, None]])],
    "more than the reader counts": [list_page(OTHER, [[slot, None] for slot in range(1, 6)])],
    "a page from before its first slot": [
        list_page(OTHER, [[4, ONE]], 5),
        list_page(OTHER, [[3, None]]),
    ],
    "a slot twice": [list_page(OTHER, [[1, ONE], [1, None]])],
    "slots in the wrong order": [list_page(OTHER, [[2, ONE], [1, None]])],
    "a next page that has been before": [list_page(OTHER, [[2, ONE]], 2)],
    "an empty page that is not the last": [list_page(OTHER, [], 7)],
    "no page at all": [{}],
    "more than a page may hold": [list_page(OTHER, [[slot, None] for slot in range(65)])],
}


@pytest.mark.parametrize("pages", NONSENSE.values(), ids=NONSENSE)
async def test_an_invalid_list_only_causes_one_line_in_the_log(
    home: Home, reader: FakeReader, caplog: pytest.LogCaptureFixture, pages: list[dict[str, Any]]
) -> None:
    await home.enrolled()
    obey = reader.on_request
    answer_pages(reader, *pages)
    before = len(reader.heard_of("list"))
    caplog.clear()
    reader.say("templates", {**reader.templates, "revision": OTHER})
    reader.templates = {**reader.templates, "revision": OTHER}
    await home.settle()
    await home.look()
    warnings = [record for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) == 1
    # A repeated request would have the same result.
    assert len(reader.heard_of("list")) == before + len(pages)
    assert home.available
    assert home.missing() is None
    assert await home.named() == {5: "Anna"}
    assert home.unnamed_slots == [1, 2, 3]
    reader.on_request = obey  # type: ignore[method-assign]
    reader.hold(7, ONE)
    await home.settle()
    assert home.unnamed_slots == [1, 2, 3, 7]


async def test_a_restarted_reader_is_listed_although_its_last_list_was_invalid(
    home: Home, reader: FakeReader
) -> None:
    """Its firmware may be another one; what the sensor holds is the same."""
    obey = reader.on_request
    answer_pages(reader, list_page(OTHER, [[1, ONE], [1, None]]))
    reader.hold(7, ONE)
    await home.settle()
    assert home.unnamed_slots == [1, 2, 3]
    reader.on_request = obey  # type: ignore[method-assign]
    reader.forget()
    await home.look()
    assert home.unnamed_slots == [1, 2, 3, 7]


async def test_a_reader_that_falls_silent_in_the_middle_of_its_list_is_listed_when_it_is_back(
    home: Home, reader: FakeReader, anna: str, impatient: None
) -> None:
    reader.page = 3
    obey = reader.on_request

    def lose_power(request: dict[str, Any]) -> None:
        if request.get("command") == "list" and request["first"] > 0:
            reader.silent = True
        else:
            obey(request)

    reader.on_request = lose_power  # type: ignore[method-assign]
    reader.hold(7, ONE)
    await home.until(lambda: not home.available)
    await home.settle()
    assert home.missing() is None
    assert await home.named() == {5: "Anna"}
    assert await home.unnamed() == {1: None, 2: None, 3: None}
    reader.on_request = obey  # type: ignore[method-assign]
    reader.announce()
    await home.until(lambda: home.available and home.unnamed_slots == [1, 2, 3, 7])


async def test_a_refused_list_changes_nothing_and_raises_nothing(
    home: Home, reader: FakeReader
) -> None:
    await home.enrolled()
    reader.refuses["list"] = "sensor_error"
    reader.lose(5)
    await home.settle()
    assert home.missing() is None
    assert await home.named() == {5: "Anna"}
    reader.refuses.clear()
    await home.look()
    assert home.missing() == "- Anna (5)"
    assert home.state("sensor", "stored_fingerprints").attributes["missing"] == 1
