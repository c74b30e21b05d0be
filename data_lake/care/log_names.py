"""What a table's log says of a person: the least and greatest values of a file, and the ranges of merges.

Both only help to skip files, and the protocol lets them be missing: they are taken out, the rest of the log stays.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from data_lake.care.naming import Subject

_PREDICATE = "predicate"
# Statistics hold the beginning of a longer text.
_SURELY_HELD = 31


class LogNames:
    """The commits and checkpoints of the table at ``uri`` that hold one of ``ids``."""

    def __init__(self, uri: str, ids: frozenset[str]) -> None:
        self._fs, root = fs.FileSystem.from_uri(uri)
        self._log = f"{root}/_delta_log"
        self._ids = ids

    def count(self) -> int:
        """Return how many files of the log name one."""
        return sum(cleared is not None for _, cleared in self._cleared())

    def clear(self) -> None:
        """Replace each of those files, in one step, by one that names none."""
        for path, cleared in self._cleared():
            if cleared is not None:
                fresh = f"{self._log}/.clearing"
                with self._fs.open_output_stream(fresh) as out:
                    out.write(cleared)
                self._fs.move(fresh, path)

    def _cleared(self) -> Iterator[tuple[str, bytes | None]]:
        """Yield every file of the log with its new content, or ``None`` where it names nobody."""
        encoded = [each[:_SURELY_HELD].encode() for each in self._ids]
        for info in self._fs.get_file_info(fs.FileSelector(self._log)):
            # The log's own cleaning may run beside this.
            with suppress(FileNotFoundError):
                if info.path.endswith(".json"):
                    raw = self._read(info.path)
                    worth_it = any(each in raw for each in encoded)
                    yield info.path, _without(raw, self._ids) if worth_it else None
                elif info.path.endswith(".parquet"):
                    yield info.path, _checkpoint_without(pa.BufferReader(self._read(info.path)), self._ids)

    def _read(self, path: str) -> bytes:
        with self._fs.open_input_stream(path) as file:
            content: bytes = file.read()
        return content


def _without(commit: bytes, ids: frozenset[str]) -> bytes | None:
    lines = [json.loads(line) for line in commit.splitlines()]
    changed = [_clear_action(line, ids) for line in lines]
    return b"\n".join(json.dumps(line, separators=(",", ":")).encode() for line in lines) if any(changed) else None


def _clear_action(action: dict[str, Any], ids: frozenset[str]) -> bool:
    parameters = action.get("commitInfo", {}).get("operationParameters", {})
    if Subject(ids).is_named_in(parameters.get(_PREDICATE)):
        parameters[_PREDICATE] = "erased"
        return True
    described: dict[str, Any] = action.get("add") or action.get("remove") or {}
    if _names_one(described.get("stats"), ids):
        described["stats"] = None
        return True
    return False


def _checkpoint_without(source: pa.BufferReader, ids: frozenset[str]) -> bytes | None:
    checkpoint = pq.read_table(source)
    changed = False
    for name in {"add", "remove"} & set(checkpoint.column_names):
        actions = checkpoint[name].to_pylist()
        named = [action for action in actions if action and _names_one(action.get("stats"), ids)]
        for action in named:
            action["stats"] = None
        if named:
            place = checkpoint.schema.get_field_index(name)
            field = checkpoint.schema.field(name)
            checkpoint = checkpoint.set_column(place, field, pa.array(actions, field.type))
            changed = True
    if not changed:
        return None
    out = pa.BufferOutputStream()
    pq.write_table(checkpoint, out)
    content: bytes = out.getvalue().to_pybytes()
    return content


def _names_one(statistics: str | None, ids: frozenset[str]) -> bool:
    return bool(statistics) and any(_is_one(text, ids) for text in _texts(json.loads(statistics or "{}")))


def _is_one(text: str, ids: frozenset[str]) -> bool:
    return text in ids or any(len(each) > _SURELY_HELD and text.startswith(each[:_SURELY_HELD]) for each in ids)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
