"""Find readers before they are set up: by their announcements and by their answers."""

import asyncio
import logging
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from homeassistant.components import mqtt
from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError

from .client.complaints import Complaints
from .client.errors import UnreachableError
from .client.request_channel import RequestChannel, async_repeat
from .const import DIALECT_FIRST_GENERATION
from .host import MqttBroker
from .legacy import protocol as legacy_protocol
from .protocol import builder, parser
from .protocol.fields import MalformedError, is_reader_id
from .protocol.messages import Answer
from .protocol.words import Topic, topic_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from homeassistant.components.mqtt import ReceiveMessage
    from homeassistant.core import HomeAssistant
    from homeassistant.helpers.service_info.mqtt import MqttServiceInfo

    from .protocol.messages import Identity

_LOGGER = logging.getLogger(__name__)

SUBSCRIBED_WITHIN = 10.0
"""Seconds to wait for the broker to acknowledge a subscription."""

LISTEN_AT_MOST = 1.5
"""Maximum seconds until the form with the announced readers is shown."""

LISTEN_SUBSCRIBED = 0.3
"""Seconds to listen once subscribed: retained messages follow right after the acknowledgement."""


def announced(message: ReceiveMessage | MqttServiceInfo) -> tuple[str, Identity]:
    """Return the reader id and the identity in a `status` message.

    Raises `MalformedError` for anything else, also for a last will.
    """
    # Both kinds of message are from biometric/+/status.
    reader_id = message.topic.split("/")[1]
    if not is_reader_id(reader_id):
        raise MalformedError("the topic holds no reader id")
    payload = message.payload
    status = parser.status(payload.encode() if isinstance(payload, str) else bytes(payload))
    if status.identity is None:
        raise MalformedError("a reader that is offline")
    return reader_id, status.identity


async def async_listen(hass: HomeAssistant) -> dict[str, Identity]:
    """Return the readers that announce themselves, by reader id. MQTT must be set up."""
    heard: dict[str, Identity] = {}

    @callback
    def handle(message: ReceiveMessage) -> None:
        with suppress(MalformedError):
            reader_id, identity = announced(message)
            heard[reader_id] = identity

    everybody = topic_of("+", Topic.STATUS)
    subscribed = asyncio.Event()
    stops = [
        await mqtt.async_subscribe(hass, everybody, handle, encoding=None),
        mqtt.async_on_subscribe_done(hass, everybody, 0, subscribed.set),
    ]
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(LISTEN_AT_MOST):
                await subscribed.wait()
                await asyncio.sleep(LISTEN_SUBSCRIBED)
    finally:
        for stop in stops:
            stop()
    return heard


@dataclass(frozen=True, slots=True)
class Found:
    """A reader that answers under a reader id."""

    identity: Identity
    dialect: str | None
    """None for protocol version 1."""


async def async_probe(hass: HomeAssistant, reader_id: str) -> Found:
    """Return the reader of either protocol that answers under a reader id. MQTT must be set up.

    Raises `UnreachableError` if none does. No reader answers the request of the other protocol.
    """
    asked = [
        asyncio.ensure_future(_async_found_version_1(hass, reader_id)),
        asyncio.ensure_future(_async_found_first_generation(hass, reader_id)),
    ]
    try:
        for answer in asyncio.as_completed(asked):
            with suppress(UnreachableError):
                return await answer
    finally:
        for each in asked:
            each.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
    raise UnreachableError


async def _async_found_version_1(hass: HomeAssistant, reader_id: str) -> Found:
    return Found(await async_probe_version_1(hass, reader_id), None)


async def _async_found_first_generation(hass: HomeAssistant, reader_id: str) -> Found:
    answered = asyncio.Event()

    @callback
    def handle(message: ReceiveMessage) -> None:
        with suppress(MalformedError):
            status = legacy_protocol.reader_status(cast("bytes", message.payload))
            # Something other than a reader may be online under this topic.
            if not message.retain and status.capacity is not None:
                answered.set()

    async with _subscribed(hass, topic_of(reader_id, legacy_protocol.Topic.STATUS), handle):
        broker, ask = MqttBroker(hass), topic_of(reader_id, legacy_protocol.Topic.COMMAND)
        await async_repeat(broker, ask, legacy_protocol.sensor_info(), answered)
    identity = legacy_protocol.identity(reader_id)
    return Found(identity, DIALECT_FIRST_GENERATION)


async def async_probe_version_1(hass: HomeAssistant, reader_id: str) -> Identity:
    """Return the identity of the reader that answers hello now. MQTT must be set up.

    Raises `UnreachableError` if none does.
    """
    request_channel = RequestChannel(MqttBroker(hass), reader_id)
    complaints = Complaints(hass.loop)

    @callback
    def handle(message: ReceiveMessage) -> None:
        if message.retain:
            # The answer to an old request of another client.
            return
        try:
            # Bytes, because the topic is subscribed without an encoding.
            request_channel.receive(parser.answer(cast("bytes", message.payload)))
        except MalformedError as err:
            complaints.dropped(message.topic, str(err))

    try:
        async with _subscribed(hass, topic_of(reader_id, Topic.ANSWER), handle):
            answer = await request_channel.async_ask(Topic.COMMAND, builder.hello)
        if not isinstance(answer, Answer):
            raise UnreachableError
        try:
            return parser.hello(answer.result).identity
        except MalformedError as err:
            _LOGGER.debug("Reader %s does not answer as it should: %r", reader_id, err)
            raise UnreachableError from err
    finally:
        complaints.stop()


@asynccontextmanager
async def _subscribed(
    hass: HomeAssistant, topic: str, handle: Callable[[ReceiveMessage], None]
) -> AsyncGenerator[None]:
    """Subscribe to a topic. Raises `UnreachableError` if the broker does not acknowledge it.

    Waits for the acknowledgement, because an answer that comes earlier would be lost.
    """
    subscribed = asyncio.Event()
    try:
        stops = [await mqtt.async_subscribe(hass, topic, handle, encoding=None)]
    except HomeAssistantError as err:
        # MQTT is not set up, or no longer.
        raise UnreachableError from err
    stops.append(mqtt.async_on_subscribe_done(hass, topic, 0, subscribed.set))
    try:
        async with asyncio.timeout(SUBSCRIBED_WITHIN):
            await subscribed.wait()
        yield
    except TimeoutError as err:
        raise UnreachableError from err
    finally:
        for stop in stops:
            stop()
