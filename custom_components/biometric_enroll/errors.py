"""What users are told when something cannot be done; the texts are in translations/."""

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .const import DOMAIN
from .reader.words import Refusal

_USERS_MISTAKES = frozenset(
    {Refusal.BUSY, Refusal.SLOT_OCCUPIED, Refusal.BAD_REQUEST, Refusal.NOT_RUNNING}
)
"""Refusals that the caller can avoid by asking differently; the others are the reader's trouble."""


class ReaderUnreachableError(HomeAssistantError):
    """The reader did not answer; it may still do what was asked while the nonce lives."""


class ReaderRefusedError(HomeAssistantError):
    """The reader said no; nothing has changed."""


class MistakeRefusedError(ReaderRefusedError, ServiceValidationError):
    """The reader, or we in its place, said no to something that should not have been asked."""


def refused(refusal: Refusal, reader: str) -> ReaderRefusedError:
    """Return the error for a reader's no; `reader` is the title of its config entry."""
    error = MistakeRefusedError if refusal in _USERS_MISTAKES else ReaderRefusedError
    return error(
        translation_domain=DOMAIN,
        translation_key=f"refused_{refusal}",
        translation_placeholders={"reader": reader},
    )


def unreachable(reader: str) -> ReaderUnreachableError:
    """Return the error for a reader that does not answer."""
    return ReaderUnreachableError(
        translation_domain=DOMAIN,
        translation_key="reader_unreachable",
        translation_placeholders={"reader": reader},
    )


def invalid(key: str, **placeholders: str) -> ServiceValidationError:
    """Return the error for an argument that cannot be right."""
    return ServiceValidationError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders
    )
