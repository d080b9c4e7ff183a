"""One reader: its MQTT subscriptions, its presence and its state.

The road: bytes of a topic → typed message (reader/decode) → frozen `ReaderState` → entities. What
happened, rather than is, goes through `Moments`. Nothing here waits without a deadline.
"""

import asyncio
import logging
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, cast

from homeassistant.components import mqtt
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Context, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from .const import CONF_DEVICE, CONF_READER_ID, DOMAIN
from .conversation import Conversation, UnreachableError, new_id
from .enroller import Enroller
from .errors import refused, unreachable
from .marks import DATA_MARKS
from .moments import Moments
from .reader import build, decode
from .reader.fields import Fields, MalformedError
from .reader.messages import Answer, Hello, Identity, Refused
from .reader.state import ReaderState
from .reader.words import Topic, topic_of
from .roster import DATA_ROSTER
from .touches import Touches, async_acknowledge

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from homeassistant.components.mqtt import ReceiveMessage
    from homeassistant.core import CALLBACK_TYPE, HomeAssistant

_LOGGER = logging.getLogger(__name__)

HELLO_EVERY = 600.0
"""Seconds between hellos when nothing raises a doubt."""

HELLO_AWAY_EVERY = 60.0
"""The same while the reader is unavailable; normally it announces itself long before."""

SILENCE = 5.0
"""Seconds past the reader's own deadline after which a silent enrollment raises a doubt."""

type BiometricEnrollConfigEntry = ConfigEntry[ReaderCoordinator]


