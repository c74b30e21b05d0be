"""Wires the connectors."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

import httpx

from contracts import SystemClock
from contracts.errors import InvalidSettingError
from data_sources.connectors.connector import Connector, FolderConnector, HttpConnector
from data_sources.connectors.delivering import Delivery
from data_sources.connectors.fetching import Fetcher
from data_sources.connectors.polling import Poller
from data_sources.connectors.rate_limit import HostLimits
from data_sources.connectors.reporting import Report
from data_sources.connectors.sources import Sources
from data_sources.connectors.state import ConnectorState
from data_sources.connectors.taking import FolderTaker
from deployment.settings import Settings
from ingestion.confluent_acknowledged_bus import ConfluentAcknowledgedBus
from ingestion.topics import MAX_MESSAGE_BYTES

_USER_AGENT = "aisle-connect"
_HEADER_TEXT = re.compile(r"[\x20-\x7e]+")


@asynccontextmanager
async def build_connectors(settings: Settings, sources: Sources, report: Report) -> AsyncIterator[list[Connector]]:
    """Yield a connector for each source; needs a broker with its topics only when something is sent.

    Raises ``InvalidSettingError`` for a secret that is not set, and ``UserError`` where another process has the state.
    """
    secrets = _secrets(settings, sources)
    # httpx logs every URL, and there are keys in some.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    clock, directory = SystemClock(), settings.data_dir / "connect"
    bus = ConfluentAcknowledgedBus(settings.kafka.bootstrap_servers)
    delivery = Delivery(bus, MAX_MESSAGE_BYTES)
    with closing(ConnectorState(directory / "state.sqlite")) as state, closing(bus):
        bus.start()
        # The deadline of a request is the fetcher's; the environment's proxies and passwords are nobody's setting.
        async with httpx.AsyncClient(timeout=None, trust_env=False, headers={"user-agent": _USER_AGENT}) as client:  # noqa: S113
            fetcher = Fetcher(client, HostLimits(sources.hosts), secrets, clock, asyncio.sleep)
            pollers = [Poller(each, fetcher, delivery, state, directory, clock) for each in sources.http]
            takers = [FolderTaker(each, delivery, state, report, clock) for each in sources.folders]
            yield [
                *(HttpConnector(poller, report, clock) for poller in pollers),
                *(FolderConnector(taker) for taker in takers),
            ]


def _secrets(settings: Settings, sources: Sources) -> dict[str, str]:
    """Return the value of every secret that a source names."""
    found = {}
    for source in sources.http:
        for secret in (*source.secret_headers.values(), *source.secret_parameters.values()):
            value = settings.connect.secrets.get(secret)
            if value is None or not _HEADER_TEXT.fullmatch(value.get_secret_value()):
                variable = f"AISLE_CONNECT__SECRETS__{secret.upper()}"
                msg = f"{source.name}: the secret {secret} is missing or not plain text: expected it in {variable}"
                raise InvalidSettingError(msg)
            found[secret] = value.get_secret_value()
    return found
