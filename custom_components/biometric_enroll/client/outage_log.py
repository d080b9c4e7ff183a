"""Log messages about the availability of a reader: one per outage, one when it is over."""

import logging

_LOGGER = logging.getLogger(__name__)


class OutageLog:
    """Logs the outages of one reader."""

    def __init__(self, reader_id: str) -> None:
        """Initialize without an outage."""
        self._reader_id = reader_id
        self._told = False

    def begin(self, why: str) -> None:
        """Log that the reader is unavailable, unless that was already logged."""
        if not self._told:
            self._told = True
            _LOGGER.info("Reader %s is unavailable: %s", self._reader_id, why)

    def end(self) -> None:
        """Log that the reader is available again, if there was an outage."""
        if self._told:
            self._told = False
            _LOGGER.info("Reader %s is available again", self._reader_id)
