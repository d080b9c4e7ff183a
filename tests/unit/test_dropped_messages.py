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
    where = "Dropped a message on biometric/front_door"
    assert sorted(told) == [
        f"{where}/status: not JSON in UTF-8",
        f"{where}/templates: key count is missing",
        f"{where}/templates: key v is missing",
        f"{where}/templates: more than 4096 bytes",
        f"{where}/templates: not JSON in UTF-8",
    ]
    caplog.clear()
    await home.unload()
    where = "more messages on biometric/front_door/templates"
    assert sorted(_warnings(caplog)) == [
        f"Dropped 29 {where}: key count is missing",
        f"Dropped 29 {where}: key v is missing",
        f"Dropped 59 {where}: more than 4096 bytes",
        f"Dropped 59 {where}: not JSON in UTF-8",
    ]


async def test_many_touches_that_are_not_understood_make_one_line_for_each_cause(
    home: Home, reader: FakeReader, caplog: pytest.LogCaptureFixture
) -> None:
    """Each has an id of its own, and is acknowledged."""
    caplog.clear()
    sent = [reader.touch(count=0) for _ in range(30)]
    await reader.until(lambda: reader.acked == sent)
    where = "biometric/front_door/fingerprint: key count is not an integer from 1 to 65535"
    assert _warnings(caplog) == [f"Understood only a part of a message on {where}"]
    await home.unload()
    assert len(_warnings(caplog)) == 2
    assert _warnings(caplog)[1].startswith("Understood only a part of 29 more messages on")


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

    complaints.dropped("a/status", "no")
    for _ in range(2):
        complaints.dropped("a/status", "no")
    assert _warnings(caplog) == ["Dropped a message on a/status: no"]
    minute_is_over()
    assert _warnings(caplog) == ["Dropped 2 more messages on a/status: no"]
    complaints.dropped("a/status", "no")
    minute_is_over()
    assert _warnings(caplog) == ["Dropped 1 more messages on a/status: no"]
    minute_is_over()
    assert _warnings(caplog) == []
    # From now on at once again.
    complaints.dropped("a/status", "no")
    assert _warnings(caplog) == ["Dropped a message on a/status: no"]


@pytest.mark.parametrize("topic", ["status", "templates", "enroll/response"])
async def test_an_emptied_retained_topic_is_no_garbage(
    home: Home, reader: FakeReader, caplog: pytest.LogCaptureFixture, topic: str
) -> None:
    caplog.clear()
    reader.say_bytes(topic, b"", retain=True)
    await home.settle()
    assert _warnings(caplog) == []
    assert home.available
