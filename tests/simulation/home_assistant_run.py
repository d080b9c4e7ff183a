"""One run of the simulated Home Assistant: the integration's clients and their surroundings."""

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
"""Who is to be enrolled by the call of the action that this is a part of."""


class Taken(NamedTuple):
    """A message as Home Assistant's MQTT hands it over."""

    topic: str
    """Below the reader's own."""
    payload: bytes
    retained: bool


class Observer(Protocol):
    """Is told what Home Assistant shows and does, at the moment at which it happens."""

    def state(self, reader_id: str, state: ReaderState, message: Taken | None) -> None:
        """See the state that entities show, and which message it came of."""

    def moment(self, reader_id: str, moment: ReaderEvent, message: Taken | None) -> None:
        """Hear what automations hear, and which message it came of."""

    def published(self, topic: str, message: str) -> None:
        """See that something is published."""

    def names_changed(self, registry: FingerprintRegistry) -> None:
        """See that the registry has changed, also before that is saved."""

    def saved(self, name: str, data: dict[str, Any]) -> None:
        """See a file reach the disk."""

    def meant(self, device: str, enrollment: Enrollment, asked: str) -> None:
        """Hear that an enrollment is about to be asked for, or is given up.

        `asked` is who is to be enrolled by the call of the action in which that happens.
        """

    def named(self, place: Place, name: str) -> None:
        """Hear that a template that was listed without a name is given one."""

    def run(self, what: str) -> None:
        """Hear that Home Assistant starts, stops or is killed."""


class _WatchedRegistry(FingerprintRegistry):
    """The registry; tells the observer who is meant and named."""

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
        await self.delivery_log.async_load()
        await self.registry.async_catch_up(self.delivery_log.completed(), now())
        if not self.alive:
            return
        for reader_id, device in self.home.devices.items():
            self.entries[reader_id] = Entry(self, reader_id, device)
        self.client.start()

    def end(self, *, kill: bool) -> None:
        """End the run; a kill interrupts all that it has begun."""
        self.alive = not kill
        for entry in self.entries.values():
            entry.unload(kill=kill)
        self.alive = False
        for file in self.files:
            # In order, Home Assistant waits for what is being saved.
            file.alive = not kill
        # An end in order is no DISCONNECT either.
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
        self._message: Taken | None = None
        """What is being taken."""
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
        """Take a message."""
        self._message = Taken(topic, payload, retained)
        self.client.receive(topic, payload, retained=retained)
        self._message = None

    def unload(self, *, kill: bool) -> None:
        """Stop; background work finishes, or after a kill is cancelled."""
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

        It begins at once, as all tasks of Home Assistant do.
        """
        task = self.loop.create_task(work, eager_start=True)
        self._tasks[task] = None
        task.add_done_callback(self._tasks.pop)
        return task

    # What the client finds around it (`Host` of the integration)

    options = Options()

    def utcnow(self) -> datetime:
        return now()

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
        # Entities are gone once the entry is unloaded, what is still on its way shows nowhere.
        if self._loaded:
            self._observer.state(self._reader_id, state, self._message)

    def report(self, moment: ReaderEvent) -> None:
        if self._alive:
            self._observer.moment(self._reader_id, moment, self._message)

    def identity_changed(self, identity: Identity) -> None:
        """Keep no device registry."""

    def other_device(self, identity: Identity | None) -> None:
        """Keep no repair issues."""


def now() -> datetime:
    """Return the date and time at this moment of the virtual time."""
    return _EPOCH + timedelta(seconds=asyncio.get_running_loop().time())
