"""Translated errors for users; the texts are in translations/."""

from contextlib import contextmanager
from typing import TYPE_CHECKING

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .client.errors import (
    OtherDeviceError,
    RefusedError,
    TooManyScansError,
    UnreachableError,
    UnsupportedError,
)
from .const import DOMAIN
from .protocol.words import Refusal

if TYPE_CHECKING:
    from collections.abc import Generator

_USERS_MISTAKES = frozenset(
    {
        Refusal.BUSY,
        Refusal.SLOT_OCCUPIED,
        Refusal.BAD_REQUEST,
        Refusal.NOT_RUNNING,
        Refusal.NOT_FOUND,
    }
)
"""Refusals that the user can avoid by another request; the others are problems of the reader."""


@contextmanager
def translate_errors(reader: str) -> Generator[None]:
    """Turn `ReaderError` into translated errors; `reader` is the title of its config entry."""
    try:
        yield
    except OtherDeviceError as err:
        raise _failed("other_device_answers", reader, device=err.device) from err
    except UnreachableError as err:
        raise _failed("reader_unreachable", reader) from err
    except RefusedError as err:
        error = ServiceValidationError if err.refusal in _USERS_MISTAKES else HomeAssistantError
        if err.refusal not in Refusal:
            raise _failed("refused_other", reader, error, word=err.refusal) from err
        raise _failed(f"refused_{err.refusal}", reader, error) from err
    except UnsupportedError as err:
        raise _failed(f"unsupported_{err.feature}", reader) from err
    except TooManyScansError as err:
        raise invalid("too_many_scans", most=str(err.most)) from err


def no_outcome(reader: str) -> HomeAssistantError:
    """Return the error for an enrollment whose outcome was not received."""
    return _failed("no_outcome", reader)


def invalid(key: str, **placeholders: str) -> ServiceValidationError:
    """Return the error for an invalid argument."""
    return ServiceValidationError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders
    )


def _failed(
    key: str,
    reader: str,
    error: type[HomeAssistantError] = HomeAssistantError,
    **placeholders: str,
) -> HomeAssistantError:
    return error(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={"reader": reader, **placeholders},
    )
