"""A visitor's token is good for that visitor alone."""

from __future__ import annotations

from fastapi import Request

from web.access.guard import caller_of


def require_own(request: Request, *visitor_ids: str | None) -> None:
    """Raise ``ProblemError`` (403) where the request's token is for another visitor than these."""
    caller = caller_of(request)
    if caller is not None:
        for visitor_id in visitor_ids:
            caller.require_visitor(visitor_id)


def require_any_customer(request: Request, customer_id: str | None) -> None:
    """Raise ``ProblemError`` (403) where a customer is asked about with a token that is for one visitor."""
    caller = caller_of(request)
    if caller is not None and customer_id is not None:
        caller.require_any_visitor("customer_id")
