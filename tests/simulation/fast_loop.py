"""A fast event loop for virtual time: like asyncio's own, with less work for each callback.

A simulation is little else than callbacks, so what asyncio does beside calling them is a third of
its time. The order is asyncio's: callbacks that are ready run first come, first served, in turns;
those that a turn makes ready run in the next one, after the timers that are due by then. Timers of
the same time fire in the order in which they were made, which asyncio leaves open.
"""

from __future__ import annotations

import asyncio
import contextvars
import heapq
from collections import deque
from typing import TYPE_CHECKING, Any, override
from unittest.mock import patch

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractContextManager
    from contextvars import Context

#: Turns of the loop without a jump of the clock, after which some task is in an endless loop.
MOST_TURNS = 100_000
#: Cancelled timers that may be left lying between the others, if they are not the most.
_MOST_CANCELLED = 100


class StuckError(Exception):
    """No callback is left to run, or time stands still because a task never waits."""


class Handle(list[Any]):
    """A callback that is to be called: a list, since lists are fast to make and to compare.

    Its callback is None once it is cancelled.
    """

    __slots__ = ()

    def when(self) -> float:
        """Return the time at which it is to be called."""
        when: float = self[0]
        return when

    def cancelled(self) -> bool:
        """Return whether it was cancelled."""
        return self[_CALLBACK] is None

    def cancel(self) -> None:
        """Cancel the call."""
        if self[_CALLBACK] is not None:
            self[_CALLBACK] = self[_ARGS] = None
            loop = self[_LOOP]
            if loop is not None:
                loop._cancelled_timers += 1


#: Places in a handle. Before them: its time, and its number, so that no two are equal.
_CALLBACK, _ARGS, _CONTEXT, _LOOP = 2, 3, 4, 5
_copy_context = contextvars.copy_context
_push, _pop = heapq.heappush, heapq.heappop


class FastLoop(asyncio.BaseEventLoop):
    """A loop without files and threads whose time jumps to the next timer; it begins at 0."""

    _stopping: bool

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._queue: deque[Handle] = deque()
        """What is ready."""
        self._timers: list[Handle] = []
        """A heap; the numbers count the timers."""
        self._made = 0
        self._cancelled_timers = 0
        """How many of the timers in the heap are cancelled."""

    # Asked for each future: a type is called faster than a function, and bool() is False.
    get_debug = bool

    @override
    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._now

    @override
    def call_soon(  # type: ignore[override] # it takes what asyncio's takes
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Any:
        """Schedule a callback for the next turn."""
        handle = Handle(
            [0.0, 0, callback, args, _copy_context() if context is None else context, None]
        )
        self._queue.append(handle)
        return handle

    @override
    def call_later(  # type: ignore[override]
        self,
        delay: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> Any:
        """Schedule a callback for so many seconds later."""
        self._made = made = self._made + 1
        context = _copy_context() if context is None else context
        handle = Handle([self._now + delay, made, callback, args, context, self])
        _push(self._timers, handle)
        return handle

    @override
    def call_at(  # type: ignore[override]
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> Any:
        """Schedule a callback for a time; those of one time run in the order of these calls."""
        self._made = made = self._made + 1
        context = _copy_context() if context is None else context
        handle = Handle([when, made, callback, args, context, self])
        _push(self._timers, handle)
        return handle

    def waiting(self) -> str:
        """Return which tasks wait, for an error message."""
        raise NotImplementedError

    def _run_once(self) -> None:  # noqa: C901 - a call for each turn would cost too much
        """Run turns until `stop` is called. Raises StuckError."""
        queue, timers, turns = self._queue, self._timers, 0
        while True:
            if queue or self._stopping:
                turns += 1
                if turns > MOST_TURNS:
                    raise StuckError(f"time stands still: {self.waiting()}")
            else:
                self._jump()
                turns = 0
            now = self._now
            while timers and timers[0][0] <= now:
                handle = _pop(timers)
                handle[_LOOP] = None
                if handle[_CALLBACK] is None:
                    self._cancelled_timers -= 1
                else:
                    queue.append(handle)
            for _ in range(len(queue)):
                handle = queue.popleft()
                callback = handle[_CALLBACK]
                if callback is not None:
                    try:
                        handle[_CONTEXT].run(callback, *handle[_ARGS])
                    except SystemExit, KeyboardInterrupt:
                        raise
                    except BaseException as error:  # noqa: BLE001 - as asyncio does
                        self.call_exception_handler(
                            {"message": "Exception in callback", "exception": error}
                        )
            if self._stopping:
                return

    def _jump(self) -> None:
        """Set the time to that of the next timer. Raises StuckError where there is none."""
        timers = self._timers
        if self._cancelled_timers > _MOST_CANCELLED and 2 * self._cancelled_timers > len(timers):
            timers[:] = [timer for timer in timers if timer[_CALLBACK] is not None]
            heapq.heapify(timers)
            self._cancelled_timers = 0
        while timers:
            when, _, callback, *_ = timers[0]
            if callback is not None:
                self._now = max(self._now, when)
                return
            _pop(timers)[_LOOP] = None
            self._cancelled_timers -= 1
        raise StuckError(f"everybody waits for ever: {self.waiting()}")

    # What BaseEventLoop asks of whoever has files to watch, or is called from threads.

    def _process_events(self, events: object) -> None:
        """Do nothing: there are none."""

    def _write_to_self(self) -> None:
        """Do nothing: the loop never sleeps."""


async def wait_for[T](
    awaitable: Awaitable[T],
    timeout: float | None,  # noqa: ASYNC109 - asyncio's has it
) -> T:
    """Work as `asyncio.wait_for`, for a coroutine or a future, in a third of the time."""
    if timeout is None or timeout <= 0:
        return await _wait_for(awaitable, timeout)
    loop = asyncio.get_running_loop()
    task = asyncio.current_task(loop)
    assert task is not None
    over = _Over(task)
    timer = loop.call_later(timeout, over)
    try:
        return await awaitable
    except asyncio.CancelledError as error:
        if over.now and not over.handled():
            raise TimeoutError from error
        raise
    finally:
        timer.cancel()
        if over.now:
            over.handled()


_wait_for = asyncio.wait_for


class _Over:
    """Ends a wait after its timeout."""

    __slots__ = ("_cancelled", "_others", "_task", "now")

    def __init__(self, task: asyncio.Task[Any]) -> None:
        self._task = task
        self._others = task.cancelling()
        self._cancelled = True
        self.now = False
        """Whether it is over."""

    def __call__(self) -> None:
        """Cancel the task that waits."""
        self.now = True
        self._task.cancel()

    def handled(self) -> bool:
        """Undo the cancellation, once; return whether the task was also cancelled otherwise."""
        if self._cancelled:
            self._cancelled = False
            return self._task.uncancel() > self._others
        return False


def fast_waits() -> AbstractContextManager[object]:
    """Replace `asyncio.wait_for` by the one above."""
    return patch.object(asyncio, "wait_for", wait_for)
