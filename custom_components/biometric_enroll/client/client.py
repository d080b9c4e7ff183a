"""The client of one reader of protocol version 1."""

from typing import TYPE_CHECKING, Protocol, override

from ..protocol import parser, touch_parser
from ..protocol.fields import Fields, MalformedError
from ..protocol.words import Topic, topic_of
from .base import BaseClient
from .changes import Changes
from .connection import Connection
from .enroller import Enroller
from .inventory import InventoryUpdater
from .requests import Requests
from .touches import Touches
from .unwanted import UnwantedTemplates

if TYPE_CHECKING:
    from .model import ReaderModel


class Handler(Protocol):
    """Handles the payloads of one topic. Raises `MalformedError`."""

    def __call__(self, payload: bytes, *, retained: bool) -> None:
        """Handle a payload."""


class ReaderClient(BaseClient[Connection]):
    """Follows one reader of protocol version 1."""

    changes: Changes
    topics = (
        (Topic.STATUS, 1),
        (Topic.TEMPLATES, 1),
        (Topic.SNAPSHOT, 1),
        (Topic.TOUCH, 0),
        # The last one: when it is subscribed, so are the others.
        (Topic.ANSWER, 0),
    )
    retained = frozenset({Topic.STATUS, Topic.TEMPLATES, Topic.SNAPSHOT})

    def __init__(self, model: ReaderModel) -> None:
        """Initialize from the model, which has the saved state of earlier runs."""
        super().__init__(model, Connection(model))
        self.requests = Requests(self._connection)
        self._inventory_updater = InventoryUpdater(self.model, self._connection, self._listed)
        self.changes = Changes(self.model, self._connection, self._inventory_updater)
        self._unwanted = UnwantedTemplates(self.model, self.changes)
        self.enroller = Enroller(self.model, self.requests)
        self._touches = Touches(self.model, self._connection, self._complaints)
        self._handlers: dict[str, Handler] = {
            Topic.STATUS: self._handle_status,
            Topic.TEMPLATES: self._handle_templates,
            Topic.SNAPSHOT: self._handle_snapshot,
            Topic.TOUCH: self._handle_touch,
            Topic.ANSWER: self._handle_answer,
        }

    @override
    def stop(self) -> None:
        super().stop()
        self._connection.stop()
        self._touches.stop()
        self._unwanted.stop()
        self.enroller.stop()

    @override
    def _receive(self, topic: str, payload: bytes, *, retained: bool) -> None:
        self._handlers[topic](payload, retained=retained)

    def _handle_status(self, payload: bytes, *, retained: bool) -> None:
        status = parser.status(payload)
        # Reports another device; only the answer to hello makes a reader available.
        ours = status.identity is None or self._connection.is_ours(status.identity)
        if retained:
            # It may be of any age, and may arrive through another subscription before ours is
            # acknowledged: an answer would be lost. Once it is, hello is sent anyway.
            return
        if status.identity is None:
            self._connection.set_unavailable("its last will says so")
        elif ours:
            self._connection.ask_soon()
        else:
            self._connection.others.ask_sometimes()

    def _handle_templates(self, payload: bytes, *, retained: bool) -> None:
        templates = parser.templates(Fields.parse(payload))
        if self._connection.others.device is None:
            # Otherwise it may be from the other device: this message has no hardware id.
            self.model.update(templates=templates)
        self._connection.heard(live=not retained)
        self._inventory_updater.consider()

    def _handle_snapshot(self, payload: bytes, *, retained: bool) -> None:
        self.enroller.handle(parser.snapshot(Fields.parse(payload)), live=not retained)
        self._connection.heard(live=not retained)
        # A fingerprint that was just enrolled may not be on the newest list.
        self._inventory_updater.consider()
        self._unwanted.consider()

    def _handle_touch(self, payload: bytes, *, retained: bool) -> None:
        if retained:
            raise MalformedError("a touch is never retained")
        touch = touch_parser.touch(payload)
        if touch.problem is not None:
            where = topic_of(self.model.reader_id, Topic.TOUCH)
            self._complaints.note("Understood only a part of", where, touch.problem)
        self._touches.handle(touch)
        self._connection.heard(live=True)

    def _handle_answer(self, payload: bytes, *, retained: bool) -> None:
        if retained:
            raise MalformedError("an answer is never retained")
        greeting = self._connection.handle_answer(parser.answer(payload))
        self._touches.judge_waiting(None if greeting is None else greeting[1])
        if greeting is not None:
            hello, asked_at = greeting
            if hello.enrollment is None:
                where = topic_of(self.model.reader_id, Topic.ANSWER)
                self._complaints.dropped(where, "the snapshot in an answer to hello is malformed")
            else:
                self.enroller.confirm(hello.enrollment, asked_at)
            self._inventory_updater.consider()
            self._unwanted.consider()

    def _listed(self) -> None:
        self._unwanted.consider()
