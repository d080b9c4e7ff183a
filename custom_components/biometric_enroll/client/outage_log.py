"""What the log tells of a reader that is away: that it is, once, and that it is back, once."""

import logging

_LOGGER = logging.getLogger(__name__)


class OutageLog:
    """Tells the log of the outages of one reader."""

    def __init__(self, reader_id: str) -> None:
        """Begin with nothing told."""
        self._reader_id = reader_id
        self._told = False

    def begin(self, why: str) -> None:
        """Learn that the reader is away; more often is no news."""
        if not self._told:
            self._told = True
            _LOGGER.info("Reader %s is unavailable: %s", self._reader_id, why)

    def end(self) -> None:
        """Learn that the reader is there; that is news only after an outage."""
        if self._told:
            self._told = False
            _LOGGER.info("Reader %s is available again", self._reader_id)
