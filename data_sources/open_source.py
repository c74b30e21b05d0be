"""Which format a file of real events has: its first bytes say it, not its name."""

from __future__ import annotations

import re
from pathlib import Path

from data_sources.jsonl_file import JsonLinesFile
from data_sources.mapping import Mapping
from data_sources.parquet_file import MAGIC, ParquetFile
from data_sources.source import Source, invalid
from data_sources.source_file import SourceFile
from data_sources.source_lines import BOM, open_lines

_ARRAY = re.compile(rb"\s*\[\s*(\{|$)")


def open_source(path: Path, mapping: Mapping) -> Source:
    """Return the reader of a CSV, JSON lines or Parquet file; raises ``InvalidSourceFileError``."""
    with open_lines(path, "a CSV, JSON lines or Parquet file") as lines:
        start = lines.peek().removeprefix(BOM)
    if start.startswith(MAGIC):
        return ParquetFile(path)
    if start.lstrip().startswith(b"{"):
        return JsonLinesFile(path)
    if _ARRAY.match(start):
        raise invalid(path, "is one JSON array: expected one JSON object a line, such as `jq -c '.[]'` makes of it")
    return SourceFile(path, mapping.encoding, mapping.delimiter)
