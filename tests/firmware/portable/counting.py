"""Random ids that a test can foretell, for the parts that take `random`."""


class Counting:
    """Gives bytes that hold 1, then 2, and so on."""

    def __init__(self, given: int = 0) -> None:
        self.given = given

    def __call__(self, size: int) -> bytes:
        self.given += 1
        return self.given.to_bytes(size, "big")


def nth(number: int) -> str:
    """Return the id that the n-th call makes."""
    return "%016x" % number
