"""A broker that sends and never reads."""

from fpreader.link import MOST_WAITING, Link, LinkError
from tests.firmware.portable.broker import BASE, Broker, publish


def test_acknowledgements_that_nobody_takes_do_not_fill_the_memory() -> None:
    link = Link(BASE, "d", None, None, b"{}", (), bytes)
    broker = Broker(link)
    broker.open()
    try:
        for _ in range(10_000):
            broker.say(publish("command", b"{}", qos=1))
    except LinkError:
        pass
    assert len(link._waiting) <= MOST_WAITING
