"""The topics of one reader: subscribes to them, and hands each message to whom it concerns."""

import logging
from functools import partial
from typing import TYPE_CHECKING, cast

from homeassistant.components import mqtt
from homeassistant.core import callback

from .reader import decode
from .reader.fields import Fields, MalformedError
from .reader.words import Topic, topic_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from homeassistant.components.mqtt import ReceiveMessage
    from homeassistant.core import CALLBACK_TYPE

    from .coordinator import ReaderCoordinator
    from .enroller import Enroller
    from .presence import Presence
    from .touches import Touches

_LOGGER = logging.getLogger(__name__)


class Inbox:
    """Takes what one reader says."""

    def __init__(
        self,
        coordinator: ReaderCoordinator,
        presence: Presence,
        enroller: Enroller,
        touches: Touches,
    ) -> None:
        """Hand messages to these; nothing is subscribed to yet."""
        self._coordinator = coordinator
        self._presence = presence
        self._enroller = enroller
        self._touches = touches
        self._stops: list[CALLBACK_TYPE] = []
        self._open = False

    async def async_start(self) -> None:
        """Subscribe to the reader's topics and watch its presence; MQTT must be there."""
        hass, reader_id = self._coordinator.hass, self._coordinator.reader_id
        self._open = True
        for topic, qos, take in (
            (Topic.STATUS, 1, self._take_status),
            (Topic.TEMPLATES, 1, self._take_templates),
            (Topic.SNAPSHOT, 1, self._take_snapshot),
            (Topic.TOUCH, 0, self._take_touch),
            (Topic.ANSWER, 0, self._take_answer),
        ):
            self._stops.append(
                await mqtt.async_subscribe(
                    hass,
                    topic_of(reader_id, topic),
                    callback(partial(self._receive, take)),
                    qos,
                    # Bytes, so that what is not UTF-8 is judged here like any other nonsense.
                    encoding=None,
                )
            )
        # The answers' topic is subscribed to last, so the others stand when it does.
        answers = topic_of(reader_id, Topic.ANSWER)
        self._stops += [
            mqtt.async_on_subscribe_done(hass, answers, 0, self._presence.doubt),
            mqtt.async_subscribe_connection_status(hass, self._connection_changed),
            self._presence.stop,
            self._enroller.stop,
        ]
        self._coordinator.config_entry.async_create_background_task(
            hass, self._presence.async_watch(), f"presence of {reader_id}"
        )

    @callback
    def stop(self) -> None:
        """Stop listening, before the entities go: what arrives now is for the next run."""
        self._open = False
        while self._stops:
            self._stops.pop()()

    @callback
    def _connection_changed(self, connected: bool) -> None:  # noqa: FBT001 - given by MQTT
        if not connected:
            self._presence.lost("the connection to the broker is lost")

    @callback
    def _receive(self, take: Callable[[bytes, bool], None], message: ReceiveMessage) -> None:
        """Give a message to its handler; whatever is wrong with it ends here, in one log line."""
        if not self._open:
            # Once Home Assistant's MQTT was itself reloaded, it cannot unsubscribe this any more.
            # What is taken here would be old news to the run that has followed.
            return
        try:
            # Bytes, since that is how the topics are subscribed to.
            take(cast("bytes", message.payload), message.retain)
        except MalformedError as err:
            _LOGGER.warning("Dropped a message on %s: %s", message.topic, err)

    @callback
    def _take_status(self, payload: bytes, retained: bool) -> None:  # noqa: FBT001
        status = decode.status(payload)
        if status.identity is not None:
            # Whoever it is: only the answer to hello makes a reader available.
            self._presence.is_ours(status.identity)
        if retained:
            # As old as the broker's memory, and perhaps here for another subscription before ours
            # stands: an answer would be lost. When it stands, hello is said anyway.
            return
        if status.identity is None:
            self._presence.lost("its last will says so")
        else:
            self._presence.doubt()

    @callback
    def _take_templates(self, payload: bytes, retained: bool) -> None:  # noqa: FBT001
        self._coordinator.update(templates=decode.templates(Fields.parse(payload)))
        self._presence.heard(live=not retained)

    @callback
    def _take_snapshot(self, payload: bytes, retained: bool) -> None:  # noqa: FBT001
        self._enroller.take(decode.snapshot(Fields.parse(payload)), live=not retained)
        self._presence.heard(live=not retained)

    @callback
    def _take_touch(self, payload: bytes, retained: bool) -> None:  # noqa: FBT001
        if retained:
            raise MalformedError("a touch is never retained")
        self._touches.take(decode.touch(payload))
        self._presence.heard(live=True)

    @callback
    def _take_answer(self, payload: bytes, retained: bool) -> None:  # noqa: FBT001
        if retained:
            raise MalformedError("an answer is never retained")
        if (greeting := self._presence.take_answer(decode.answer(payload))) is not None:
            hello, asked_at = greeting
            self._enroller.confirm(hello.enrollment, asked_at)