class ReaderCoordinator(DataUpdateCoordinator[ReaderState]):
    """Follows one reader."""

    config_entry: BiometricEnrollConfigEntry

    def __init__(self, hass: HomeAssistant, entry: BiometricEnrollConfigEntry) -> None:
        """Take up what is known of the reader from earlier runs.

        Needs the roster and the marks in `hass.data`.
        """
        super().__init__(hass, _LOGGER, config_entry=entry, name=entry.title)
        self.reader_id: str = entry.data[CONF_READER_ID]
        self.device: str = entry.data[CONF_DEVICE]
        self.roster = hass.data[DATA_ROSTER]
        self._marks = hass.data[DATA_MARKS]
        mark = self._marks.of(self.device)
        self.moments = Moments(hass, entry, self.device)
        self._conversation = Conversation(hass, self.reader_id)
        self._touches = Touches(hass, self.device, self.roster, mark)
        self.enroller = Enroller(self, self._marks)
        self.data = self.enroller.remembered()
        self.context = Context()
        """On whose behalf the newest change of the state happened."""
        self._stranger_issue = f"other_device_{entry.entry_id}"
        self._stranger_seen = 0.0
        self._doubt = asyncio.Event()
        self._hello_lock = asyncio.Lock()
        self._silence: asyncio.TimerHandle | None = None
        self._stops: list[CALLBACK_TYPE] = []

    # Connection

    async def async_start(self) -> None:
        """Subscribe to the reader's topics and watch its presence; MQTT must be there."""
        for topic, qos, take in (
            (Topic.STATUS, 1, self._take_status),
            (Topic.TEMPLATES, 1, self._take_templates),
            (Topic.SNAPSHOT, 1, self._take_snapshot),
            (Topic.TOUCH, 0, self._take_touch),
            (Topic.ANSWER, 0, self._take_answer),
        ):
            self._stops.append(
                await mqtt.async_subscribe(
                    self.hass,
                    topic_of(self.reader_id, topic),
                    callback(partial(self._receive, take)),
                    qos,
                    # Bytes, so that what is not UTF-8 is judged here like any other nonsense.
                    encoding=None,
                )
            )
        # The answers' topic is subscribed to last, so the others stand when it does.
        answers = topic_of(self.reader_id, Topic.ANSWER)
        self._stops += [
            mqtt.async_on_subscribe_done(self.hass, answers, 0, self._doubt.set),
            mqtt.async_subscribe_connection_status(self.hass, self._connection_changed),
            self._forget_silence,
        ]
        self.config_entry.async_create_background_task(
            self.hass, self._async_watch_presence(), f"presence of {self.reader_id}"
        )

    @callback
    def async_stop(self) -> None:
        """Stop listening, before the entities go: what arrives now is for the next run."""
        while self._stops:
            self._stops.pop()()
        # The next run sees for itself who is there.
        ir.async_delete_issue(self.hass, DOMAIN, self._stranger_issue)

    @callback
    def _connection_changed(self, connected: bool) -> None:  # noqa: FBT001 - given by MQTT
        if not connected:
            self._set_unavailable("the connection to the broker is lost")

    async def _async_watch_presence(self) -> None:
        """Say hello whenever there is reason to doubt, and now and then without."""
        while True:
            with suppress(TimeoutError):
                every = HELLO_EVERY if self.data.available else HELLO_AWAY_EVERY
                async with asyncio.timeout(every):
                    await self._doubt.wait()
            self._doubt.clear()
            with suppress(UnreachableError):
                async with self._hello_lock:
                    await self._async_hello()

    @asynccontextmanager
    async def async_greeted(self) -> AsyncGenerator[Hello]:
        """Say hello before a change, and keep its nonce the newest until the change is done.

        Raises the translated error for a reader that does not answer.
        """
        async with self._hello_lock:
            try:
                hello = await self._async_hello()
            except UnreachableError as err:
                raise unreachable(self.config_entry.title) from err
            yield hello

    async def async_ask[T](
        self,
        topic: Topic,
        message: Callable[[str], str],
        read: Callable[[dict[str, object]], T],
    ) -> T:
        """Ask the reader, and return what `read` makes of its answer.

        Raises the translated error for a refusal, for silence, and for an answer without sense.
        """
        try:
            answer = await self._conversation.async_ask(topic, message)
        except UnreachableError as err:
            self._doubt.set()
            raise unreachable(self.config_entry.title) from err
        if isinstance(answer, Refused):
            raise refused(answer.error, self.config_entry.title)
        try:
            return read(answer.result)
        except MalformedError as err:
            _LOGGER.warning("Reader %s answered without sense: %s", self.reader_id, err)
            self._doubt.set()
            raise unreachable(self.config_entry.title) from err

    async def async_identify(self) -> None:
        """Let the reader blink."""
        await self.async_ask(Topic.COMMAND, build.identify, _nothing)

    async def async_restart(self) -> None:
        """Restart the reader."""
        async with self.async_greeted() as hello:
            await self.async_ask(Topic.COMMAND, partial(build.restart, nonce=hello.nonce), _nothing)

    async def _async_hello(self) -> Hello:
        """Ask for presence and truth. Raises `UnreachableError`: the reader is unavailable."""
        request = new_id()
        self._touches.liveness.sent(request, self.hass.loop.time())
        try:
            answer = await self._conversation.async_ask(Topic.COMMAND, build.hello, request)
            if isinstance(answer, Answer):
                return decode.hello(answer.result)
        except UnreachableError:
            self._set_unavailable("it does not answer")
            raise
        self._set_unavailable("it refuses to answer hello")
        raise UnreachableError

    @callback
    def _set_unavailable(self, why: str) -> None:
        if self.data.available:
            _LOGGER.warning("Reader %s is unavailable: %s", self.reader_id, why)
            self.update(available=False)

    # Messages

    @callback
    def _receive(self, take: Callable[[bytes, bool], None], message: ReceiveMessage) -> None:
        """Give a message to its handler; whatever is wrong with it ends here, in one log line."""
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
            self._is_ours(status.identity)
        if retained:
            # As old as the broker's memory, and perhaps here for another subscription before ours
            # stands: an answer would be lost. When it stands, hello is said anyway.
            return
        if status.identity is None:
            self._set_unavailable("its last will says so")
        else:
            self._doubt.set()

    @callback
    def _take_templates(self, payload: bytes, retained: bool) -> None:  # noqa: FBT001
        self.update(templates=decode.templates(Fields.parse(payload)))
        self._notice(retained)

    @callback
    def _take_snapshot(self, payload: bytes, retained: bool) -> None:  # noqa: FBT001
        self.enroller.take(decode.snapshot(Fields.parse(payload)), live=not retained)
        self._notice(retained)

    @callback
    def _take_touch(self, payload: bytes, retained: bool) -> None:  # noqa: FBT001
        if retained:
            raise MalformedError("a touch is never retained")
        touch = decode.touch(payload)
        if (judged := self._touches.judge(touch)) is not None:
            moment, subject = judged
            if subject is not None:
                # Through unknown, so that the same person twice in a row is two changes, not none.
                self.update(identified=None)
                self.update(identified=subject)
            self.moments.async_report(moment)
        self.config_entry.async_create_task(
            self.hass, async_acknowledge(self._marks, self._conversation, touch)
        )
        self._notice(retained)

    @callback
    def _take_answer(self, payload: bytes, retained: bool) -> None:  # noqa: FBT001
        if retained:
            raise MalformedError("an answer is never retained")
        answer = decode.answer(payload)
        sent = self._touches.liveness.sent_at(answer.request)
        if sent is not None and isinstance(answer, Answer):
            hello = decode.hello(answer.result)
            if not self._is_ours(hello.identity):
                return
            if sent > self._stranger_seen:
                ir.async_delete_issue(self.hass, DOMAIN, self._stranger_issue)
            # Here and not where hello was asked: the next message may be a touch that counts on it.
            self._touches.liveness.answered(answer.request, hello.uptime_ms)
            self._apply(hello, sent)
        if not self._conversation.receive(answer):
            _LOGGER.debug("Nobody waits for the answer to %s", answer.request)

    @callback
    def _notice(self, retained: bool) -> None:  # noqa: FBT001
        """Ask a reader that speaks while it is thought to be away."""
        if not retained and not self.data.available:
            self._doubt.set()

    # State

    @callback
    def update(self, context: Context | None = None, **changes: object) -> None:
        """Replace parts of the state and tell the entities, and on whose behalf it happened."""
        self.context = context or Context()
        self.async_set_updated_data(replace(self.data, **changes))  # type: ignore[arg-type]

    @callback
    def _apply(self, hello: Hello, sent: float) -> None:
        if not self.data.available:
            _LOGGER.info("Reader %s is available", self.reader_id)
        if hello.identity != self.data.identity:
            self._describe_device(hello.identity)
        self.update(available=True, identity=hello.identity, templates=hello.templates)
        self.enroller.confirm(hello.enrollment, sent)

    def _is_ours(self, identity: Identity) -> bool:
        """Return whether it is the reader of this entry; if not, the user has to know."""
        if identity.device == self.device:
            return True
        self._stranger_seen = self.hass.loop.time()
        ir.async_create_issue(
            self.hass,
            DOMAIN,
            self._stranger_issue,
            is_fixable=False,
            severity=ir.IssueSeverity.ERROR,
            translation_key="other_device",
            translation_placeholders={
                "reader": self.config_entry.title,
                "reader_id": self.reader_id,
                "expected": self.device,
                "found": identity.device,
            },
        )
        return False

    def _describe_device(self, identity: Identity) -> None:
        """Keep the device registry in step with what the reader says of itself."""
        dr.async_get(self.hass).async_get_or_create(
            config_entry_id=self.config_entry.entry_id,
            identifiers={(DOMAIN, self.device)},
            sw_version=identity.firmware,
            hw_version=identity.board,
            model=identity.sensor,
        )

    @callback
    def expect_news_within(self, seconds: float | None) -> None:
        """Raise a doubt if the running enrollment is silent past the reader's own deadline."""
        self._forget_silence()
        if seconds is not None:
            self._silence = self.hass.loop.call_later(seconds + SILENCE, self._doubt.set)

    @callback
    def _forget_silence(self) -> None:
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None


def _nothing(_result: dict[str, object]) -> None:
    """Read an answer that says no more than yes."""
