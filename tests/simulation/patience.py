"""Hours in which nothing happens, without the pings that would be most of their work."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING
from unittest.mock import patch

from fpreader import mqtt_session
from tests.simulation import board, client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.simulation.broker import Broker

#: Seconds between two pings, and between two looks at a sensor to which nothing happens.
_QUIET_S = 600


@contextlib.contextmanager
def quiet_line(broker: Broker) -> Iterator[None]:
    """Have readers and Home Assistant ping seldom, and the broker not mind.

    The broker minds no silence afterwards either: a ping may be as far away as before. All the
    rest goes on: hellos every ten minutes, clocks that drift, the colours of the light.
    """
    broker.patient = True
    with (
        patch.object(mqtt_session, "PING_MS", _QUIET_S * 1000),
        patch.object(client, "KEEPALIVE_S", _QUIET_S),
        patch.object(board, "IDLE_S", float(_QUIET_S)),
    ):
        yield
