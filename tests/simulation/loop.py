"""Virtual time: event loops whose clock jumps to the next timer, and coroutines that run in them.

When no callback is ready, the clock jumps to the next timer. Nothing comes from outside, so the
order of all events follows from the coroutine alone.
"""

from __future__ import annotations

import asyncio
import functools
import heapq
import inspect
from typing import TYPE_CHECKING, Any, Never, override

from tests.simulation.fast_loop import FastLoop, StuckError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from contextvars import Context


class _Timer(asyncio.TimerHandle):
    """A timer that fires after the older ones of the same time."""

    __slots__ = ("number",)
    number: int
    _scheduled: bool
    _when: float

    def __lt__(self, other: _Timer) -> bool:  # type: ignore[override] # there are no others
        """Define which fires first: asyncio does not, and bytes of a serial line have an order."""
        if self._when == other._when:
            return self.number < other.number
        return self._when < other._when


class VirtualTime(asyncio.BaseEventLoop):
    """The time of an event loop: as its clock says, with timers in a fixed order."""

    _scheduled: list[asyncio.TimerHandle]
    _timers = 0
    #: Has the time in seconds as `now`.
    _clock: Any

    def time(self) -> float:
        """Return the virtual time in seconds."""
        now: float = self._clock.now
        return now

    def call_at[*Ts](
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Schedule a callback for a time; those of one time run in the order of these calls."""
        timer = _Timer(when, callback, args, self, context)
        timer.number = self._timers = self._timers + 1
        timer._scheduled = True  # counted when it is cancelled
        heapq.heappush(self._scheduled, timer)
        return timer

    def next_timer(self) -> float:
        """Return the time of the next timer."""
        return self._scheduled[0].when()


class VirtualLoop(FastLoop):
    """An event loop without sockets, pipes, threads and real time; its `time` begins at 0."""

    def __init__(self) -> None:
        super().__init__()
        #: Failures that no caller has retrieved, in order.
        self._failed: list[BaseException | asyncio.Task[Any]] = []
        #: Those that are not done, in the order of their start: asyncio's own set has none.
        self._tasks: dict[asyncio.Task[Any], None] = {}
        self._main: asyncio.Task[Any] | None = None
        self.set_task_factory(self._make_task)
        self.set_exception_handler(self._take_error)

    def run_main[T](self, main: Coroutine[Any, Any, T]) -> T:
        """Do the work of `run`, once."""
        task = self._main = self.create_task(main, name="main")
        self._turn_until_stopped()
        while self._tasks:
            for left in self._tasks:
                left.cancel()
            if not self._turn_until_stopped():
                break
        for failure in self._failed:
            if isinstance(failure, BaseException):
                raise failure
            # asyncio would report it only when the task is collected, at any later time.
            if failure is task or failure._log_traceback:
                failure.result()
        result: T = task.result()
        return result

    @override
    def waiting(self) -> str:
        """Name the tasks that are not done, for an error."""
        return ", ".join(f"{task.get_name()} ({task.get_coro()})" for task in self._tasks)

    def run_in_executor(self, *_: object) -> Never:
        """Refuse: threads do not run in virtual time."""
        raise NotImplementedError("no threads in virtual time")

    def _turn_until_stopped(self) -> bool:
        """Run until `stop` is called; return False if that will never happen."""
        try:
            self.run_forever()
        except StuckError as error:
            self._failed.append(error)
            return False
        return True

    def _make_task(
        self, loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any], **how: Any
    ) -> asyncio.Future[Any]:
        task: asyncio.Task[Any] = asyncio.Task(work, loop=loop, **how)
        self._tasks[task] = None
        task.add_done_callback(self._end_task)
        return task

    def _end_task(self, task: asyncio.Task[Any]) -> None:
        del self._tasks[task]
        # Read without marking it as retrieved.
        if not task.cancelled() and task._exception is not None:
            self._failed.append(task)
        if task is self._main or not self._tasks:
            self.stop()

    def _take_error(self, _: object, context: dict[str, Any]) -> None:
        """Note that a callback failed, and end the history."""
        self._failed.append(context.get("exception") or RuntimeError(context["message"]))
        self.stop()


async def sleep_until(when: float) -> None:
    """Wait until exactly this time of the loop."""
    loop = asyncio.get_running_loop()
    over = loop.create_future()
    timer = loop.call_at(when, _set, over)
    try:
        await over
    finally:
        timer.cancel()


def _set(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def run[T](main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in virtual time, on a loop of its own, and cancel what it left.

    Raises what failed first: a callback (which ends the run), a task whose failure nobody noticed,
    `main` itself. StuckError when nothing can ever happen again.
    """
    loop = VirtualLoop()
    try:
        return loop.run_main(main)
    finally:
        loop.close()


def as_test(
    simulate: Callable[[Callable[..., Awaitable[None]]], object], given: int = 1
) -> Callable[[Callable[..., Awaitable[None]]], Callable[..., None]]:
    """Make a plain test of a coroutine function.

    `simulate` runs it in virtual time, and gives it its first parameters, so many as `given` says.
    The others are those of the test.
    """

    def wrap(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
        @functools.wraps(test)
        def plain(**parameters: Any) -> None:
            simulate(functools.partial(test, **parameters))

        signature = inspect.signature(test)
        own = list(signature.parameters.values())[given:]
        plain.__signature__ = signature.replace(parameters=own)  # type: ignore[attr-defined] # pytest
        return plain

    return wrap
