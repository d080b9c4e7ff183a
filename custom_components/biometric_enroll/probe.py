"""Finding readers before they are set up: who announces itself, and who really answers."""

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from homeassistant.components import mqtt
from homeassistant.core import callback

from .coordinator import MqttBroker
from .follower.conversation import Conversation
from .follower.errors import UnreachableError
from .reader import build, decode
from .reader.fields import MalformedError, is_reader_id
from .reader.messages import Answer
from .reader.words import Topic, topic_of

if TYPE_CHECKING:
    from homeassistant.components.mqtt import ReceiveMessage
    from homeassistant.core import HomeAssistant
    from homeassistant.helpers.service_info.mqtt import MqttServiceInfo

    from .reader.messages import Identity

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
    status = decode.status(payload.encode() if isinstance(payload, str) else bytes(payload))
    if status.identity is None:
        raise MalformedError("a reader that is offline")
    return reader_id, status.identity


async def async_listen(hass: HomeAssistant) -> dict[str, Identity]:
    """Listen for a moment; return who announced itself, by reader id. MQTT must be there."""
    heard: dict[str, Identity] = {}

    @callback
    def take(message: ReceiveMessage) -> None:
        with suppress(MalformedError):
            reader_id, identity = announced(message)
            heard[reader_id] = identity

    everybody = topic_of("+", Topic.STATUS)
    subscribed = asyncio.Event()
    stops = [
        await mqtt.async_subscribe(hass, everybody, take, encoding=None),
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


async def async_probe(hass: HomeAssistant, reader_id: str) -> Identity:
    """Return who answers hello under a reader id now. MQTT must be there.

    Raises `UnreachableError` if nobody does.
    """
    conversation = Conversation(MqttBroker(hass), reader_id)

    @callback
    def take(message: ReceiveMessage) -> None:
        if message.retain:
            # It answers somebody else, long ago.
            return
        try:
            # Bytes, since that is how the topic is subscribed to.
            conversation.receive(decode.answer(cast("bytes", message.payload)))
        except MalformedError as err:
            _LOGGER.warning("Dropped a message on %s: %s", message.topic, err)

    answers = topic_of(reader_id, Topic.ANSWER)
    subscribed = asyncio.Event()
    stops = [
        await mqtt.async_subscribe(hass, answers, take, encoding=None),
        mqtt.async_on_subscribe_done(hass, answers, 0, subscribed.set),
    ]
    try:
        # An answer that comes before the subscription stands is lost, so the question waits for it.
        async with asyncio.timeout(SUBSCRIBED_WITHIN):
            await subscribed.wait()
        answer = await conversation.async_ask(Topic.COMMAND, build.hello)
        if isinstance(answer, Answer):
            return decode.hello(answer.result).identity
    except (TimeoutError, MalformedError) as err:
        _LOGGER.debug("Reader %s does not answer as it should: %r", reader_id, err)
    finally:
        for stop in stops:
            stop()
    raise UnreachableError
