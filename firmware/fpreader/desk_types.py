"""What the dispatcher needs of those around it. Types only: nothing here runs."""

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any, Protocol

    from fpreader.changes import Done

    class Changing(Protocol):
        """What the dispatcher needs of changes.Changes."""

        @property
        def settings(self) -> dict[str, Any]:
            """The settings as they are."""

        @property
        def pending(self) -> bool:
            """Whether a request that was taken may still change something."""

        @property
        def revision(self) -> str | None:
            """The revision of what the sensor holds."""

        def delete(
            self, slot: int, template_id: str | None, revision: str | None, done: Done
        ) -> str | None:
            """Accept to empty a slot (None) or refuse it (error)."""

        def adopt(self, slot: int, template_id: str, revision: str, done: Done) -> str | None:
            """Accept to give an id to a template (None) or refuse it (error)."""

        def accept_sensor(self, done: Done) -> str | None:
            """Accept to take another sensor (None) or refuse it (error)."""

        def set(
            self,
            identification: bool | None,  # noqa: FBT001 - a setting's value
            security_level: int | None,
            led_color: str | None,
            done: Done,
        ) -> str | None:
            """Accept to change settings (None) or refuse it (error)."""

    class Enrolling(Protocol):
        """What the dispatcher needs of scanner.Scanner."""

        @property
        def snapshot(self) -> dict[str, Any]:
            """The current or last enrollment."""

        @property
        def templates(self) -> dict[str, Any]:
            """What the sensor holds."""

        @property
        def busy(self) -> bool:
            """Whether an enrollment is running or a change is under way."""

        @property
        def changes(self) -> Changing:
            """What may be changed beside enrolling."""

        def page(self, first: int) -> dict[str, Any] | None:
            """List the templates from a slot on; None while they are not known."""

        def start(
            self, template_id: str, slot: int | None, total: int, scan_timeout_s: int
        ) -> tuple[int | None, str | None]:
            """Accept an enrollment (slot, None) or refuse it (None, error)."""

        def cancel(self) -> None:
            """Ask the running enrollment to end."""

    class Acknowledged(Protocol):
        """What the dispatcher needs of journal.Journal."""

        dropped: int

        def __len__(self) -> int:
            """Count the touches that wait."""

        def hello_answered(self, request: str, now: int) -> None:
            """Begin to deliver the backlog."""

        def ack(self, touch: str) -> None:
            """Forget one touch."""

    class Outside(Protocol):
        """What the dispatcher causes elsewhere, and asks for."""

        def answer(self, payload: bytes) -> bool:
            """Send on `command/response`; False when that is not possible now."""

        def publish_snapshot(self) -> None:
            """Publish on `enroll/response` again."""

        def identify(self) -> None:
            """Blink the light, later."""

        def restart(self) -> None:
            """Restart the reader once the answer is sent."""

        def diagnostics(self) -> dict[str, Any]:
            """Tell how the reader is doing."""
