"""The answers that were given, for a repeat of their request, and those that are yet to come."""

import json

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

#: Answers that are remembered for a repeat of their request.
MOST_ANSWERS = 8


class Answers:
    """Sends answers with `send`, which says False where that is not possible now."""

    def __init__(self, send: "Callable[[bytes], bool]") -> None:
        self._send = send
        self._given: list[tuple[str, bytes]] = []
        self._owed: list[str] = []

    def owe(self, request: str) -> None:
        """Note that this request is under way: a repeat of it is not to be done again."""
        self._owed.append(request)

    def is_owed(self, request: str) -> bool:
        """Tell whether this request is under way."""
        return request in self._owed

    def repeat(self, request: str) -> "bool | None":
        """Send the answer that this request was given; None where there is none."""
        for known, answer in self._given:
            if known == request:
                return self._send(answer)
        return None

    def succeed(self, request: str, result: "dict[str, Any]") -> bool:
        """Answer a request that was done; True when that was sent."""
        return self._give(request, {"ok": True, "result": result})

    def refuse(self, request: str, error: str) -> None:
        """Answer a request that was not done."""
        self._give(request, {"ok": False, "error": error})

    def tell(self, request: str, result: "dict[str, Any]") -> None:
        """Answer a question that may be asked again, since nothing is done for it.

        Long answers do not stay in RAM, nor push those out of it that tell of changes.
        """
        self._send(_message(request, {"ok": True, "result": result}))

    def _give(self, request: str, answer: "dict[str, Any]") -> bool:
        if request in self._owed:
            self._owed.remove(request)
        payload = _message(request, answer)
        self._given.append((request, payload))
        del self._given[:-MOST_ANSWERS]
        return self._send(payload)


def _message(request: str, answer: "dict[str, Any]") -> bytes:
    answer["v"] = 1
    answer["request"] = request
    return json.dumps(answer).encode()
