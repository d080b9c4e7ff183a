"""One MQTT session's decisions, with a broker that has no socket and a clock that has no time."""

from fpreader.link import (
    ANSWER_MS,
    FIRST_RETRY_MS,
    LAST_RETRY_MS,
    MOST_WAITING,
    PING_MS,
    Link,
    LinkError,
)
from fpreader.mqtt_packets import MalformedError
from tests.firmware.portable.broker import BASE, CONNECT, PINGREQ, PUBACK, Broker, packet, publish

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

RETAINED = ("status", "templates", "enroll/response")


class World:
    """A link whose retained topics say which version of the truth they are of."""

    def __init__(self, jitter: int = 0) -> None:
        self.version = 1
        self.asked = 0
        self.link = Link(
            BASE,
            "a1b2c3",
            "reader",
            "secret",
            b"gone",
            tuple((topic, self.value) for topic in RETAINED),
            lambda _: bytes((jitter,)),
        )
        self.broker = Broker(self.link)

    def value(self) -> bytes:
        self.asked += 1
        return b"%d" % self.version


def opened() -> World:
    """Make a link that is connected and has nothing left to publish."""
    world = World()
    world.broker.open()
    world.broker.acknowledge()
    assert world.broker.taken() == []
    return world


def fails(call: "Callable[[], Any]") -> bool:
    try:
        call()
    except (LinkError, MalformedError):
        return True
    return False


def payloads(world: World) -> "list[tuple[str, bytes]]":
    return [(topic, payload) for topic, payload, _, _ in world.broker.taken()]


def test_nothing_is_published_before_the_subscription_is_acknowledged() -> None:
    world = World()
    world.link.opened(0)
    world.broker.look()
    ((kind, _, body),) = world.broker.other
    assert kind == CONNECT
    assert b"a1b2c3" in body
    assert b"biometric/front_door/status" in body
    world.broker.say(b"\x20\x02\x00\x00")
    world.broker.look()
    _, (_, _, subscription) = world.broker.other
    for topic in ("enroll/request", "command", "status"):
        assert (BASE + topic).encode() in subscription
    assert not world.link.ready
    assert not world.link.publish("fingerprint", b"lost")
    assert world.broker.taken() == []
    world.broker.say(packet(0x90, subscription[:2] + b"\x01\x01\x01"))
    assert world.link.ready
    published = world.broker.taken()
    assert [(topic, retained) for topic, _, retained, _ in published] == [
        (topic, True) for topic in RETAINED
    ]
    assert all(ident for _, _, _, ident in published)


def test_each_connection_publishes_all_retained_topics_anew() -> None:
    world = opened()
    for _ in range(2):  # the second time nothing of the first was acknowledged
        world.link.closed()
        world.broker.open()
        assert [topic for topic, _ in payloads(world)] == list(RETAINED)


def test_half_a_packet_of_the_session_before_does_not_confuse_the_next() -> None:
    world = opened()
    world.broker.say(publish("command", b"cut off")[:-3])
    world.link.closed()
    world.broker.open()
    assert world.link.ready


def test_nothing_is_sent_without_a_connection() -> None:
    world = opened()
    assert world.link.publish("command/response", b"void")
    world.link.closed()
    assert not world.link.ready
    assert world.link.idle
    assert not world.link.publish("command/response", b"lost")


def test_a_retained_topic_has_one_publish_in_flight_and_then_the_newest_value() -> None:
    world = opened()
    world.link.changed("templates")
    ((_, payload, _, ident),) = world.broker.taken()
    assert payload == b"1"
    for version in (2, 3, 4):
        world.version = version
        world.link.changed("templates")
        assert world.broker.taken() == []
    world.link.changed("status")
    assert payloads(world) == [("status", b"4")]
    assert ident is not None
    world.broker.say(packet(0x40, bytes((ident >> 8, ident & 255))))
    assert payloads(world) == [("templates", b"4")]


def test_a_payload_is_asked_for_when_it_leaves_not_when_it_changes() -> None:
    world = opened()
    asked = world.asked
    world.link.changed("enroll/response")
    world.version = 2
    assert world.asked == asked
    assert payloads(world) == [("enroll/response", b"2")]


def test_what_changed_while_the_broker_was_away_is_published_once() -> None:
    world = World()
    world.link.changed("templates")
    world.link.changed("templates")
    world.broker.open()
    assert [topic for topic, _ in payloads(world)] == list(RETAINED)
    assert world.broker.taken() == []


def test_a_publish_without_acknowledgement_ends_the_session() -> None:
    world = opened()
    world.broker.now = 5000
    world.link.changed("templates")
    world.broker.taken()
    # Whatever else the broker still does.
    world.broker.now = 5000 + ANSWER_MS - 1
    world.broker.taken()
    world.broker.say(b"\xd0\x00")
    assert world.link.wait_ms(5000 + ANSWER_MS - 1) == 1
    world.broker.now = 5000 + ANSWER_MS
    assert fails(world.broker.look)


def test_an_acknowledgement_of_something_else_counts_for_nothing() -> None:
    world = opened()
    world.link.changed("templates")
    ((_, _, _, ident),) = world.broker.taken()
    assert ident is not None
    world.broker.say(packet(0x40, bytes((0xFF, 0xFF))))
    world.link.changed("templates")
    assert world.broker.taken() == []
    world.broker.now = ANSWER_MS
    assert fails(world.broker.look)


def test_a_broker_that_does_not_answer_the_connect_or_the_subscription_is_left() -> None:
    world = World()
    world.link.opened(0)
    world.broker.look()
    world.broker.now = ANSWER_MS
    assert fails(world.broker.look)
    world.link.closed()
    world.link.opened(ANSWER_MS)
    world.broker.look()
    world.broker.now = ANSWER_MS + 3000
    world.broker.say(b"\x20\x02\x00\x00")
    world.broker.now = 2 * ANSWER_MS + 2999
    world.broker.look()
    world.broker.now = 2 * ANSWER_MS + 3000
    assert fails(world.broker.look)


