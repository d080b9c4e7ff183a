"""One MQTT session's decisions, with a broker that has no socket and a clock that has no time."""

from fpreader.mqtt_packets import MalformedError
from fpreader.mqtt_session import (
    ANSWER_MS,
    CLOSED_AT_ONCE,
    FIRST_RETRY_MS,
    LAST_RETRY_MS,
    MOST_WAITING,
    PING_MS,
    MqttSessionError,
)
from tests.firmware.portable.broker import BASE, CONNECT, PINGREQ, PUBACK, packet, publish
from tests.firmware.portable.session_harness import RETAINED, SessionHarness, opened, payloads

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def fails(call: "Callable[[], Any]") -> bool:
    try:
        call()
    except (MqttSessionError, MalformedError):
        return True
    return False


def fails_at(harness: SessionHarness, now: int) -> bool:
    harness.broker.now = now
    return fails(harness.broker.look)


def test_an_alert_in_the_place_of_the_first_answer_is_taken_for_tls() -> None:
    alert = b"\x15\x03\x01\x00\x02\x02\x46"
    harness = SessionHarness()
    harness.session.opened(0)
    assert harness.session.unanswered
    said = ""
    try:
        harness.broker.say(alert)
    except MqttSessionError as error:
        said = str(error)
    assert said == CLOSED_AT_ONCE
    harness = opened()
    assert not harness.session.unanswered
    assert fails(lambda: harness.broker.say(alert))


def test_nothing_is_published_before_the_subscription_is_acknowledged() -> None:
    harness = SessionHarness()
    harness.session.opened(0)
    harness.broker.look()
    ((kind, _, body),) = harness.broker.other
    assert kind == CONNECT
    for text in (b"a1b2c3", b"reader", b"secret"):
        assert text in body
    assert b"biometric/front_door/status" in body
    keep_alive = body[8] << 8 | body[9]
    assert 5 <= keep_alive <= 30
    assert keep_alive * 1000 >= PING_MS
    harness.broker.say(b"\x20\x02\x00\x00")
    harness.broker.look()
    _, (_, _, subscription) = harness.broker.other
    for topic in ("enroll/request", "command", "status"):
        assert (BASE + topic).encode() in subscription
    assert not harness.session.ready
    assert not harness.session.publish("fingerprint", b"lost")
    assert harness.broker.taken() == []
    harness.broker.say(packet(0x90, subscription[:2] + b"\x01\x01\x01"))
    assert harness.session.ready
    published = harness.broker.taken()
    assert [(topic, retained) for topic, _, retained, _ in published] == [
        (topic, True) for topic in RETAINED
    ]
    assert all(ident for _, _, _, ident in published)


def test_each_connection_publishes_all_retained_topics_anew() -> None:
    harness = opened()
    for _ in range(2):  # the second time nothing of the first was acknowledged
        harness.session.closed()
        harness.broker.open()
        assert [topic for topic, _ in payloads(harness)] == list(RETAINED)


def test_half_a_packet_of_the_session_before_does_not_confuse_the_next() -> None:
    harness = opened()
    harness.broker.say(publish("command", b"cut off")[:-3])
    harness.session.closed()
    harness.broker.open()
    assert harness.session.ready


def test_nothing_is_sent_without_a_connection() -> None:
    harness = opened()
    assert harness.session.publish("command/response", b"void")
    harness.session.closed()
    assert not harness.session.ready
    assert harness.session.idle
    assert not harness.session.publish("command/response", b"lost")


def test_a_retained_topic_has_one_publish_in_flight_and_then_the_newest_value() -> None:
    harness = opened()
    harness.session.changed("templates")
    ((_, payload, _, ident),) = harness.broker.taken()
    assert payload == b"1"
    for version in (2, 3, 4):
        harness.version = version
        harness.session.changed("templates")
        assert harness.broker.taken() == []
    harness.session.changed("status")
    assert payloads(harness) == [("status", b"4")]
    assert ident is not None
    harness.broker.say(packet(0x40, bytes((ident >> 8, ident & 255))))
    assert payloads(harness) == [("templates", b"4")]


