"""Malformed messages on any topic at any time are dropped with one line in the log.

That nothing raises is checked by `no_error_is_logged`: Home Assistant logs what a callback raises.
"""

import json
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.reader_publications import new_id

if TYPE_CHECKING:
    from tests.support.home import Home
    from tests.support.reader import FakeReader

_MESSAGES = 300
_TOPICS = ("status", "templates", "enroll/response", "fingerprint", "command/response")
_ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    2**16,
    10**400,
    1e308,
    float("nan"),
    "",
    "\ud800",
    "completed",
    "0" * 16,
    "x" * 5000,
    [],
    [[]] * 99,
    {},
    {"attempts": 1},
)


def _spoil(rng: Random, value: Any) -> Any:
    """Return a message in which one value is wrong."""
    if not isinstance(value, dict) or not value or rng.random() < 1 / 10:
        return rng.choice(_ODD)
    key = rng.choice(list(value))
    if rng.random() < 1 / 5:
        return {other: value[other] for other in value if other != key}
    return {**value, key: _spoil(rng, value[key])}


def _bytes(rng: Random, message: dict[str, Any]) -> bytes:
    payload = json.dumps(message).encode()
    how = rng.random()
    if how < 1 / 20:
        return payload[: rng.randrange(len(payload))]
    if how < 1 / 10:
        return rng.randbytes(rng.randrange(100))
    if how < 1 / 8:
        return rng.choice((b"[" * 4096, b'{"v":' * 800, b"\xef\xbb\xbf" + payload))
    return payload


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("enrolling", [False, True])
async def test_whatever_comes_on_any_topic_raises_nothing_and_names_nobody(
    home: Home, reader: FakeReader, caplog: pytest.LogCaptureFixture, seed: int, enrolling: bool
) -> None:
    rng = Random(seed)  # noqa: S311 - it has to be the same each time
    if enrolling:
        await home.enroll()
    for _ in range(_MESSAGES):
        whole = _whole(reader)
        topic = rng.choice(_TOPICS)
        message = {"v": 1, **whole[rng.choice((topic, topic, rng.choice(_TOPICS)))]}
        for _ in range(rng.choice((0, 1, 1, 2))):
            spoiled = _spoil(rng, message)
            message = spoiled if isinstance(spoiled, dict) else {"v": spoiled}
        caplog.clear()
        reader.say_bytes(topic, _bytes(rng, message), retain=rng.random() < 1 / 4)
        dropped = [each for each in caplog.records if "Dropped" in each.getMessage()]
        assert len(dropped) <= 1
        ours = [each for each in caplog.records if each.name.startswith("custom_components")]
        assert not any("Anna" in each.getMessage() for each in ours)
    reader.announce()
    await home.settle()
    assert home.available


def _whole(reader: FakeReader) -> dict[str, dict[str, Any]]:
    """Return a valid message for each topic."""
    touch = {
        "touch": new_id(),
        "boot": reader.boot,
        "at_ms": reader.uptime_ms,
        "result": "identified",
        "slot": 5,
        "template_id": reader.enrollment["template_id"] or new_id(),
        "confidence": 143,
        "reason": None,
        "count": 1,
    }
    last = reader.heard[-1]["request"]
    return {
        "status": {"online": True, **reader.identity},
        "templates": reader.templates,
        "enroll/response": reader.enrollment,
        "fingerprint": touch,
        "command/response": {"request": last, "ok": True, "result": reader.hello()},
    }


@pytest.mark.parametrize("uptime_ms", [2**42, 2**42 + 1, 2**53])
async def test_an_uptime_of_centuries_raises_nothing(
    home: Home, reader: FakeReader, uptime_ms: int
) -> None:
    """No date is so long ago, nor comes so late."""
    touch = reader.touch(await home.enrolled(), at_ms=uptime_ms)
    await reader.until(lambda: reader.acked == [touch])
    reader.forward(uptime_ms / 1000)
    said = len(reader.heard_of("hello"))
    reader.announce()
    await reader.hears("hello", said + 1)
    await home.settle()
