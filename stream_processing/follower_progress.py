"""How far a follower of silver came, in one file beside the streams' checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import orjson
from pyarrow import fs

from data_lake.arrow_lake import ArrowLake


class FollowerProgress:
    """Table name → the newest ``processed_at`` that the follower ``name`` has handled."""

    def __init__(self, lake: ArrowLake, name: str) -> None:
        self._fs, self._directory = fs.FileSystem.from_uri(lake.checkpoint(name))
        self._path = f"{self._directory}/progress.json"

    def read(self) -> dict[str, datetime]:
        """Return what was written last; nothing where there is no file."""
        if self._fs.get_file_info(self._path).type is fs.FileType.NotFound:
            return {}
        with self._fs.open_input_stream(self._path) as file:
            # A loss of power can leave it empty.
            marks = orjson.loads(file.read() or b"{}")
        return {table: datetime.fromisoformat(mark) for table, mark in marks.items()}

    def write(self, marks: Mapping[str, datetime]) -> None:
        """Replace the file in one step."""
        self._fs.create_dir(self._directory)
        fresh = f"{self._path}.fresh"
        with self._fs.open_output_stream(fresh) as file:
            file.write(orjson.dumps(marks))
        self._fs.move(fresh, self._path)
