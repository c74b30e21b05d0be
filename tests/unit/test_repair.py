from __future__ import annotations

import json

import pytest

from contracts.errors import InvalidPatchError
from ingestion.repair import Patch


def _patch(*operations: dict[str, object]) -> Patch:
    return Patch(json.dumps(operations))


def test_a_patch_changes_what_it_names_and_nothing_else() -> None:
    patch = _patch({"op": "replace", "path": "/country", "value": "DE"}, {"op": "remove", "path": "/lines/0/brand"})
    raw = '{"country": "Germany", "lines": [{"brand": 1, "price": 35.79}], "name": "Käse"}'.encode()
    assert patch.apply(raw) == '{"country":"DE","lines":[{"price":35.79}],"name":"Käse"}'.encode()


def test_bytes_that_are_not_json_can_be_replaced_as_a_whole() -> None:
    assert _patch({"op": "replace", "path": "", "value": {"a": 1}}).apply(b"\xff{") == b'{"a":1}'


@pytest.mark.parametrize(
    ("raw", "operation", "message"),
    [
        (b"{}", {"op": "replace", "path": "/country", "value": "DE"}, "can't replace a non-existent object 'country'"),
        (b"{}", {"op": "add", "path": "/a/b", "value": 1}, "member 'a' not found"),
        (b'{"a": 1}', {"op": "test", "path": "/a", "value": 2}, "not equal to tested value 2"),
        (b"{", {"op": "add", "path": "/a", "value": 1}, "does not support indexing"),
        (b'"text"', {"op": "remove", "path": "/a"}, "non-container"),
        (b"[1]", {"op": "replace", "path": "/7", "value": 1}, "outside of list"),
        (b"{}", {"op": "add", "path": "/a"}, "does not contain a 'value' member"),
    ],
)
def test_a_patch_that_does_not_fit_says_so(raw: bytes, operation: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidPatchError, match=r"^the patch does not fit: .*") as caught:
        _patch(operation).apply(raw)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "[",
        "{}",
        "1",
        "null",
        '["add"]',
        '[{"op": "nope", "path": "/a"}]',
        '[{"path": "/a"}]',
        '[{"op": "add"}]',
        '[{"op": "add", "path": "a", "value": 1}]',
    ],
)
def test_what_is_no_patch_is_refused_before_it_is_applied(text: str) -> None:
    with pytest.raises(InvalidPatchError, match=r"not a JSON Patch: .*: expected a list such as"):
        Patch(text)
