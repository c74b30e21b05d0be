"""``aisle stream``: Kafka → bronze → silver → gold."""

from __future__ import annotations

import logging
import signal
from threading import Event
from time import sleep

import click

from contracts.errors import NotReadyError
from deployment.bootstrap.state_file import StateFile
from deployment.bootstrap.stream import build_stream, missing_topics
from deployment.service_log import service_log
from deployment.settings import Settings, load_settings

_LOG = logging.getLogger(__name__)
_LOOK_AGAIN_S = 1.0


@click.command()
@click.option("--available-now", is_flag=True, help="Process what is there, through all layers, and end.")
def command(available_now: bool) -> None:
    """Run the streaming jobs: Kafka to bronze, silver and gold.

    Runs until SIGTERM or Ctrl-C and continues at its checkpoints when started again. A job that fails ends the
    process with one line that says why; the stack starts it again.

    \b
    Examples:
      aisle stream                    # until stopped; `aisle up` does this for you
      aisle stream --available-now    # what waits in Kafka now, through all layers
    """
    settings = load_settings()
    with service_log(settings, "stream"):
        _require_topics(settings, wait=not available_now)
        _stream(settings, available_now=available_now)


def _stream(settings: Settings, *, available_now: bool) -> None:
    stop = Event()
    state = StateFile(settings, "stream")
    state.remove()
    with build_stream(settings, stop) as runner:
        # After Spark's start: its context installs a handler of its own.
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, lambda *_: stop.set())
        if available_now:
            runner.drain(state.write)
        else:
            _LOG.info("streaming from %s into %s", settings.kafka.bootstrap_servers, settings.lake)
            runner.run(settings.spark.trigger_s, state.write)
    state.remove()


def _require_topics(settings: Settings, *, wait: bool) -> None:
    """Wait for the topics, or raise ``NotReadyError`` where waiting is not wanted."""
    said = False
    while missing := missing_topics(settings):
        servers = settings.kafka.bootstrap_servers
        msg = f"Kafka at {servers} lacks the topics {', '.join(missing)}: create them with `aisle topics create`"
        if not wait:
            raise NotReadyError(msg)
        if not said:
            _LOG.info("waiting: %s", msg)
            said = True
        sleep(_LOOK_AGAIN_S)
