"""One run of the simulated Home Assistant: the integration's clients and their environment."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, override

from custom_components.biometric_enroll.client.client import ReaderClient
from custom_components.biometric_enroll.client.delivery_log import DeliveryLog
from custom_components.biometric_enroll.client.errors import UnreachableError
from custom_components.biometric_enroll.client.fingerprint_registry import (
    Enrollment,
    FingerprintRegistry,
    Place,
)
from custom_components.biometric_enroll.client.host import Options
from custom_components.biometric_enroll.client.liveness import Clocks
from custom_components.biometric_enroll.client.model import ReaderModel
from custom_components.biometric_enroll.protocol.words import topic_of
from tests.simulation.disk import File
from tests.simulation.ha_mqtt_client import HaMqttClient, NotConnectedError

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from custom_components.biometric_enroll.client.host import Cause, ReaderEvent
    from custom_components.biometric_enroll.client.state import ReaderState, Subject
    from custom_components.biometric_enroll.protocol.messages import Identity
    from tests.simulation.home_assistant import HomeAssistant

_EPOCH = datetime(2026, 11, 25, tzinfo=UTC)
#: Home Assistant's name in the network, and the beginning of its client id.
PARTY = "home assistant"

asked_for: ContextVar[str] = ContextVar("asked_for")
"""Who is to be enrolled by the action that is being called in this context."""


class ReceivedMessage(NamedTuple):
    """A message as Home Assistant's MQTT passes it to the integration."""

    topic: str
    """Without the prefix of the reader."""
    payload: bytes
    retained: bool


class Observer(Protocol):
    """Notified about what Home Assistant shows and does, at the time at which it happens.

    `message` is the received message that was the cause, if any.
    """

    def state(self, reader_id: str, state: ReaderState, message: ReceivedMessage | None) -> None:
        """Handle a new state of the entities."""

    def event(self, reader_id: str, event: ReaderEvent, message: ReceivedMessage | None) -> None:
        """Handle an event that was reported to event entities and event bus."""

    def published(self, topic: str, message: str) -> None:
        """Handle a message that is published."""

    def names_changed(self, registry: FingerprintRegistry) -> None:
        """Handle a change of the registry; it need not be saved yet."""

    def saved(self, name: str, data: dict[str, Any]) -> None:
        """Handle that a file was written to disk."""

    def meant(self, device: str, enrollment: Enrollment, asked: str) -> None:
        """Handle an enrollment that is about to be requested, or is given up.

        `asked` is who is to be enrolled by the action that is being called.
        """

    def named(self, place: Place, name: str) -> None:
        """Handle that a template that was listed without a name is given one."""

    def run(self, what: str) -> None:
        """Handle that Home Assistant starts, stops or is killed; `what` says which."""


class _WatchedRegistry(FingerprintRegistry):
    """The registry; notifies the observer of requested enrollments and of new names."""

    observer: Observer
    """Set right after it is made."""

    @override
    async def async_set_enrollment(self, device: str, enrollment: Enrollment | None) -> None:
        if enrollment is not None:
            self.observer.meant(device, enrollment, asked_for.get())
        await super().async_set_enrollment(device, enrollment)

    @override
    async def async_adopt(
        self, place: Place, subject: Subject, now: datetime, *, enabled: bool
    ) -> None:
        self.observer.named(place, subject.name)
        await super().async_adopt(place, subject, now, enabled=enabled)


class Run:
    """One run of Home Assistant, from a start to its end."""

    def __init__(self, home: HomeAssistant, number: int) -> None:
        self.home = home
        self.alive = True
        self.files = [
            File(home.disk, name, home.rng, home.observer.saved) for name in ("roster", "marks")
        ]
        self.registry = _WatchedRegistry(self.files[0])
        self.delivery_log = DeliveryLog(self.files[1])
        self.registry.observer = home.observer
        self.registry.subscribe(lambda: home.observer.names_changed(self.registry))
        self.client = HaMqttClient(
            home.network,
            PARTY,
            f"{PARTY} {number}",
            on_message=self._on_message,
            on_connection=self._on_connection,
            on_subscribed=self._on_subscribed,
        )
        self.entries: dict[str, Entry] = {}

    async def start(self) -> None:
        """Load, set up the entries, connect."""
        await self.registry.async_load()
        await self.delivery_log.async_load(clocks)
        await self.registry.async_catch_up(self.delivery_log.completed(), now())
        if not self.alive:
            return
        for reader_id, device in self.home.devices.items():
            self.entries[reader_id] = Entry(self, reader_id, device)
        self.client.start()

    def end(self, *, kill: bool) -> None:
        """End the run; a kill interrupts everything that is under way."""
        self.alive = not kill
        for entry in self.entries.values():
            entry.unload(kill=kill)
        self.alive = False
        for file in self.files:
            # At a regular stop, Home Assistant waits for saves under way.
            file.alive = not kill
        # A regular stop sends no DISCONNECT either.
        self.client.close(kill=True)

    def reload(self, reader_id: str) -> None:
        """Reload one entry."""
        self.entries.pop(reader_id).unload(kill=False)
        self.entries[reader_id] = Entry(self, reader_id, self.home.devices[reader_id])

    def _on_message(self, topic: str, payload: bytes, retained: bool) -> None:
        _, reader_id, below = topic.split("/", 2)
        if self.alive and reader_id in self.entries:
            self.entries[reader_id].receive(below, payload, retained=retained)

    def _on_connection(self, connected: bool) -> None:
        if not connected and self.alive:
            for entry in self.entries.values():
                entry.client.disconnected()

    def _on_subscribed(self) -> None:
        if self.alive:
            for entry in self.entries.values():
                entry.client.subscribed()


