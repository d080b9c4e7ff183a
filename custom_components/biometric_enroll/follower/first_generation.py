"""Following a reader built before this protocol: what can be had without its help.

It knows no hello, no nonce and no ids of touches, and what it says is lost when nobody listens. So
its enrollments are followed by what they tell, a name hangs on its `success` with our template id
alone, and its touches are never provably live.
"""

import asyncio
import logging
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from ..reader import first_generation as dialect
from ..reader.fields import MalformedError
from ..reader.first_generation import Said, Topic
from ..reader.words import Reason, Refusal, Stage, TouchResult, topic_of
from .conversation import ANSWER_WITHIN
from .enroller import Enroller, Greeting
from .errors import RefusedError, UnreachableError
from .first_generation_presence import FirstGenerationPresence
from .knowledge import Knowledge
from .presence import SILENCE
from .surroundings import Kind, Moment
from .touches import UNKNOWN_FINGER, UNKNOWN_FINGERPRINT

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from ..reader.first_generation import News
    from ..reader.messages import Snapshot
    from ..reader.state import ReaderState
    from .enroller import Wish
    from .marks import Marks
    from .roster import Roster
    from .surroundings import Surroundings

_LOGGER = logging.getLogger(__name__)

TOPICS = ((Topic.STATUS, 0), (Topic.ENROLLMENT, 0), (Topic.TOUCH, 0))
"""What to subscribe to, in this order, each with its QoS."""

SETTLED = 2.0
"""Seconds after the last news of an enrollment from which a status may say that it is over."""

_LATE_TIMEOUT_MS = 30_000

UNPROVEN = "unproven"
"""The sensor knows the finger, but nothing bounds the age of this touch, so it opens nothing."""

ATTRIBUTED_BY_SLOT = "slot"


