"""A restart that was asked for forgets no touch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.firmware import test_reader_process as process
from tests.firmware.test_reader_process import BEN, touch

if TYPE_CHECKING:
    from tests.firmware.reader_process import FakeHomeAssistant, Reader

broker, reader, home = process.broker, process.reader, process.home


def test_a_touch_right_before_a_restart_is_not_forgotten(
    reader: Reader, home: FakeHomeAssistant
) -> None:
    nonce = home.hello()["nonce"]
    one = touch(home, reader, BEN)
    assert home.ask("command", command="restart", nonce=nonce).payload["ok"]
    assert reader.process is not None
    assert reader.process.wait(5) == 3
    since = home.mark()
    reader.start()
    home.wait("status", lambda one: one["online"], since)
    assert home.hello()["journal"] == 1
    again = home.wait("fingerprint", lambda _: True, since).payload
    assert again["touch"] == one["touch"]
