"""Errors of requests to a reader; `errors.py` of the integration translates them for users."""


class ReaderError(Exception):
    """A request to a reader failed."""


class UnreachableError(ReaderError):
    """The reader did not answer in time, or the broker is not connected.

    The reader may still carry out the request, as long as the nonce is valid.
    """


class OtherDeviceError(UnreachableError):
    """Another device answers under the id of the reader, which itself may still do the request."""

    def __init__(self, device: str) -> None:
        """Initialize with the hardware id of the other device."""
        super().__init__(device)
        self.device = device


class RefusedError(ReaderError):
    """The reader, or the client in its place, refused the request; nothing has changed."""

    def __init__(self, refusal: str) -> None:
        """Initialize with the reason: a `Refusal`, or a word of a later firmware."""
        super().__init__(refusal)
        self.refusal = refusal


class UnsupportedError(ReaderError):
    """The reader does not have the feature that the request needs; nothing has changed."""

    def __init__(self, feature: str) -> None:
        """Initialize with the feature, a word of the protocol."""
        super().__init__(feature)
        self.feature = feature


class TooManyScansError(ReaderError):
    """More scans were requested than the reader supports; nothing has changed."""

    def __init__(self, most: int) -> None:
        """Initialize with the maximum that the reader supports."""
        super().__init__(f"at most {most}")
        self.most = most
