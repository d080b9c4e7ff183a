"""Dropped messages: one line in the log for each topic and cause a minute, with a count."""

from typing import TYPE_CHECKING
from unittest.mock import Mock

import pytest

from custom_components.biometric_enroll.client.complaints import Complaints

if TYPE_CHECKING:
    from tests.support.home import Home
    from tests.support.reader import FakeReader

_GARBAGE = (b"offline", b"{}", b'{"v":1}', b"[" * 100, b"x" * 5000, b"y" * 5001)


def _warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelname == "WARNING" and record.name.startswith("custom_components")
    ]


async def test_many_messages_without_sense_make_one_line_for_each_topic_and_cause(
    home: Home, reader: FakeReader, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.clear()
    for _ in range(30):
        for payload in _GARBAGE:
            reader.say_bytes("templates", payload)
    reader.say_bytes("status", b"offline")
    told = _warnings(caplog)
    where = "Bad message on biometric/front_door"
    assert sorted(told) == [
        f"{where}/status: not JSON in UTF-8",
        f"{where}/templates: key count is missing",
        f"{where}/templates: key v is missing",
        f"{where}/templates: more than 4096 bytes",
        f"{where}/templates: not JSON in UTF-8",
    ]
    caplog.clear()
    await home.unload()
    where = "more bad messages on biometric/front_door/templates"
    assert sorted(_warnings(caplog)) == [
        f"29 {where}: key count is missing",
        f"29 {where}: key v is missing",
        f"59 {where}: more than 4096 bytes",
        f"59 {where}: not JSON in UTF-8",
    ]


def test_the_count_is_told_each_minute_for_as_long_as_there_are_more(
    caplog: pytest.LogCaptureFixture,
) -> None:
    loop = Mock()
    complaints = Complaints(loop)

    def minute_is_over() -> None:
        seconds, call, *arguments = loop.call_later.call_args.args
        assert seconds == 60
        loop.call_later.reset_mock()
        caplog.clear()
        call(*arguments)

    complaints.bad("a/status", "no")
    for _ in range(2):
        complaints.bad("a/status", "no")
    assert _warnings(caplog) == ["Bad message on a/status: no"]
    minute_is_over()
    assert _warnings(caplog) == ["2 more bad messages on a/status: no"]
    complaints.bad("a/status", "no")
    minute_is_over()
    assert _warnings(caplog) == ["1 more bad messages on a/status: no"]
    minute_is_over()
    assert _warnings(caplog) == []
    # From now on at once again.
    complaints.bad("a/status", "no")
    assert _warnings(caplog) == ["Bad message on a/status: no"]


@pytest.mark.parametrize("topic", ["status", "templates", "enroll/response"])
async def test_an_emptied_retained_topic_is_no_garbage(
    home: Home, reader: FakeReader, caplog: pytest.LogCaptureFixture, topic: str
) -> None:
    caplog.clear()
    reader.say_bytes(topic, b"", retain=True)
    await home.settle()
    assert _warnings(caplog) == []
    assert home.available