def test_a_payload_is_asked_for_when_it_leaves_not_when_it_changes() -> None:
    harness = opened()
    asked = harness.asked
    harness.session.changed("enroll/response")
    harness.version = 2
    assert harness.asked == asked
    assert payloads(harness) == [("enroll/response", b"2")]


def test_what_changed_while_the_broker_was_away_is_published_once() -> None:
    harness = SessionHarness()
    harness.session.changed("templates")
    harness.session.changed("templates")
    harness.broker.open()
    assert [topic for topic, _ in payloads(harness)] == list(RETAINED)
    assert harness.broker.taken() == []


def test_a_publish_without_acknowledgement_ends_the_session() -> None:
    harness = opened()
    harness.broker.now = 5000
    harness.session.changed("templates")
    harness.broker.taken()
    # Whatever else the broker still does.
    harness.broker.taken(5000 + ANSWER_MS - 1)
    harness.broker.say(b"\xd0\x00")
    assert harness.session.wait_ms(5000 + ANSWER_MS - 1) == 1
    assert fails_at(harness, 5000 + ANSWER_MS)


def test_an_acknowledgement_of_something_else_counts_for_nothing() -> None:
    harness = opened()
    harness.session.changed("templates")
    ((_, _, _, ident),) = harness.broker.taken()
    assert ident is not None
    harness.broker.say(packet(0x40, bytes((0xFF, 0xFF))))
    harness.session.changed("templates")
    assert harness.broker.taken() == []
    assert fails_at(harness, ANSWER_MS)


def test_a_broker_that_does_not_answer_the_connect_or_the_subscription_is_left() -> None:
    harness = SessionHarness()
    harness.session.opened(0)
    harness.broker.look()
    assert fails_at(harness, ANSWER_MS)
    harness.session.closed()
    harness.session.opened(ANSWER_MS)
    harness.broker.look()
    harness.broker.now = ANSWER_MS + 3000
    harness.broker.say(b"\x20\x02\x00\x00")
    harness.broker.look(2 * ANSWER_MS + 2999)
    assert fails_at(harness, 2 * ANSWER_MS + 3000)


def test_a_refusal_ends_the_session_and_says_why() -> None:
    harness = SessionHarness()
    harness.session.opened(0)
    harness.broker.look()
    said = ""
    try:
        harness.broker.say(b"\x20\x02\x00\x04")
    except MqttSessionError as error:
        said = str(error)
    assert "password" in said
    harness.session.closed()
    harness.connect()
    assert fails(lambda: harness.broker.say(packet(0x90, b"\x00\x01\x01\x80\x01")))
    harness.session.closed()
    harness.connect()
    assert fails(lambda: harness.broker.say(b"\xd0\x00"))


def test_pings_go_out_often_enough_and_have_to_be_answered() -> None:
    harness = opened()
    harness.broker.other = []
    assert harness.session.wait_ms(4000) == PING_MS - 4000
    harness.broker.look(PING_MS)
    assert harness.broker.other == [(PINGREQ, 0, b"")]
    harness.broker.say(b"\xd0\x00")
    harness.broker.look(2 * PING_MS)
    assert len(harness.broker.other) == 2
    assert fails_at(harness, 2 * PING_MS + ANSWER_MS)


def test_a_broker_that_only_sends_but_no_longer_answers_is_left() -> None:
    """A half-dead broker would else keep the reader for as long as it has something to say."""
    harness = opened()
    for now in range(1000, PING_MS + ANSWER_MS, 1000):
        harness.broker.now = now
        harness.broker.look()
        harness.broker.say(publish("command", b"{}"))
    assert fails_at(harness, PING_MS + ANSWER_MS)


def test_the_wait_before_the_next_connection_doubles_up_to_a_minute() -> None:
    harness = SessionHarness()
    waits = [harness.session.retry_ms() for _ in range(9)]
    assert waits == [1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000]
    assert waits[0] == FIRST_RETRY_MS
    assert waits[-1] == LAST_RETRY_MS


