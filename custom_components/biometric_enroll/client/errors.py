"""Why a reader does not do what was asked; Home Assistant words it for users."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..protocol.words import Refusal


class ReaderError(Exception):
    """What was asked of a reader was not done."""


class UnreachableError(ReaderError):
    """The reader did not answer in time, or there is no broker to ask it through.

    It may still do what was asked, as long as the nonce lives.
    """


class RefusedError(ReaderError):
    """The reader, or we in its place, said no; nothing has changed."""

    def __init__(self, refusal: Refusal) -> None:
        """Take the word for why."""
        super().__init__(str(refusal))
        self.refusal = refusal


class TooOldError(ReaderError):
    """The reader's firmware does not know what was asked; nothing has changed."""


class TooManyScansError(ReaderError):
    """More scans were wanted than the reader takes; nothing has changed."""

    def __init__(self, most: int) -> None:
        """Take how many it takes."""
        super().__init__(f"at most {most}")
        self.most = most
