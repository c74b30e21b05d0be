"""``aisle experiments watch``: over the canaries."""

from __future__ import annotations

import signal
from datetime import timedelta
from threading import Event

import click

from contracts import SystemClock
from deployment.cli.durations import Duration
from deployment.local_stack.api_server import api_url
from deployment.settings import load_settings

_BETWEEN_LOOKS_S = 2.0


@click.command("watch")
@click.option("--server", "servers", multiple=True, metavar="URL", help="A model server.  [default: this stack's]")
@click.option(
    "--outcomes-every", type=Duration(), default="5m", show_default=True, help="Between looks at clicks and orders."
)
def command(servers: tuple[str, ...], outcomes_every: timedelta) -> None:
    """Watch over all canaries until Ctrl-C: one that leaves its bounds is stopped, and within seconds nobody gets it.

    Every two seconds by what the model servers count: lists that fail or take too long. Every few minutes by the
    outcomes: a treatment that is worse in the metric that decides. Name every server; without one of them, or without
    the outcomes, nothing is known to be well. What was not seen to be well for 30 seconds is on hold: the champion
    answers, until it is seen again.

    \b
    Examples:
      aisle experiments watch
      aisle experiments watch --server http://10.0.0.1:18080 --server http://10.0.0.2:18080
    """
    from deployment.bootstrap.canary_watch import canary_watch  # noqa: PLC0415 - scipy takes a second to import

    settings, stop = load_settings(), Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stop.set())
    with canary_watch(settings, servers or [api_url(settings)], outcomes_every, _say) as watch:
        while not stop.is_set():
            watch.look()
            stop.wait(_BETWEEN_LOOKS_S)


def _say(line: str) -> None:
    click.echo(f"{SystemClock().now():%Y-%m-%dT%H:%M:%SZ} {line}")
