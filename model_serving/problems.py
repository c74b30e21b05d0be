"""Errors in the form of RFC 9457, each with the field, the value and what was expected."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from uuid import uuid4

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from model_serving.answers import Problem, Violation

MEDIA_TYPE = "application/problem+json"
_SHOWN_VALUE_LENGTH = 200
_NO_MODEL: dict[str, Any] = {
    "type": "urn:aisle:problem:no-model",
    "title": "No model",
    "status": 503,
    "detail": "no purchase model is loaded: no champion is registered: run `aisle train all`",
    "errors": [],
}


class ProblemError(Exception):
    """An error that a client is told about."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.title, self.detail = status, title, detail


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI entries of these statuses."""
    return {status: _documented(status) for status in statuses}


def _documented(status: int) -> dict[str, Any]:
    examples = {name: field.examples[0] for name, field in Problem.model_fields.items() if field.examples}
    violation = {name: field.examples[0] for name, field in Violation.model_fields.items() if field.examples}
    example = {**examples, "request_id": "0f8c2b7c5d0e4c0f9a3b1d2e4f5a6b7c", "errors": [violation]}
    if status == _NO_MODEL["status"]:
        example |= _NO_MODEL
    schema = Problem.model_json_schema()
    return {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": schema, "example": example}}}


def add_problem_handlers(app: FastAPI) -> None:
    """Make every error of ``app`` a problem."""
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(ProblemError, _on_problem)
    app.add_exception_handler(Exception, _on_bug)


def _answer(status: int, title: str, detail: str, errors: list[Violation] | None = None) -> JSONResponse:
    problem = Problem(
        type=f"urn:aisle:problem:{title.lower().replace(' ', '-')}",
        title=title,
        status=status,
        detail=detail,
        request_id=uuid4().hex,
        errors=errors or [],
    )
    return JSONResponse(problem.model_dump(), status, media_type=MEDIA_TYPE)


def _on_invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this type alone
    violations = [_violation(details) for details in error.errors()]
    first = violations[0]
    detail = f"{first.field} is {first.value}: {first.expected}"
    return _answer(422, "Invalid request", detail, violations)


def _on_http(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type alone
    return _answer(error.status_code, HTTPStatus(error.status_code).phrase, str(error.detail))


def _on_problem(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ProblemError)  # noqa: S101 - registered for this type alone
    return _answer(error.status, error.title, error.detail)


def _on_bug(_request: Request, _error: Exception) -> JSONResponse:
    return _answer(500, "Internal error", "the server failed on this request; its log says why")


def _violation(details: dict[str, Any]) -> Violation:
    if details["type"] == "json_invalid":
        return Violation(field="body", value="not JSON", expected=f"JSON: {details['ctx']['error']}")
    field = "/".join(str(part) for part in details["loc"])
    value = "missing" if details["type"] == "missing" else _shown(details.get("input"))
    return Violation(field=field, value=value, expected=details["msg"].removeprefix("Value error, "))


def _shown(value: Any) -> str:
    # repr: a lone surrogate in a text could not be encoded into the answer.
    text = repr(value)
    return text if len(text) <= _SHOWN_VALUE_LENGTH else text[: _SHOWN_VALUE_LENGTH - 1] + "…"