class FirstGenerationFollower:
    """Follows one reader of the first generation; also how its enroller asks it."""

    topics = TOPICS

    def __init__(  # noqa: PLR0913, PLR0917 - what it stands between
        self,
        reader_id: str,
        device: str,
        surroundings: Surroundings,
        roster: Roster,
        marks: Marks,
        trusted: Callable[[], bool],
        speaks_version_1: Callable[[], None],
    ) -> None:
        """Follow the reader of this id, from where earlier runs have left off.

        `trusted` says whether the user takes its touches for live; `speaks_version_1` is told when
        something under this id announces itself in the protocol of today.
        """
        self.knowledge = Knowledge(reader_id, device, surroundings, roster, marks)
        self.enroller = Enroller(self.knowledge, self)
        self._presence = FirstGenerationPresence(self.knowledge)
        self._surroundings = surroundings
        self._loop = surroundings.loop
        self._trusted = trusted
        self._speaks_version_1 = speaks_version_1
        self._news_at = 0.0
        self._timing_out = False
        self._accepted: asyncio.Future[News] | None = None
        self._ended = asyncio.Event()
        self._silence: asyncio.TimerHandle | None = None

    @property
    def state(self) -> ReaderState:
        """What is known of the reader now."""
        return self.knowledge.state

    # Presence

    async def async_watch(self) -> None:
        """Ask whether the reader is there when it is quiet, or in doubt; for ever."""
        await self._presence.async_watch()

    async def async_look(self) -> None:
        """Ask who is there, and how much the sensor holds. Raises `UnreachableError`."""
        await self._presence.async_look()

    def subscribed(self) -> None:
        """Learn that all topics are subscribed to: from now on an answer would be heard."""
        self._presence.doubt()
        if (snapshot := self.knowledge.followed()).running and snapshot.timeout_ms is not None:
            # Taken up from before a restart: what was said meanwhile will not be said again.
            self.expect_news_within(snapshot.timeout_ms / 1000)

    def disconnected(self) -> None:
        """Learn that the connection to the broker is lost."""
        self._presence.lost("the connection to the broker is lost")

    def stop(self) -> None:
        """Let nobody wait for what this run will not hear any more."""
        self.expect_news_within(None)
        self.enroller.stop()

    # What it says

    def receive(self, topic: str, payload: bytes, *, retained: bool) -> None:
        """Take a message; whatever is wrong with it ends here, in one log line."""
        try:
            self._receive(topic, payload, retained=retained)
        except MalformedError as err:
            where = topic_of(self.knowledge.reader_id, topic)
            _LOGGER.warning("Dropped a message on %s: %s", where, err)

    def _receive(self, topic: str, payload: bytes, *, retained: bool) -> None:
        if topic == Topic.STATUS and dialect.is_version_1(payload):
            self._speaks_version_1()
            return
        if retained:
            raise MalformedError("a reader of the first generation retains nothing")
        match topic:
            case Topic.STATUS:
                self._take_status(payload)
            case Topic.ENROLLMENT:
                news = dialect.news(payload)
                self._presence.heard()
                self._take_news(news)
            case Topic.TOUCH:
                touch = dialect.touch(payload)
                self._presence.heard()
                self._take_touch(touch)

    def _take_status(self, payload: bytes) -> None:
        alive = dialect.alive(payload)
        self._presence.take(alive)
        current = self.knowledge.followed()
        settled = self._loop.time() - self._news_at > SETTLED
        if alive.enrolling is False and current.running and settled:
            # How it has ended was lost, or it has restarted; nobody can know.
            self._show(dialect.final(current, Stage.FAILED, Reason.READER_RESTARTED))

    def _take_news(self, news: News) -> None:
        enrollment = self.knowledge.roster.enrollment(self.knowledge.device)
        ours = enrollment is not None and news.template_id in (None, enrollment.template_id)
        if self._accepted is not None and not self._accepted.done():
            # Whatever comes now without an id is about the start that was just said.
            if ours or news.said is Said.BLOCKED:
                self._accepted.set_result(news)
            return
        current = self.knowledge.followed()
        if enrollment is not None and current.template_id is None and ours:
            self._take_late_start(news)
            return
        if not current.running:
            return
        if not ours or news.slot not in (None, current.slot):
            if news.said is Said.STARTED:
                # Somebody else's enrollment runs, so ours does not.
                self._show(dialect.final(current, Stage.FAILED, Reason.READER_RESTARTED))
            return
        if news.said is Said.SUCCESS and news.template_id is None:
            # Whose it was, nobody can know: no name comes of it.
            return
        self._news_at = self._loop.time()
        if news.said is Said.CANCELLED and self._timing_out:
            self._show(dialect.final(current, Stage.FAILED, Reason.TIMEOUT))
            return
        self._show(dialect.advance(current, news))
        if news.said is Said.READY:
            self._surroundings.create_task(self._async_confirm())

    def _take_late_start(self, news: News) -> None:
        """Follow an enrollment whose caller was told that it did not start; it gets cancelled."""
        if news.said is Said.STARTED and news.template_id is not None and news.slot is not None:
            self._ended.clear()
            self._show(dialect.started(news.template_id, news.slot, _LATE_TIMEOUT_MS))

    def _show(self, snapshot: Snapshot) -> None:
        self.enroller.take(snapshot, live=True)
        if not snapshot.final:
            return
        self._ended.set()
        if snapshot.stage is Stage.COMPLETED and snapshot.template_id is not None:
            self._surroundings.create_task(
                self._presence.async_say(Topic.SAVED, dialect.saved(snapshot.template_id))
            )

    def _take_touch(self, touch: dialect.Touch) -> None:
        """Report a touch: late and without a name, unless the user trusts this reader."""
        trusted = self._trusted()
        known = None
        if trusted and touch.slot is not None:
            known = self.knowledge.roster.at(self.knowledge.device, touch.slot)
        result = TouchResult.NOT_IDENTIFIED
        if touch.slot is not None and (known is not None or not trusted):
            result = TouchResult.IDENTIFIED
        reason = UNKNOWN_FINGER if touch.slot is None else UNKNOWN_FINGERPRINT
        fields = {
            "reason": reason if result is TouchResult.NOT_IDENTIFIED else None,
            "slot": touch.slot,
            "template_id": None,
            "confidence": touch.confidence,
            "count": 1,
        }
        if not trusted:
            # Nothing bounds its age.
            fields |= {"touched_at": None, "age": None}
            if result is TouchResult.IDENTIFIED:
                fields["reason"] = UNPROVEN
            self._surroundings.happened(Moment(Kind.LATE_TOUCH, result, fields, None))
            return
        fields["attributed_by"] = ATTRIBUTED_BY_SLOT
        subject = known.subject if known is not None else None
        if subject is not None:
            self.knowledge.identified(subject)
        self._surroundings.happened(Moment(Kind.TOUCH, result, fields, subject))

    # What it is asked

    @asynccontextmanager
    async def async_greeted(self) -> AsyncGenerator[Greeting]:
        """See that it is there. Raises `UnreachableError`."""
        await self.async_look()
        yield Greeting(self.knowledge.followed().running, dialect.SCANS, nonce="")

    async def async_start(self, greeting: Greeting, template_id: str, wish: Wish) -> int:  # noqa: ARG002
        """Start an enrollment, once: a repeat that came late would enroll whoever is there then."""
        slot = self._slot(wish.slot)
        news = await self._async_start_once(slot, template_id)
        if news.said is Said.BLOCKED and self._is_known(news.template_id):
            # It waits to hear that the enrollment before is saved, which it is.
            await self._presence.async_say(Topic.SAVED, dialect.saved(news.template_id or ""))
            news = await self._async_start_once(slot, template_id)
        if news.said is Said.BLOCKED:
            raise RefusedError(Refusal.BUSY)
        if news.said is Said.ERROR:
            raise RefusedError(dialect.refusal_of(news.text))
        self._news_at = self._loop.time()
        self._ended.clear()
        self._show(dialect.started(template_id, slot, wish.scan_timeout * 1000))
        if news.said is not Said.STARTED:
            self._take_news(news)
        return slot

    async def _async_start_once(self, slot: int, template_id: str) -> News:
        self._accepted = self._loop.create_future()
        try:
            await self._presence.async_say_or_raise(Topic.ENROLL, dialect.start(slot, template_id))
            async with asyncio.timeout(ANSWER_WITHIN):
                return await self._accepted
        except TimeoutError:
            self._presence.doubt()
            raise UnreachableError from None
        finally:
            self._accepted = None

    async def async_cancel(self, template_id: str) -> Snapshot:
        """End the running enrollment; return how it has ended. Raises `UnreachableError`."""
        if self.knowledge.followed().running:
            await self._presence.async_repeat(Topic.ENROLL, dialect.cancel(), self._ended)
        if (snapshot := self.knowledge.followed()).template_id != template_id:
            raise RefusedError(Refusal.NOT_RUNNING)
        return snapshot

    def expect_news_within(self, seconds: float | None) -> None:
        """End the running enrollment when its scan takes longer; the reader may wait for ever."""
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None
        if seconds is not None:
            self._silence = self._loop.call_later(
                seconds + SILENCE, lambda: self._surroundings.create_task(self._async_time_out())
            )

    async def _async_time_out(self) -> None:
        current = self.knowledge.followed()
        if not current.running:
            return
        self._timing_out = True
        try:
            await self._presence.async_repeat(Topic.ENROLL, dialect.cancel(), self._ended)
        except UnreachableError:
            self._show(dialect.final(self.knowledge.followed(), Stage.FAILED, Reason.TIMEOUT))
        finally:
            self._timing_out = False

    async def _async_confirm(self) -> None:
        with suppress(UnreachableError):
            await self._presence.async_repeat(Topic.ENROLL, dialect.confirm(), self._ended)

    def _slot(self, wanted: int | None) -> int:
        """Choose a slot. Raises `RefusedError`."""
        templates = self.state.templates
        places = self.knowledge.roster.on_reader(self.knowledge.device)
        slot = dialect.choose_slot(
            wanted,
            taken={place.slot for _, place in places},
            capacity=templates.capacity if templates else None,
            stored=templates.count if templates else None,
        )
        if isinstance(slot, Refusal):
            raise RefusedError(slot)
        return slot

    def _is_known(self, template_id: str | None) -> bool:
        return template_id is not None and (
            self.knowledge.roster.find(self.knowledge.device, template_id) is not None
        )
