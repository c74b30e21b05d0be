"""Errors of the model server: each with the request's id, and the field, the value and what was expected."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError

from model_serving.answers import Problem, Violation
from web import problems
from web.problems import CONTENT, MEDIA_TYPE, ProblemError, problem_response
from web.request_id import HEADER, request_id_of

_SHOWN_VALUE_LENGTH = 200
_EXAMPLES: dict[int, dict[str, Any]] = {
    HTTPStatus.BAD_REQUEST: {
        "type": "urn:aisle:problem:bad-request",
        "title": "Bad Request",
        "detail": "There was an error parsing the body",
        "errors": [],
    },
    HTTPStatus.REQUEST_TIMEOUT: {
        "type": "urn:aisle:problem:too-slow",
        "title": "Too slow",
        "detail": "the body did not arrive within 20 s",
        "errors": [],
    },
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: {
        "type": "urn:aisle:problem:too-large",
        "title": "Too large",
        "detail": "body is 2097152 bytes long: expected at most 1048576",
        "errors": [],
    },
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: {
        "type": "urn:aisle:problem:unsupported-media-type",
        "title": "Unsupported media type",
        "detail": "content-type is text/plain: expected application/json",
        "errors": [],
    },
    HTTPStatus.UNPROCESSABLE_ENTITY: {
        "type": "urn:aisle:problem:invalid-request",
        "title": "Invalid request",
        "detail": "query/limit is 0: Input should be greater than or equal to 1",
        "errors": [{"field": "query/limit", "value": "0", "expected": "Input should be greater than or equal to 1"}],
    },
    HTTPStatus.SERVICE_UNAVAILABLE: {
        "type": "urn:aisle:problem:no-model",
        "title": "No model",
        "detail": "no purchase model is loaded: no champion is registered: run `aisle train all`",
        "errors": [],
    },
}


# What any request with a body may be answered.
OF_BODIES = (400, 408, 413, 415, 422)


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI entries of these statuses."""
    return {status: _documented(HTTPStatus(status)) for status in statuses}


def _documented(status: HTTPStatus) -> dict[str, Any]:
    example = {"status": status.value, "request_id": "0f8c2b7c5d0e4c0f9a3b1d2e4f5a6b7c"} | _EXAMPLES[status]
    content = {MEDIA_TYPE: {**CONTENT[MEDIA_TYPE], "example": example}}
    return {"description": status.phrase, "content": content}


def add_problem_handlers(app: FastAPI) -> None:
    """Make every error of ``app`` a problem."""
    problems.add_problem_handlers(app, problem_answer)
    problems.describe_problems(app, Problem)
    app.add_exception_handler(RequestValidationError, _on_invalid)


def problem_answer(request: Request, error: ProblemError) -> Response:
    """Return the answer of an error, with the request's id."""
    request_id = request_id_of(request)
    error.more = {"request_id": request_id, "errors": []} | dict(error.more)
    # Also here: the answer to a bug is given outside of the middleware.
    error.headers = dict(error.headers) | {HEADER: request_id}
    return problem_response(error)


def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this type alone
    violations = [_violation(details) for details in error.errors()]
    first = violations[0]
    detail = f"{first.field} is {first.value}: {first.expected}"
    more = {"errors": [each.model_dump() for each in violations]}
    return problem_answer(request, ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid request", detail, more))


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
