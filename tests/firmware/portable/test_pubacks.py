"""A broker that sends and never reads."""

from fpreader.mqtt_session import MOST_WAITING, MqttSession, MqttSessionError
from tests.firmware.portable.broker import BASE, Broker, publish


def test_acknowledgements_that_nobody_takes_do_not_fill_the_memory() -> None:
    session = MqttSession(BASE, "d", None, None, b"{}", (), bytes)
    broker = Broker(session)
    broker.open()
    try:
        for _ in range(10_000):
            broker.say(publish("command", b"{}", qos=1))
    except MqttSessionError:
        pass
    assert len(session._waiting) <= MOST_WAITING
