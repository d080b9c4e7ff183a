"""A whole installation: a broker, a Home Assistant and readers, all on loopback."""

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

from .brokers import Broker, BrokerKind
from .home_assistant import NEWEST, HomeAssistant
from .programs import free_port
from .reader import VirtualReader

if TYPE_CHECKING:
    from pathlib import Path


class Installation:
    """A whole installation in one folder; on exit, everything that it started is ended."""

    def __init__(
        self,
        folder: Path,
        *,
        broker: BrokerKind,
        home_assistant_port: int | None = None,
        environment: Path = NEWEST,
    ) -> None:
        """Prepare an installation; nothing runs yet.

        `environment` is the Python environment that its Home Assistant is installed in.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.broker = Broker(broker, free_port(), folder)
        self.home_assistant = HomeAssistant(
            home_assistant_port or free_port(), folder / "home-assistant", environment
        )
        self.readers: dict[str, VirtualReader] = {}
        self._ends = ExitStack()

    async def __aenter__(self) -> Self:
        """Return the installation."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """End everything, in reverse order of the start."""
        self._ends.close()

    def add_reader(
        self, reader_id: str, *, port: int | None = None, **options: Any
    ) -> VirtualReader:
        """Add a reader and give it power; `options` are those of `VirtualReader`.

        `port` is where it finds the broker, if that is not the broker's own port.
        """
        reader = VirtualReader(
            reader_id, port or self.broker.port, self.folder / reader_id, **options
        )
        self._ends.callback(reader.close)
        self.readers[reader_id] = reader
        reader.start()
        return reader

    async def async_start(
        self, yaml: dict[str, Any] | None = None, *, port: int | None = None
    ) -> None:
        """Start the broker and a new Home Assistant that knows the broker.

        `yaml` is added to its configuration (scripts, automations, mqtt, recorder);
        `port` is where it finds the broker, if that is not the broker's own port.
        """
        self._ends.callback(self.broker.stop)
        await self.broker.async_start()
        self.home_assistant.prepare(yaml or {})
        self._ends.callback(self.home_assistant.stop)
        await self.home_assistant.async_start()
        await self.home_assistant.async_onboard()
        await self.home_assistant.async_add_broker(port or self.broker.port)
