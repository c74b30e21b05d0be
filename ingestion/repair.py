"""A JSON Patch (RFC 6902) on the raw bytes of a rejected event. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import orjson
from jsonpatch import JsonPatch, JsonPatchException
from jsonpointer import JsonPointerException

from contracts.errors import InvalidPatchError


@dataclass(frozen=True)
class Patch:
    """A patch that is well formed; ``text`` is its JSON."""

    text: str

    def __post_init__(self) -> None:
        """Raise ``InvalidPatchError`` unless the text is a JSON Patch."""
        try:
            JsonPatch(orjson.loads(self.text))
        except (orjson.JSONDecodeError, JsonPatchException, JsonPointerException) as error:
            expected = 'expected a list such as [{"op": "replace", "path": "/country", "value": "DE"}]'
            msg = f"not a JSON Patch: {_one_line(error)}: {expected}"
            raise InvalidPatchError(msg) from error

    def apply(self, raw: bytes) -> bytes:
        """Return the bytes of the patched message; raises ``InvalidPatchError`` where the patch does not fit it.

        Bytes that are not JSON can only be replaced as a whole, by a patch on the path "".
        """
        try:
            patched = JsonPatch(orjson.loads(self.text)).apply(_parsed(raw))
        except (JsonPatchException, JsonPointerException, TypeError) as error:
            msg = f"the patch does not fit: {_one_line(error)}"
            raise InvalidPatchError(msg) from error
        return orjson.dumps(patched)


def _parsed(raw: bytes) -> object:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
