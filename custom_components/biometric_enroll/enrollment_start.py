"""Start an enrollment for an action or a dialog."""

import asyncio
from typing import TYPE_CHECKING, Any

from . import subjects
from .client.enroller import EnrollOptions
from .const import (
    CONF_SCAN_TIMEOUT,
    CONF_SCANS,
    SCAN_TIMEOUT,
    SCANS,
)
from .errors import translate_errors
from .subjects import ATTR_SLOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from homeassistant.core import Context, HomeAssistant

    from .client.state import Subject
    from .coordinator import ReaderCoordinator

ATTR_SCANS = CONF_SCANS
ATTR_SCAN_TIMEOUT = CONF_SCAN_TIMEOUT


def enroll_options(given: Mapping[str, Any], options: Mapping[str, Any]) -> EnrollOptions:
    """Return the options of an enrollment: `given` ones first, then those of the reader."""
    said = {**options, **given}
    scans = int(said.get(ATTR_SCANS, SCANS))
    return EnrollOptions(
        given.get(ATTR_SLOT), scans, int(said.get(ATTR_SCAN_TIMEOUT, SCAN_TIMEOUT))
    )


async def async_start(
    hass: HomeAssistant,
    coordinator: ReaderCoordinator,
    subject: Subject,
    how: EnrollOptions,
    context: Context,
) -> tuple[str, int]:
    """Start an enrollment; return its template id and slot once the reader has accepted it.

    Raises a translated error; if the enrollment runs nevertheless, it is cancelled.
    """
    entry, enroller = coordinator.config_entry, coordinator.client.enroller
    starting = entry.async_create_task(hass, enroller.async_enroll(subject, how, context))
    with translate_errors(entry.title):
        # Stopping a script stops the waiting, not the enrollment.
        started = await _async_outlived_by(starting)
    # The person may have been removed while waiting for the reader.
    await subjects.async_unlink_removed(hass)
    return started


async def _async_outlived_by[T](task: asyncio.Task[T]) -> T:
    """Return the result of a task; cancelling the caller does not cancel it.

    Unlike with `asyncio.shield`, a refusal after that is not logged as an error.
    """
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    await asyncio.wait([task])
    return task.result()
