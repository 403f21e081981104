"""Where the server's log goes: warnings to standard error, on request everything about its life to a file.

A log never holds what the client sent: no text, no path, no parameter.  For a failure that means where it happened and
the kind of exception, not its message.
"""

from __future__ import annotations

import logging
import sys
import traceback
from pathlib import Path

__all__ = ["log_failure", "start_logging"]

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def start_logging(log_file: Path | None, quiet: bool = False, verbose: bool = False) -> None:
    """Warnings (errors, everything) go to standard error; with a file, that gets all of our own messages as well."""
    console = logging.StreamHandler(sys.stderr)
    console.setLevel(logging.ERROR if quiet else logging.INFO if verbose else logging.WARNING)
    handlers: list[logging.Handler] = [console]
    if log_file is not None:
        handlers.append(logging.FileHandler(log_file, encoding="utf-8", errors="backslashreplace"))
    logging.basicConfig(level=logging.WARNING, format=_FORMAT, handlers=handlers)
    logging.getLogger("lsp_server").setLevel(logging.INFO)
    logging.getLogger("pygls").setLevel(logging.CRITICAL)  # it logs parameters; what matters we log


def log_failure(log: logging.Logger, what: str, error: BaseException) -> None:
    """Logs an unexpected exception by its kind and the places it passed through."""
    places = traceback.extract_tb(error.__traceback__)
    trail = " < ".join(f"{Path(place.filename).name}:{place.lineno} {place.name}" for place in reversed(places))
    log.error("%s: %s at %s", what, type(error).__name__, trail)