def test_a_refusal_ends_the_session_and_says_why() -> None:
    world = World()
    world.link.opened(0)
    world.broker.look()
    said = ""
    try:
        world.broker.say(b"\x20\x02\x00\x04")
    except LinkError as error:
        said = str(error)
    assert "password" in said
    world.link.closed()
    world.link.opened(0)
    world.broker.look()
    world.broker.say(b"\x20\x02\x00\x00")
    assert fails(lambda: world.broker.say(packet(0x90, b"\x00\x01\x01\x80\x01")))
    world.link.closed()
    world.link.opened(0)
    world.broker.look()
    world.broker.say(b"\x20\x02\x00\x00")
    assert fails(lambda: world.broker.say(b"\xd0\x00"))


def test_pings_go_out_often_enough_and_have_to_be_answered() -> None:
    world = opened()
    world.broker.other = []
    assert world.link.wait_ms(4000) == PING_MS - 4000
    world.broker.now = PING_MS
    world.broker.look()
    assert world.broker.other == [(PINGREQ, 0, b"")]
    world.broker.say(b"\xd0\x00")
    world.broker.now = 2 * PING_MS
    world.broker.look()
    assert len(world.broker.other) == 2
    world.broker.now = 2 * PING_MS + ANSWER_MS
    assert fails(world.broker.look)


def test_a_broker_that_only_sends_but_no_longer_answers_is_left() -> None:
    """A half-dead broker would else keep the reader for as long as it has something to say."""
    world = opened()
    for now in range(1000, PING_MS + ANSWER_MS, 1000):
        world.broker.now = now
        world.broker.look()
        world.broker.say(publish("command", b"{}"))
    world.broker.now = PING_MS + ANSWER_MS
    assert fails(world.broker.look)


def test_the_wait_before_the_next_connection_doubles_up_to_a_minute() -> None:
    world = World()
    waits = [world.link.retry_ms() for _ in range(9)]
    assert waits == [1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000]
    assert waits[0] == FIRST_RETRY_MS
    assert waits[-1] == LAST_RETRY_MS


def test_jitter_makes_the_wait_shorter_by_at_most_a_quarter() -> None:
    world = World(jitter=255)
    assert 750 <= world.link.retry_ms() < 760


def test_only_a_session_that_got_as_far_as_the_subscription_ends_the_waiting() -> None:
    world = World()
    for _ in range(4):
        world.link.retry_ms()
    world.link.opened(0)
    world.broker.look()
    world.broker.say(b"\x20\x02\x00\x00")
    world.link.closed()
    assert world.link.retry_ms() == 16000
    world.broker.open()
    world.link.closed()
    assert world.link.retry_ms() == FIRST_RETRY_MS


def test_messages_on_the_readers_topics_are_handed_over() -> None:
    world = opened()
    data = (
        publish("enroll/request", b"1")
        + publish("command", b"2", retain=True)
        + publish("status", b"3", qos=1)
        + publish("elsewhere", b"4")
        + publish("command", b"x" * 5000)
    )
    assert world.broker.say(data) == [
        ("enroll/request", b"1", False),
        ("command", b"2", True),
        ("status", b"3", False),
        ("command", None, False),
    ]


def test_a_message_at_qos_1_is_acknowledged_also_when_it_is_too_long() -> None:
    world = opened()
    world.broker.other = []
    world.broker.say(publish("command", b"1", qos=1, packet_id=300))
    world.broker.say(publish("command", b"x" * 9000, qos=1, packet_id=301))
    world.broker.look()
    assert world.broker.other == [(PUBACK, 0, b"\x01\x2c"), (PUBACK, 0, b"\x01\x2d")]


def test_answers_do_not_pile_up_when_the_connection_takes_nothing() -> None:
    world = opened()
    sent = 0
    while world.link.publish("command/response", b"x" * 1000):
        sent += 1
    assert sent == MOST_WAITING // 1000 - 1 or sent == MOST_WAITING // 1000
    assert not world.link.idle
    assert len(world.broker.taken()) == sent
    assert world.link.idle
    assert world.link.publish("command/response", b"x")


def test_a_message_of_the_session_before_is_not_sent_in_the_next() -> None:
    world = opened()
    assert world.link.publish("command/response", b"old")
    world.link.closed()
    world.broker.open()
    assert b"old" not in [payload for _, payload in payloads(world)]


def test_a_wrong_status_is_corrected_but_not_more_than_once_a_second() -> None:
    world = opened()
    corrected = []
    for now in range(1000, 4000, 100):
        world.broker.now = now
        world.link.correct_status(now)
        if world.broker.taken():
            corrected.append(now)
            world.broker.say(packet(0x40, bytes((0, world.link._packet_id))))
    assert corrected == [1000, 2000, 3000]


def test_a_correction_that_had_to_wait_is_not_forgotten() -> None:
    world = opened()
    world.broker.now = 1000
    world.link.correct_status(1000)
    world.broker.acknowledge()
    world.link.correct_status(1100)
    assert world.broker.taken() == []
    assert world.link.wait_ms(1100) == 900
    world.broker.now = 2000
    assert [topic for topic, _ in payloads(world)] == ["status"]


def test_what_cannot_be_understood_ends_the_session() -> None:
    for data in (b"\x00\x00", b"\x20\x02\x00\x00", b"\x90\x03\x00\x01\x01", b"\x34\x02\x00\x00"):
        world = opened()
        assert fails(lambda: world.broker.say(data))  # noqa: B023 - called at once
