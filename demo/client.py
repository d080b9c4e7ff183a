"""A client of Home Assistant's WebSocket API, like a dashboard."""

import asyncio
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Callable

ANSWER_WITHIN = 60
"""Seconds for Home Assistant to answer a command; actions that wait take longer."""


class CommandError(Exception):
    """Home Assistant answered a command with an error."""

    def __init__(self, error: dict[str, Any]) -> None:
        """Wrap the error of a result message."""
        super().__init__(error.get("message"))
        self.code: str = error.get("code", "")
        self.translation_key: str | None = error.get("translation_key")


@dataclass(slots=True)
class State:
    """One entity as the client sees it."""

    state: str
    attributes: dict[str, Any] = field(default_factory=dict)


class Client:
    """One WebSocket connection; keeps the current states of all entities, and all former ones."""

    def __init__(
        self, session: aiohttp.ClientSession, socket: aiohttp.ClientWebSocketResponse
    ) -> None:
        """Use an authenticated connection; see `async_connect`."""
        self._session = session
        self._socket = socket
        self._ids = itertools.count(1)
        self._results: dict[int, asyncio.Future[Any]] = {}
        self._handlers: dict[int, Callable[[dict[str, Any]], None]] = {}
        self._changed = asyncio.Condition()
        self.states: dict[str, State] = {}
        self.history: list[tuple[float, str, State]] = []
        """Every received state, with the loop's time and its entity id."""
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def async_connect(cls, url: str, token: str) -> Self:
        """Connect, authenticate, and follow the states of all entities."""
        session = aiohttp.ClientSession()
        socket = await session.ws_connect(f"{url}/api/websocket", max_msg_size=0)
        await socket.receive_json()
        await socket.send_json({"type": "auth", "access_token": token})
        answer = await socket.receive_json()
        if answer["type"] != "auth_ok":
            await session.close()
            raise CommandError(answer)
        client = cls(session, socket)
        await client.async_subscribe({"type": "subscribe_entities"}, client._take_entities)
        return client

    @property
    def connected(self) -> bool:
        """Whether the connection is open as far as the client knows."""
        return not self._reading.done()

    async def async_close(self) -> None:
        """Close the connection; closing it again does nothing."""
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        await self._socket.close()
        await self._session.close()

    async def __aenter__(self) -> Self:
        """Return the connected client."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connection."""
        await self.async_close()

    # Commands

    async def async_command(self, within: float = ANSWER_WITHIN, **message: Any) -> Any:
        """Send a command and return its result. Raises `CommandError`."""
        return await self._async_send(next(self._ids), message, within)

    async def async_subscribe(
        self, message: dict[str, Any], handler: Callable[[dict[str, Any]], None]
    ) -> None:
        """Send a command whose events go to a handler."""
        number = next(self._ids)
        self._handlers[number] = handler
        await self._async_send(number, message, ANSWER_WITHIN)

    async def async_action(
        self, action: str, *, within: float = ANSWER_WITHIN, response: bool = False, **data: Any
    ) -> Any:
        """Call an action such as `button.press`; return its response if `response` is set."""
        domain, _, service = action.partition(".")
        extra = {"return_response": True} if response else {}
        result = await self.async_command(
            within,
            type="call_service",
            domain=domain,
            service=service,
            service_data=data,
            **extra,
        )
        return result.get("response")

    async def _async_send(self, number: int, message: dict[str, Any], within: float) -> Any:
        self._results[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, **message})
        async with asyncio.timeout(within):
            return await self._results[number]

    # States

    async def async_until(
        self, condition: Callable[[dict[str, State]], bool], within: float = 30
    ) -> None:
        """Wait until a condition on the states is true. Raises `TimeoutError`."""
        async with asyncio.timeout(within), self._changed:
            await self._changed.wait_for(lambda: condition(self.states))

    async def async_until_state(self, entity_id: str, state: str, within: float = 30) -> State:
        """Wait until an entity has a state, and return it. Raises `TimeoutError`."""
        await self.async_until(
            lambda states: entity_id in states and states[entity_id].state == state, within
        )
        return self.states[entity_id]

    async def async_until_other(
        self, entity_id: str, last: str, key: Callable[[State], str], within: float = 30
    ) -> State:
        """Wait until the key of an entity's state differs from the last one; return the state."""
        await self.async_until(
            lambda states: entity_id in states and key(states[entity_id]) != last, within
        )
        return self.states[entity_id]

    # Received messages

    async def _read(self) -> None:
        async for frame in self._socket:
            messages = frame.json()
            for message in messages if isinstance(messages, list) else [messages]:
                self._take(message)
            async with self._changed:
                self._changed.notify_all()

    def _take(self, message: dict[str, Any]) -> None:
        number = message["id"]
        if message["type"] == "event":
            self._handlers[number](message["event"])
        elif message["type"] == "result" and not (result := self._results[number]).done():
            if message["success"]:
                result.set_result(message["result"])
            else:
                result.set_exception(CommandError(message["error"]))

    def _take_entities(self, event: dict[str, Any]) -> None:
        """Apply the compressed form of `subscribe_entities`: added, changed, removed."""
        now = asyncio.get_running_loop().time()
        for entity_id, new in event.get("a", {}).items():
            self._note(now, entity_id, State(new["s"], new.get("a", {})))
        for entity_id, change in event.get("c", {}).items():
            old = self.states[entity_id]
            plus, minus = change.get("+", {}), change.get("-", {})
            attributes = {**old.attributes, **plus.get("a", {})}
            for key in minus.get("a", []):
                attributes.pop(key, None)
            self._note(now, entity_id, State(plus.get("s", old.state), attributes))
        for entity_id in event.get("r", []):
            self.states.pop(entity_id, None)

    def _note(self, now: float, entity_id: str, state: State) -> None:
        self.states[entity_id] = state
        self.history.append((now, entity_id, state))
