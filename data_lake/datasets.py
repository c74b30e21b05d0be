"""Parquet files of a table as one Arrow dataset that every column can filter.

delta-rs merges and deletes into files whose texts are ``string_view``, and Arrow has no comparison of those
(delta-io/delta-rs#4579, apache/arrow#49368): texts are read as dictionaries, which it compares, and come as texts.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.dataset as ds
from deltalake import DeltaTable
from pyarrow import fs


def dataset_of(opened: DeltaTable) -> ds.FileSystemDataset:
    """Return the rows of the table as it was opened, read as far as a query needs them."""
    schema = pa.schema(opened.schema().to_arrow())
    encoded = opened.to_pyarrow_dataset(parquet_read_options=_read_options(schema))
    return ds.FileSystemDataset(list(encoded.get_fragments()), schema, encoded.format, encoded.filesystem)


def dataset_of_files(paths: Sequence[str], schema: pa.Schema, filesystem: fs.FileSystem) -> ds.Dataset:
    """Return the rows of files, whatever a table's log says of them."""
    encoded = ds.ParquetFileFormat(read_options=_read_options(schema))
    return ds.dataset(list(paths), schema=schema, filesystem=filesystem, format=encoded)


def _read_options(schema: pa.Schema) -> ds.ParquetReadOptions:
    texts = {field.name for field in schema if pa.types.is_string(field.type)}
    return ds.ParquetReadOptions(dictionary_columns=texts)
