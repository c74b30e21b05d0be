"""Answers as bytes, and the shorter one for a client that has the list already."""

from __future__ import annotations

from hashlib import blake2b
from http import HTTPStatus

from fastapi import Response

from model_serving.answers import RecommendationsAnswer

# A client may keep a list to compare, but asks before it shows it again: what was shown must be heard of.
_CACHED = "private, no-cache"
# What may differ between two answers that show the same.
_OF_THE_REQUEST = {"request_id", "known"}


def json_reply(body: str | bytes) -> Response:
    """Return the bytes as they are: FastAPI would check and encode a model once more, in another thread."""
    return Response(body, media_type="application/json")


def list_reply(answer: RecommendationsAnswer, if_none_match: str | None) -> Response:
    """Return a list with its entity tag; 304 without a body where the client names that tag (RFC 9110, 13.1.2)."""
    tag = entity_tag(answer)
    headers = {"ETag": tag, "Cache-Control": _CACHED}
    if if_none_match is not None and _names(if_none_match, tag):
        return Response(None, HTTPStatus.NOT_MODIFIED, headers)
    return Response(answer.model_dump_json(), headers=headers, media_type="application/json")


def entity_tag(answer: RecommendationsAnswer) -> str:
    """Return a weak tag: equal for answers that show the same products from the same model for the same reason."""
    shown = answer.model_dump_json(exclude=_OF_THE_REQUEST).encode()
    return f'W/"{blake2b(shown, digest_size=12).hexdigest()}"'


def _names(if_none_match: str, tag: str) -> bool:
    named = {each.strip() for each in if_none_match.split(",")}
    return "*" in named or tag in named or tag.removeprefix("W/") in named
