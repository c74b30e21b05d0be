"""What a server with clients makes at its first start, and who may do without."""

from __future__ import annotations

from ipaddress import ip_address

import click

from contracts.errors import InvalidSettingError
from deployment.bootstrap.access import build_administration
from deployment.settings import AccessMode, Settings


def prepare_access(settings: Settings, mode: AccessMode, variable: str, host: str) -> None:
    """Make the client ``local`` where there is none; raises ``InvalidSettingError`` where all would be let in.

    ``variable`` is that of ``mode``, ``host`` what the server listens on.
    """
    if mode == "open":
        if not _is_loopback(host):
            msg = f"{variable}='open' while the host is {host!r}: expected a loopback address, or 'keys'"
            raise InvalidSettingError(msg)
        return
    administration = build_administration(settings)
    if administration.start():
        click.echo(f"made the client local: curl -H @{administration.local_header} (see `aisle access`)")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
