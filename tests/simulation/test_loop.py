"""Virtual time: the clock jumps, the order is always the same, and no failure stays hidden."""

from __future__ import annotations

import asyncio
import contextvars
import time

import pytest

from tests.simulation.fast_loop import StuckError, wait_for
from tests.simulation.loop import run, sleep_until


def test_a_day_goes_by_at_once_and_exactly() -> None:
    async def main() -> float:
        await asyncio.sleep(86_400)
        async with asyncio.timeout(10):
            await asyncio.sleep(0.25)
        await sleep_until(86_400.3)
        return asyncio.get_running_loop().time()

    began = time.monotonic()
    assert run(main()) == 86_400.3
    assert time.monotonic() - began < 5


def test_timers_go_off_in_the_order_of_their_time_and_then_of_their_start() -> None:
    heard: list[str] = []

    async def say(word: str, after: float) -> None:
        await asyncio.sleep(after)
        heard.append(word)

    async def main() -> None:
        words = [say(str(number), 1) for number in range(9)]
        await asyncio.gather(say("late", 2), *words, say("now", 0))

    run(main())
    assert heard == ["now", *"012345678", "late"]


def test_a_deadlock_is_an_error_that_names_the_waiting_tasks() -> None:
    async def main() -> None:
        await asyncio.Event().wait()

    with pytest.raises(StuckError, match=r"everybody waits for ever: main \(.*main"):
        run(main())


def test_a_loop_that_never_waits_is_an_error() -> None:
    async def main() -> None:
        while True:  # noqa: ASYNC110 - the defect that is to be found
            await asyncio.sleep(0)

    with pytest.raises(StuckError, match="time stands still"):
        run(main())


def test_what_is_left_at_the_end_is_cancelled_in_the_order_of_its_start() -> None:
    ended: list[int] = []

    async def stay(number: int) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(1)
            ended.append(number)

    tasks: list[asyncio.Task[None]] = []

    async def main() -> str:
        tasks.extend(asyncio.create_task(stay(number)) for number in range(5))
        await asyncio.sleep(0)
        return "done"

    assert run(main()) == "done"
    assert ended == [0, 1, 2, 3, 4]
    assert all(task.cancelled() for task in tasks)


def test_a_failed_task_whose_result_is_never_retrieved_fails_the_run() -> None:
    held: list[asyncio.Task[None]] = []

    async def fail() -> None:
        raise ValueError("unseen")

    async def main() -> None:
        held.append(asyncio.create_task(fail()))
        await asyncio.sleep(1)

    with pytest.raises(ValueError, match="unseen"):
        run(main())


def test_a_failure_that_was_retrieved_does_not_fail_the_run() -> None:
    async def fail() -> None:
        raise ValueError("seen")

    async def main() -> str:
        try:
            await asyncio.create_task(fail())
        except ValueError as error:
            return str(error)
        return "nothing"

    assert run(main()) == "seen"


def test_a_failed_callback_ends_the_run_even_if_main_would_go_on() -> None:
    def fail() -> None:
        raise ValueError("in a callback")

    async def main() -> None:
        asyncio.get_running_loop().call_later(5, fail)
        await asyncio.sleep(10)
        pytest.fail("it went on")

    with pytest.raises(ValueError, match="in a callback"):
        run(main())


def test_of_two_failures_the_first_is_raised() -> None:
    async def fail(word: str) -> None:
        raise ValueError(word)

    held: list[asyncio.Task[None]] = []

    async def main() -> None:
        held.append(asyncio.create_task(fail("cause")))
        await asyncio.sleep(1)
        raise ValueError("consequence")

    with pytest.raises(ValueError, match="cause"):
        run(main())


def test_a_failure_while_being_cancelled_fails_the_run() -> None:
    async def fail() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError("at the end")

    async def main() -> None:
        asyncio.get_running_loop().create_task(fail())
        await asyncio.sleep(1)

    with pytest.raises(ValueError, match="at the end"):
        run(main())


def test_threads_are_refused() -> None:
    async def main() -> None:
        await asyncio.to_thread(print)

    with pytest.raises(NotImplementedError, match="virtual time"):
        run(main())


def test_a_cancelled_timer_does_not_go_off_and_is_forgotten() -> None:
    heard: list[str] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        for number in range(1000):
            loop.call_later(100 + number, heard.append, "cancelled").cancel()
        kept = loop.call_later(5, heard.append, "kept")
        assert kept.when() == 5
        assert not kept.cancelled()
        await asyncio.sleep(3000)

    run(main())
    assert heard == ["kept"]


def test_a_callback_is_called_in_the_context_in_which_it_was_scheduled() -> None:
    who: contextvars.ContextVar[str] = contextvars.ContextVar("who", default="nobody")
    heard: list[str] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        who.set("anna")
        loop.call_soon(lambda: heard.append(who.get()))
        loop.call_later(1, lambda: heard.append(who.get()))
        who.set("ben")
        loop.call_at(2, lambda: heard.append(who.get()), context=contextvars.Context())
        await asyncio.sleep(3)

    run(main())
    assert heard == ["anna", "anna", "nobody"]


def test_a_wait_ends_when_its_time_is_over_and_what_it_waits_for_is_cancelled() -> None:
    async def main() -> float:
        event = asyncio.Event()
        with pytest.raises(TimeoutError):
            await wait_for(event.wait(), 2)
        assert not event._waiters
        assert await wait_for(asyncio.sleep(1, "slept"), 2) == "slept"
        assert await wait_for(asyncio.sleep(1, "slept"), None) == "slept"
        with pytest.raises(TimeoutError):
            await wait_for(event.wait(), 0)
        return asyncio.get_running_loop().time()

    assert run(main()) == 4


@pytest.mark.parametrize("after", [0.5, 1])
def test_a_wait_that_is_cancelled_is_not_taken_for_one_whose_time_is_over(after: float) -> None:
    """Also where both happen at one moment."""

    async def main() -> None:
        task = asyncio.create_task(wait_for(asyncio.Event().wait(), 1))
        asyncio.get_running_loop().call_later(after, task.cancel)
        await asyncio.sleep(2)
        assert task.cancelled()
        assert _cancellations() == 0

    run(main())


def _cancellations() -> int:
    task = asyncio.current_task()
    assert task is not None
    return task.cancelling()


def test_nested_waits_end_in_the_order_of_their_timeouts() -> None:
    async def main() -> list[str]:
        told: list[str] = []
        try:
            try:
                await wait_for(wait_for(asyncio.sleep(9), 3), 2)
            except TimeoutError:
                told.append("outer")
            await wait_for(wait_for(asyncio.sleep(9), 1), 2)
        except TimeoutError:
            told.append("inner")
        assert _cancellations() == 0
        return told

    assert run(main()) == ["outer", "inner"]
