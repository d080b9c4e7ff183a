"""Combinations of fault and activity, or fault and request, that are impossible, with reasons."""

from __future__ import annotations

from tests.simulation.coverage import REQUESTS


def _all_but(columns: tuple[str, ...], *possible: str) -> tuple[str, ...]:
    return tuple(column for column in columns if column not in possible)


_REASONS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    (
        "Without power there is none to take, and nothing is said to the sensor or to the flash.",
        (
            "firmware_newer", "power_cut", "power_cut_at_the_sensor", "power_cut_at_the_flash",
            "flash_refuses", "sensor_silent", "sensor_noisy", "sensor_late", "sensor_restarts",
            "sensor_strange", "sensor_flickers", "sensor_blind",
        ),
        ("off",),
    ),
    (
        "Until it has started, and while it works on an image, it does not look for a finger.",
        ("sensor_flickers", "sensor_blind"),
        ("starting", "processing"),
    ),
    ("No finger is there.", ("sensor_blind",), ("touch",)),
    (
        "Home Assistant is stopped for it; what another fault starts meanwhile only says hello.",
        ("touch_retained",),
        _all_but(REQUESTS, "nothing", "hello"),
    ),
    (
        "It strikes right after an enroll/request of any reader, which may be over by then.",
        ("home_assistant_killed_when_it_asks",),
        _all_but(REQUESTS, "start", "cancel", "nothing", "hello"),
    ),
    (
        "It strikes right after such a request, too, or after the answer to it.",
        ("start_not_answered",),
        _all_but(REQUESTS, "start", "cancel", "nothing", "hello", "list"),
    ),
    (
        "It strikes within moments after a change of any reader, which may be over by then.",
        ("change_goes_wrong",),
        _all_but(REQUESTS, "delete", "adopt", "settings", "nothing", "hello", "list", "start"),
    ),
    (
        "It strikes right after a hello, or after what follows its answer.",
        ("answer_stalls",),
        _all_but(REQUESTS, "hello", "nothing", "list"),
    ),
)  # fmt: skip

#: Fault and column, to the reason.
IMPOSSIBLE: dict[tuple[str, str], str] = {
    (fault, column): reason
    for reason, faults, columns in _REASONS
    for fault in faults
    for column in columns
}
