"""The reader's only clock: milliseconds since the program started."""

try:
    from time import ticks_diff, ticks_ms
except ImportError:  # CPython, unknown to MicroPython's types
    import time

    def ticks_ms() -> int:  # type: ignore[misc]
        """Count milliseconds."""
        return time.monotonic_ns() // 1000000  # type: ignore[attr-defined,no-any-return]

    def ticks_diff(ticks1: int, ticks2: int) -> int:  # type: ignore[no-redef]
        """Subtract two counts."""
        return ticks1 - ticks2


class Uptime:
    """Counts without wrapping, where MicroPython's ticks wrap after days.

    Has to be asked at least once in three days, which the main loop does every second.
    """

    def __init__(self) -> None:
        self._last = ticks_ms()
        self._ms = 0

    def __call__(self) -> int:
        """Give the milliseconds since the program started."""
        now = ticks_ms()
        self._ms += ticks_diff(now, self._last)
        self._last = now
        return self._ms
