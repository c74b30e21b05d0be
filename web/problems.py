"""Errors of a whole request, in the form of RFC 9457."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from web.request_log import REASON
from web.security_headers import missing_headers

MEDIA_TYPE = "application/problem+json"
_SCHEMAS = "#/components/schemas/"
# The content of an answer, as the OpenAPI page has it: by name, for nearly every answer has it.
CONTENT: Mapping[str, Any] = MappingProxyType({MEDIA_TYPE: {"schema": {"$ref": f"{_SCHEMAS}Problem"}}})


class Problem(BaseModel):
    """What an error answer holds at least."""

    type: str = Field(examples=["urn:aisle:problem:not-found"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["Not Found"])


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


Answer = Callable[[Request, ProblemError], Response]


def problem_response(error: ProblemError) -> Response:
    """Return the answer that tells the client of ``error``."""
    kind = f"urn:aisle:problem:{error.title.lower().replace(' ', '-')}"
    problem = Problem(type=kind, title=error.title, status=error.status, detail=error.detail)
    content = orjson.dumps(problem.model_dump() | dict(error.more))
    return Response(content, error.status, headers=dict(error.headers), media_type=MEDIA_TYPE)


def plain_answer(_request: Request, error: ProblemError) -> Response:
    """Return the answer of an error, whatever the request was."""
    return problem_response(error)


def describe_problems(app: FastAPI, problem: type[Problem] = Problem) -> None:
    """Let the OpenAPI page of ``app`` say what ``CONTENT`` is."""
    described = app.openapi

    def openapi() -> dict[str, Any]:
        page = described()
        schema = problem.model_json_schema(ref_template=f"{_SCHEMAS}{{model}}")
        page["components"]["schemas"] |= {**schema.pop("$defs", {}), Problem.__name__: schema}
        return page

    app.openapi = openapi  # type: ignore[method-assign]


def add_problem_handlers(app: FastAPI, answer: Answer = plain_answer) -> None:
    """Make every error of ``app`` a problem, as ``answer`` writes it."""

    def on_problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, ProblemError)  # noqa: S101 - registered for this type alone
        if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            setattr(request.state, REASON, error.detail)
        return answer(request, error)

    def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type alone
        status = HTTPStatus(error.status_code)
        return answer(request, ProblemError(status, status.phrase, str(error.detail), headers=error.headers))

    def on_bug(request: Request, _error: Exception) -> Response:
        detail = "the server failed on this request; its log says why"
        response = answer(request, ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal error", detail))
        # It is made outside of all middleware.
        response.raw_headers.extend(missing_headers(request.scope, response.raw_headers))
        return response

    app.add_exception_handler(ProblemError, on_problem)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(Exception, on_bug)