class Entry:
    """One loaded config entry: the host of its client."""

    def __init__(self, run: Run, reader_id: str, device: str) -> None:
        self.loop = asyncio.get_running_loop()
        self._run = run
        self._observer = run.home.observer
        self._reader_id = reader_id
        self._alive = True
        self._loaded = True
        self._tasks: dict[asyncio.Task[Any], None] = {}
        self._message: ReceivedMessage | None = None
        """The message that is being handled."""
        model = ReaderModel(reader_id, device, self, run.registry, run.delivery_log)
        self.client = ReaderClient(model)
        self._ignore_names = run.registry.subscribe(model.update)
        self._observer.state(reader_id, self.client.state, None)
        for topic, qos in self.client.topics:
            run.client.subscribe(topic_of(reader_id, topic), qos)
        self._watch = self.loop.create_task(
            self.client.async_watch(), name=f"presence of {reader_id}"
        )

    def receive(self, topic: str, payload: bytes, *, retained: bool) -> None:
        """Handle a message."""
        self._message = ReceivedMessage(topic, payload, retained)
        self.client.receive(topic, payload, retained=retained)
        self._message = None

    def unload(self, *, kill: bool) -> None:
        """Stop; background work finishes, or is cancelled by a kill."""
        self._alive = self._alive and not kill
        self._loaded = False
        for topic, _ in self.client.topics:
            self._run.client.unsubscribe(topic_of(self._reader_id, topic))
        self._ignore_names()
        self.client.stop()
        self._watch.cancel()
        if kill:
            for task in self._tasks:
                task.cancel()

    def beside[T](self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run something in the background: it ends with Home Assistant, not with its caller.

        It starts eagerly, as all tasks of Home Assistant do.
        """
        task = self.loop.create_task(work, eager_start=True)
        self._tasks[task] = None
        task.add_done_callback(self._tasks.pop)
        return task

    # The interface of the integration's `Host`

    options = Options()

    def utcnow(self) -> datetime:
        return now()

    def clocks(self) -> Clocks:
        return clocks()

    def new_id(self) -> str:
        return self._run.home.rng.randbytes(8).hex()

    def create_task(self, work: Coroutine[Any, Any, None]) -> None:
        self.beside(work)

    async def async_publish(self, topic: str, message: str) -> None:
        if not self._alive or not self._run.alive:
            raise UnreachableError
        self._observer.published(topic, message)
        try:
            self._run.client.publish(topic, message.encode())
        except NotConnectedError:
            raise UnreachableError from None

    def state_changed(self, state: ReaderState, _cause: Cause) -> None:
        # Once the entry is unloaded there are no entities that could show it.
        if self._loaded:
            self._observer.state(self._reader_id, state, self._message)

    def report(self, event: ReaderEvent) -> None:
        if self._alive:
            self._observer.event(self._reader_id, event, self._message)

    def identity_changed(self, identity: Identity) -> None:
        """Keep no device registry."""

    def other_device(self, identity: Identity | None) -> None:
        """Keep no repair issues."""


def clocks() -> Clocks:
    """Return what the clocks of Home Assistant's machine show."""
    seconds = asyncio.get_running_loop().time()
    return Clocks(seconds, seconds, seconds, _EPOCH.timestamp() + seconds)


def now() -> datetime:
    """Return the date and time that correspond to the virtual time."""
    return _EPOCH + timedelta(seconds=asyncio.get_running_loop().time())
