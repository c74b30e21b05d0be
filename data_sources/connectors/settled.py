"""Which files of a folder are complete. The folder is looked at again and again.

No inotify: a look is needed anyway to see that a file has stopped changing, it also finds what came while nobody
watched, and it works on network folders, which send no notices.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatch
from pathlib import Path

from data_sources.connectors.sources import FolderSource

MARKER = ".done"
_UNFINISHED = (".tmp", ".part", MARKER)


@dataclass(frozen=True)
class Stamp:
    """What changes while a file is being written."""

    size: int
    modified_ns: int
    inode: int


def stamp_of(path: Path) -> Stamp:
    """Return a file's stamp; raises ``OSError``."""
    found = path.stat()
    return Stamp(found.st_size, found.st_mtime_ns, found.st_ino)


def listed(source: FolderSource) -> dict[Path, Stamp]:
    """Return the files of the folder that may be taken, the oldest first; raises ``OSError``.

    Left out are dot files, names that say "unfinished", links, and with ``done_marker`` files without their marker.
    """
    found = {}
    with os.scandir(source.folder) as entries:
        names = {entry.name for entry in entries if entry.is_file(follow_symlinks=False)}
    for name in sorted(names):
        is_marked = not source.done_marker or name + MARKER in names
        if is_marked and fnmatch(name, source.files) and not name.startswith(".") and not name.endswith(_UNFINISHED):
            path = source.folder / name
            found[path] = stamp_of(path)
    return dict(sorted(found.items(), key=lambda item: item[1].modified_ns))


class SettledFiles:
    """Remembers since when each file has looked the same."""

    def __init__(self, settle: timedelta) -> None:
        self._settle = settle
        self._since: dict[Path, tuple[Stamp, datetime]] = {}

    def of(self, files: Mapping[Path, Stamp], now: datetime) -> list[Path]:
        """Return those of ``files`` that have not changed for as long as they must not."""
        self._since = {
            path: seen if (seen := self._since.get(path)) and seen[0] == stamp else (stamp, now)
            for path, stamp in files.items()
        }
        return [path for path, (_, since) in self._since.items() if now - since >= self._settle]
