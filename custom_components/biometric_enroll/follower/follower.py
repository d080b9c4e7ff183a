"""All that works for one reader of protocol version 1, behind one door."""

from typing import TYPE_CHECKING, Protocol, override

from ..reader import decode
from ..reader.fields import Fields, MalformedError
from ..reader.words import Topic
from .base import BaseFollower
from .changes import Changes
from .enroller import Enroller
from .inventory import Lister
from .knowledge import Knowledge
from .presence import Presence
from .requests import Requests
from .touches import Touches

if TYPE_CHECKING:
    from .marks import Marks
    from .roster import Roster
    from .surroundings import Surroundings

TOPICS = (
    (Topic.STATUS, 1),
    (Topic.TEMPLATES, 1),
    (Topic.SNAPSHOT, 1),
    (Topic.TOUCH, 0),
    # The last, so that the others stand when this one does.
    (Topic.ANSWER, 0),
)
"""What to subscribe to, in this order, each with its QoS."""


class Take(Protocol):
    """Takes the payload of one topic. Raises `MalformedError`."""

    def __call__(self, payload: bytes, *, retained: bool) -> None:
        """Take it."""


class Follower(BaseFollower[Presence]):
    """Follows one reader of protocol version 1."""

    topics = TOPICS

    def __init__(
        self,
        reader_id: str,
        device: str,
        surroundings: Surroundings,
        roster: Roster,
        marks: Marks,
    ) -> None:
        """Follow the reader of this id and hardware id, from where earlier runs have left off."""
        knowledge = Knowledge(reader_id, device, surroundings, roster, marks)
        super().__init__(knowledge, Presence(knowledge))
        self.requests = Requests(self._presence)
        self.changes = Changes(self.knowledge, self._presence)
        self.enroller = Enroller(self.knowledge, self.requests)
        self._lister = Lister(self.knowledge, self._presence)
        self._touches = Touches(self.knowledge, self._presence)
        self._take: dict[str, Take] = {
            Topic.STATUS: self._take_status,
            Topic.TEMPLATES: self._take_templates,
            Topic.SNAPSHOT: self._take_snapshot,
            Topic.TOUCH: self._take_touch,
            Topic.ANSWER: self._take_answer,
        }

    def stop(self) -> None:
        """Let nobody wait for what this run will not hear any more."""
        self._presence.stop()
        self.enroller.stop()

    @override
    def _receive(self, topic: str, payload: bytes, *, retained: bool) -> None:
        self._take[topic](payload, retained=retained)

    def _take_status(self, payload: bytes, *, retained: bool) -> None:
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

    def _take_templates(self, payload: bytes, *, retained: bool) -> None:
        templates = decode.templates(Fields.parse(payload))
        if not self._presence.strange:
            # Else it may be the other one's, and this message does not say whose.
            self.knowledge.update(templates=templates)
        self._presence.heard(live=not retained)
        self._lister.consider()

    def _take_snapshot(self, payload: bytes, *, retained: bool) -> None:
        self.enroller.take(decode.snapshot(Fields.parse(payload)), live=not retained)
        self._presence.heard(live=not retained)
        # A name that has become real may be missing on the newest list.
        self._lister.consider()

    def _take_touch(self, payload: bytes, *, retained: bool) -> None:
        if retained:
            raise MalformedError("a touch is never retained")
        self._touches.take(decode.touch(payload))
        self._presence.heard(live=True)

    def _take_answer(self, payload: bytes, *, retained: bool) -> None:
        if retained:
            raise MalformedError("an answer is never retained")
        if (greeting := self._presence.take_answer(decode.answer(payload))) is not None:
            hello, asked_at = greeting
            self.enroller.confirm(hello.enrollment, asked_at)
            self._lister.consider()
