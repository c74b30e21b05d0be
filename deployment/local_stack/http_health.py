"""The health of a server of the stack, asked over HTTP."""

from __future__ import annotations

import ssl

import httpx


def says_it_is_well(url: str, within_s: float, trust: ssl.SSLContext | bool = True) -> bool:
    """Say whether a GET of ``url`` succeeds; a server that cannot be reached, or is too slow, is not well."""
    try:
        return httpx.get(url, timeout=within_s, verify=trust).is_success
    except httpx.HTTPError:
        return False
