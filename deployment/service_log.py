"""The log of a command that runs on: on stderr, text on a terminal and JSON lines elsewhere."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from contracts.errors import AisleError
from deployment.cli import exit_code
from deployment.log_lines import JsonLines, TextLines
from deployment.settings import Settings

_LOG = logging.getLogger(__name__)
# Other packages tell of each connection and each request that they make at this level.
_OF_AISLE = (
    *("data_lake", "data_sources", "deployment", "feature_store", "ingestion", "ml_modeling"),
    *("model_serving", "stream_processing", "web"),
)


@contextmanager
def service_log(settings: Settings, service: str) -> Iterator[None]:
    """Let what is logged, Python's warnings and the traceback of a bug go to stderr, in the form of the settings.

    What ends the service is its last line: in JSON by ``SystemExit``, as text by ``AisleError`` itself. Begin once what
    the command was given is known to be right; until then an error is a line for who typed it.
    """
    as_json = wants_json(settings)
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines(service) if as_json else TextLines())
    logging.root.handlers = [handler]
    for package in _OF_AISLE:
        logging.getLogger(package).setLevel(settings.logs.level.upper())
    logging.captureWarnings(capture=True)
    sys.excepthook = lambda kind, bug, trace: _LOG.critical("ended by a bug", exc_info=(kind, bug, trace))
    try:
        yield
    except AisleError as error:
        if not as_json:
            raise
        _LOG.error("%s", error)
        raise SystemExit(exit_code(error)) from None


def wants_json(settings: Settings) -> bool:
    """Say whether a service that is started here logs JSON."""
    return settings.logs.format == "json" or (settings.logs.format == "auto" and not sys.stderr.isatty())
