"""Errors of a whole request, in the form of RFC 9457."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """What an error answer holds at least."""

    type: str = Field(examples=["urn:aisle:problem:not-json"])
    title: str = Field(examples=["Not JSON"])
    status: int = Field(examples=[400])
    detail: str = Field(examples=["body is not JSON: unexpected end of data: line 1 column 16 (char 15)"])


class ProblemError(Exception):
    """Ends a request with an error answer; ``more`` are members beside those of ``Problem``."""

    def __init__(
        self,
        status: HTTPStatus,
        title: str,
        detail: str,
        more: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.title, self.detail = status, title, detail
        self.more, self.headers = more or {}, headers or {}


def add_problem_handlers(app: FastAPI) -> None:
    """Make every error of ``app`` a problem."""
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(ProblemError, _on_problem)
    app.add_exception_handler(Exception, _on_bug)


def _on_problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)  # noqa: S101 - registered for this type alone
    return _answer(error)


def _on_http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type alone
    status = HTTPStatus(error.status_code)
    return _answer(ProblemError(status, status.phrase, str(error.detail), headers=error.headers))


def _on_bug(_request: Request, _error: Exception) -> Response:
    detail = "the collector failed on this request; its log says why"
    return _answer(ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal error", detail))


def _answer(error: ProblemError) -> Response:
    kind = f"urn:aisle:problem:{error.title.lower().replace(' ', '-')}"
    problem = Problem(type=kind, title=error.title, status=error.status, detail=error.detail)
    content = orjson.dumps(problem.model_dump() | dict(error.more))
    return Response(content, error.status, headers=dict(error.headers), media_type=MEDIA_TYPE)
