"""Answers as bytes, and the shorter one for a client that has the list already."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from http import HTTPStatus

from fastapi import Response

from model_serving.answers import Known, RecommendationsAnswer

# A client may keep a list to compare, but asks before it shows it again: what was shown must be heard of.
_CACHED = "private, no-cache"
# What may differ between two answers that show the same.
_OF_THE_REQUEST = {"request_id", "known"}
_LIST = {"items", "offset", "next_offset"}


def json_reply(body: str | bytes) -> Response:
    """Return the bytes as they are: FastAPI would check and encode a model once more, in another thread."""
    return Response(body, media_type="application/json")


@dataclass(frozen=True, slots=True)
class EncodedList:
    """A list in JSON but for what differs from request to request, and its weak entity tag.

    The tag is equal for answers that show the same products from the same model for the same reason.
    """

    origin: bytes
    items: bytes
    tag: str

    @classmethod
    def of(cls, answer: RecommendationsAnswer) -> EncodedList:
        """Encode an answer."""
        origin = answer.model_dump_json(exclude=_OF_THE_REQUEST | _LIST).encode()
        items = answer.model_dump_json(include=_LIST).encode()
        return cls(origin, items, f'W/"{blake2b(origin + items, digest_size=12).hexdigest()}"')

    def reply(self, request_id: str, known: Known | None, if_none_match: str | None) -> Response:
        """Return the list; 304 without a body where the client names its tag (RFC 9110, 13.1.2)."""
        headers = {"ETag": self.tag, "Cache-Control": _CACHED}
        if if_none_match is not None and _names(if_none_match, self.tag):
            return Response(None, HTTPStatus.NOT_MODIFIED, headers)
        age = b"null" if known is None else known.model_dump_json().encode()
        # Ids of requests have no character that JSON would escape.
        start = b'{"request_id":"%b","known":%b,' % (request_id.encode(), age)
        return Response(
            start + self.origin[1:-1] + b"," + self.items[1:], headers=headers, media_type="application/json"
        )


def _names(if_none_match: str, tag: str) -> bool:
    named = {each.strip() for each in if_none_match.split(",")}
    return "*" in named or tag in named or tag.removeprefix("W/") in named
