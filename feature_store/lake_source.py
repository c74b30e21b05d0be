"""A table of the lake as a Feast data source: the name only, so that the online path never loads the lake."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, cast

from feast import FeatureView
from feast.data_source import DataSource
from feast.protos.feast.core.DataSource_pb2 import DataSource as DataSourceProto
from feast.repo_config import RepoConfig
from feast.value_type import ValueType

from contracts.tables import table_named


class LakeSource(DataSource):
    """One table of ``contracts.tables``, read by ``feature_store.offline.LakeOfflineStore``.

    ``tie_break`` is the integer column that orders rows of one entity and time; without it they have no order.
    """

    def __init__(self, table: str, timestamp_field: str, tie_break: str = "") -> None:
        contract = table_named(table)
        super().__init__(name=table, timestamp_field=timestamp_field, description=contract.grain, owner="aisle")
        self.table = table
        self.tie_break = tie_break

    @staticmethod
    def from_proto(data_source: DataSourceProto) -> LakeSource:
        """Rebuild the source from Feast's registry."""
        options: dict[str, str] = json.loads(data_source.custom_options.configuration)
        return LakeSource(timestamp_field=data_source.timestamp_field, **options)

    def _to_proto_impl(self) -> DataSourceProto:
        proto = DataSourceProto(
            name=self.name,
            type=DataSourceProto.CUSTOM_SOURCE,
            data_source_class_type=f"{__name__}.{LakeSource.__name__}",
            timestamp_field=self.timestamp_field,
            description=self.description,
            owner=self.owner,
        )
        proto.custom_options.configuration = json.dumps({"table": self.table, "tie_break": self.tie_break}).encode()
        return proto

    def validate(self, config: RepoConfig) -> None:
        """Accept: the contract was checked on construction, and a table may be made after ``apply``."""

    def get_table_column_names_and_types(self, config: RepoConfig) -> Iterable[tuple[str, str]]:  # noqa: ARG002
        """Return the contract's columns: Feast needs no look into the lake."""
        return [(column.name, column.type) for column in table_named(self.table).columns]

    @staticmethod
    def source_datatype_to_feast_value_type() -> Callable[[str], ValueType]:
        """Return the mapping that Feast infers undeclared features with; every feature here is declared."""
        return _refuse_to_infer

    def get_table_query_string(self) -> str:
        """Return the table's name."""
        return self.table

    def source_type(self) -> Any:
        """Return Feast's mark for a source that it does not know itself."""
        return DataSourceProto.CUSTOM_SOURCE


def source_of(view: FeatureView) -> LakeSource:
    """Return the source of a view of ``feature_store.definitions``."""
    return cast("LakeSource", view.batch_source)


def _refuse_to_infer(column_type: str) -> ValueType:
    msg = f"a feature of type {column_type} is not declared in feature_store/definitions.py"
    raise TypeError(msg)
