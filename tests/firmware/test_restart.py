"""A restart that was asked for forgets no touch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.firmware import test_reader_process as process
from tests.firmware.test_reader_process import BEN, touch

if TYPE_CHECKING:
    from tests.firmware.stage import House, Reader

broker, reader, house = process.broker, process.reader, process.house


def test_a_touch_right_before_a_restart_is_not_forgotten(reader: Reader, house: House) -> None:
    nonce = house.hello()["nonce"]
    one = touch(house, reader, BEN)
    assert house.ask("command", command="restart", nonce=nonce).payload["ok"]
    assert reader.process is not None
    assert reader.process.wait(5) == 3
    since = house.mark()
    reader.start()
    house.wait("status", lambda one: one["online"], since)
    assert house.hello()["journal"] == 1
    again = house.wait("fingerprint", lambda _: True, since).payload
    assert again["touch"] == one["touch"]
