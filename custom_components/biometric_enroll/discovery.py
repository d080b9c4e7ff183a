"""Finding readers before they are set up: who announces itself, and who really answers."""

import asyncio
import logging
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from homeassistant.components import mqtt
from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError

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
"""Seconds that the broker has to acknowledge a subscription."""

LISTEN_AT_MOST = 1.5
"""Seconds that a person waits for the form with the readers that were heard."""

LISTEN_SUBSCRIBED = 0.3
"""Seconds to listen once subscribed: what is retained comes right behind the acknowledgement."""


def announced(message: ReceiveMessage | MqttServiceInfo) -> tuple[str, Identity]:
    """Return the reader id and the identity of a reader that announces itself in `status`.

    Raises `MalformedError` for anything else, also for a last will.
    """
    # Whichever it is, it came on biometric/+/status.
    reader_id = message.topic.split("/")[1]
    if not is_reader_id(reader_id):
        raise MalformedError("the topic holds no reader id")
    payload = message.payload
    status = parser.status(payload.encode() if isinstance(payload, str) else bytes(payload))
    if status.identity is None:
        raise MalformedError("a reader that is offline")
    return reader_id, status.identity


async def async_listen(hass: HomeAssistant) -> dict[str, Identity]:
    """Listen for a moment; return who announced itself, by reader id. MQTT must be there."""
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
    """Who answers under a reader id."""

    identity: Identity
    dialect: str | None
    """None: version 1."""


async def async_probe(hass: HomeAssistant, reader_id: str) -> Found:
    """Return who answers under a reader id now, in either dialect. MQTT must be there.

    Raises `UnreachableError` if nobody does. No reader of one dialect answers the other's question.
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
            # Something else than a reader may be online under this topic.
            if not message.retain and status.capacity is not None:
                answered.set()

    async with _subscribed(hass, topic_of(reader_id, legacy_protocol.Topic.STATUS), handle):
        broker, ask = MqttBroker(hass), topic_of(reader_id, legacy_protocol.Topic.COMMAND)
        await async_repeat(broker, ask, legacy_protocol.sensor_info(), answered)
    identity = legacy_protocol.identity(reader_id)
    return Found(identity, DIALECT_FIRST_GENERATION)


async def async_probe_version_1(hass: HomeAssistant, reader_id: str) -> Identity:
    """Return who answers hello under a reader id now. MQTT must be there.

    Raises `UnreachableError` if nobody does.
    """
    request_channel = RequestChannel(MqttBroker(hass), reader_id)

    @callback
    def handle(message: ReceiveMessage) -> None:
        if message.retain:
            # It answers somebody else, long ago.
            return
        try:
            # Bytes, since that is how the topic is subscribed to.
            request_channel.receive(parser.answer(cast("bytes", message.payload)))
        except MalformedError as err:
            _LOGGER.warning("Dropped a message on %s: %s", message.topic, err)

    async with _subscribed(hass, topic_of(reader_id, Topic.ANSWER), handle):
        answer = await request_channel.async_ask(Topic.COMMAND, builder.hello)
        if not isinstance(answer, Answer):
            raise UnreachableError
        try:
            return parser.hello(answer.result).identity
        except MalformedError as err:
            _LOGGER.debug("Reader %s does not answer as it should: %r", reader_id, err)
            raise UnreachableError from err


@asynccontextmanager
async def _subscribed(
    hass: HomeAssistant, topic: str, handle: Callable[[ReceiveMessage], None]
) -> AsyncGenerator[None]:
    """Hear a topic. Raises `UnreachableError` without a broker that acknowledges it.

    An answer that came before the subscription stands would be lost, so the question waits for it.
    """
    subscribed = asyncio.Event()
    try:
        stops = [await mqtt.async_subscribe(hass, topic, handle, encoding=None)]
    except HomeAssistantError as err:
        # MQTT is not set up, or not any more.
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