def test_jitter_makes_the_wait_shorter_by_at_most_a_quarter() -> None:
    harness = SessionHarness(jitter=255)
    assert 750 <= harness.session.retry_ms() < 760


def test_only_a_session_that_got_as_far_as_the_subscription_ends_the_waiting() -> None:
    harness = SessionHarness()
    for _ in range(4):
        harness.session.retry_ms()
    harness.connect()
    harness.session.closed()
    assert harness.session.retry_ms() == 16000
    harness.broker.open()
    harness.session.closed()
    assert harness.session.retry_ms() == FIRST_RETRY_MS


def test_messages_on_the_readers_topics_are_handed_over() -> None:
    harness = opened()
    data = (
        publish("enroll/request", b"1")
        + publish("command", b"2", retain=True)
        + publish("status", b"3", qos=1)
        + publish("elsewhere", b"4")
        + publish("command", b"x" * 5000)
    )
    assert harness.broker.say(data) == [
        ("enroll/request", b"1", False),
        ("command", b"2", True),
        ("status", b"3", False),
        ("command", None, False),
    ]


def test_a_message_at_qos_1_is_acknowledged_also_when_it_is_too_long() -> None:
    harness = opened()
    harness.broker.other = []
    harness.broker.say(publish("command", b"1", qos=1, packet_id=300))
    harness.broker.say(publish("command", b"x" * 9000, qos=1, packet_id=301))
    harness.broker.look()
    assert harness.broker.other == [(PUBACK, 0, b"\x01\x2c"), (PUBACK, 0, b"\x01\x2d")]


def test_answers_do_not_pile_up_when_the_connection_takes_nothing() -> None:
    harness = opened()
    sent = 0
    while harness.session.publish("command/response", b"x" * 1000):
        sent += 1
    assert sent == MOST_WAITING // 1000 - 1 or sent == MOST_WAITING // 1000
    assert not harness.session.idle
    assert len(harness.broker.taken()) == sent
    assert harness.session.idle
    assert harness.session.publish("command/response", b"x")


def test_a_message_of_the_session_before_is_not_sent_in_the_next() -> None:
    harness = opened()
    assert harness.session.publish("command/response", b"old")
    harness.session.closed()
    harness.broker.open()
    assert b"old" not in [payload for _, payload in payloads(harness)]


def test_a_wrong_status_is_corrected_but_not_more_than_once_a_second() -> None:
    harness = opened()
    corrected = []
    for now in range(1000, 4000, 100):
        harness.broker.now = now
        harness.session.correct_status(now)
        if harness.broker.taken():
            corrected.append(now)
            harness.broker.say(packet(0x40, bytes((0, harness.session._packet_id))))
    assert corrected == [1000, 2000, 3000]


def test_a_correction_that_had_to_wait_is_not_forgotten() -> None:
    harness = opened()
    harness.broker.now = 1000
    harness.session.correct_status(1000)
    harness.broker.acknowledge()
    harness.session.correct_status(1100)
    assert harness.broker.taken() == []
    assert harness.session.wait_ms(1100) == 900
    harness.broker.now = 2000
    assert [topic for topic, _ in payloads(harness)] == ["status"]


def test_what_cannot_be_understood_ends_the_session() -> None:
    for data in (b"\x00\x00", b"\x20\x02\x00\x00", b"\x90\x03\x00\x01\x01", b"\x34\x02\x00\x00"):
        harness = opened()
        assert fails(lambda: harness.broker.say(data))  # noqa: B023 - called at once


def test_acknowledgements_that_nobody_takes_do_not_fill_the_memory() -> None:
    """A broker that sends and never reads."""
    harness = opened()
    try:
        for _ in range(10_000):
            harness.broker.say(publish("command", b"{}", qos=1))
    except MqttSessionError:
        pass
    assert len(harness.session._waiting) <= MOST_WAITING
