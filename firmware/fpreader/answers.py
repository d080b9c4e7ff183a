"""The answers that were given, for a repeat of their request, and those that are yet to come."""

import json

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

#: Answers that are remembered for a repeat of their request.
MOST_ANSWERS = 8


class Answers:
    """Sends answers with `send`, which returns False if it cannot send now."""

    def __init__(self, send: "Callable[[bytes], bool]") -> None:
        self._send = send
        self._sent: list[tuple[str, bytes]] = []
        self._pending: list[str] = []

    def mark_pending(self, request: str) -> None:
        """Note that this request is under way: a repeat of it is not to be done again."""
        self._pending.append(request)

    def is_pending(self, request: str) -> bool:
        """Tell whether this request is under way."""
        return request in self._pending

    def repeat(self, request: str) -> "bool | None":
        """Send the answer that this request was given; None where there is none."""
        for known, answer in self._sent:
            if known == request:
                return self._send(answer)
        return None

    def succeed(self, request: str, result: "dict[str, Any]") -> bool:
        """Answer a request that was done; True when that was sent."""
        return self._answer(request, {"ok": True, "result": result})

    def refuse(self, request: str, error: str) -> None:
        """Answer a request that was not done."""
        self._answer(request, {"ok": False, "error": error})

    def succeed_uncached(self, request: str, result: "dict[str, Any]") -> None:
        """Answer a question that may be asked again, since nothing is done for it.

        Long answers do not stay in RAM, nor push those out of it that tell of changes.
        """
        self._send(_message(request, {"ok": True, "result": result}))

    def _answer(self, request: str, answer: "dict[str, Any]") -> bool:
        if request in self._pending:
            self._pending.remove(request)
        payload = _message(request, answer)
        self._sent.append((request, payload))
        del self._sent[:-MOST_ANSWERS]
        return self._send(payload)


def _message(request: str, answer: "dict[str, Any]") -> bytes:
    answer["v"] = 1
    answer["request"] = request
    return json.dumps(answer).encode()
