"""Who else speaks under the id of one reader: another device, or another Home Assistant.

Nothing here is needed while there is one of each. What others say changes neither the state nor
the age of a touch; it is reported to the user.
"""

from typing import TYPE_CHECKING, NamedTuple

from ..protocol.messages import Answer

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from ..protocol.messages import Hello, Identity, Refused
    from .model import ReaderModel

IGNORED_FOR = 30.0
"""Seconds after the start in which answers may be to requests of the process before."""

COUNTED_FOR = 3600.0
"""Seconds for which an answer to a request of somebody else counts."""

ENOUGH = 2
"""Request ids of somebody else that prove another Home Assistant: one may be a repeated message."""

HELLO_AT_MOST_EVERY = 60.0
"""Seconds between hellos because of others: two Home Assistants must not chase each other."""

_KEPT = 16


class _Settings(NamedTuple):
    """What only a request changes, as told in one boot: a swapped sensor has its own level."""

    boot: str
    identification: bool
    led_color: str | None

    def differs(self, before: _Settings) -> bool:
        """Return whether somebody has changed it; after a restart the flash may be another one."""
        colors = {self.led_color, before.led_color}
        changed = self.identification != before.identification or (
            len(colors) > 1 and None not in colors
        )
        return changed and self.boot == before.boot


class Others:
    """What others say under the id of one reader."""

    def __init__(self, model: ReaderModel, ask_soon: Callable[[], None]) -> None:
        """Initialize with nobody; `ask_soon` makes hello be sent soon."""
        self._model = model
        self._host = model.host
        self._loop = model.host.loop
        self._ask_soon = ask_soon
        self._asked_at = -HELLO_AT_MOST_EVERY
        self.device: Identity | None = None
        """Another device that has spoken since our reader has last answered."""
        self._device_at = 0.0
        self.boots: dict[str, None] = {}
        """The newest boots that are not those of our reader."""
        self._requests: dict[str, float] = {}
        """The newest requests of somebody else, with the loop's time of their answer."""
        self._settings: _Settings | None = None
        """As told last; None while a request of our own may change them."""
        self._forgets: asyncio.TimerHandle | None = None

    def ask_sometimes(self) -> None:
        """Make hello be sent soon, unless others have caused one within the last minute."""
        if self._loop.time() - self._asked_at >= HELLO_AT_MOST_EVERY:
            self._asked_at = self._loop.time()
            self._ask_soon()

    # Another device

    def handle_device(self, identity: Identity, boot: str | None = None) -> None:
        """Note that another device spoke; `boot` is from its answer to a hello of ours."""
        self._device_at = self._loop.time()
        self.device = identity
        if boot is not None:
            self.deny(boot)
        self._host.other_device(identity)

    def deny(self, boot: str) -> None:
        """Note a boot that is not one of our reader, as far as is known now."""
        self.boots[boot] = None
        if len(self.boots) > _KEPT:
            del self.boots[next(iter(self.boots))]

    def our_reader_answered(self, asked_at: float) -> None:
        """Note that our reader has answered a hello that was first sent at that time."""
        if asked_at > self._device_at:
            self.device = None
            self._host.other_device(None)

    # Another Home Assistant

    def handle_answer(self, answer: Answer | Refused) -> None:
        """Handle an answer that nobody here waits for."""
        # One to a request of the process before is no sign of anybody.
        started = self._model.delivery_log.loaded
        since = self._host.clocks().monotonic - started.monotonic
        if since < IGNORED_FOR or self._host.has_made(answer.request):
            return
        now = self._loop.time()
        self._requests[answer.request] = now
        recent = [at for at in self._requests.values() if now - at <= COUNTED_FOR]
        if len(self._requests) > _KEPT:
            del self._requests[next(iter(self._requests))]
        if len(recent) >= ENOUGH:
            self._report()
        if not _changes_nothing(answer):
            self.ask_sometimes()

    def expect_settings(self) -> None:
        """Note that a request of our own is about to change settings."""
        self._settings = None

    def handle_settings(self, hello: Hello) -> None:
        """Compare the settings in an answer of our reader with those before."""
        before, self._settings = self._settings, None
        if hello.settings is None or hello.changing:
            return
        told = hello.settings
        self._settings = _Settings(hello.boot, told.identification, told.led_color)
        if before is not None and self._settings.differs(before):
            self._report()

    def _report(self) -> None:
        if self._forgets is not None:
            self._forgets.cancel()
        self._forgets = self._loop.call_later(COUNTED_FOR, self._forget)
        self._host.other_home_assistant(speaks=True)

    def _forget(self) -> None:
        self._forgets = None
        self._host.other_home_assistant(speaks=False)

    def stop(self) -> None:
        """Stop; the next run finds out itself."""
        if self._forgets is not None:
            self._forgets.cancel()
        self._host.other_device(None)


def _changes_nothing(answer: Answer | Refused) -> bool:
    """Return whether this is an answer to hello or list."""
    return isinstance(answer, Answer) and not answer.result.keys().isdisjoint({"uptime_ms", "next"})
