"""Feast's offline store over the lake.

Feast's own stores cannot do it here: the DuckDB one downloads an extension to read Delta, the dask one drops
entity rows that have no value yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, cast

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from feast import FeatureView, OnDemandFeatureView
from feast.data_source import DataSource
from feast.infra.offline_stores.offline_store import OfflineStore, RetrievalJob, RetrievalMetadata
from feast.infra.offline_stores.offline_utils import infer_event_timestamp_from_entity_df
from feast.infra.registry.base_registry import BaseRegistry
from feast.repo_config import FeastConfigBaseModel, RepoConfig

from contracts.tables import table_named
from data_lake.arrow_lake import ArrowLake
from feature_store.lake_source import LakeSource
from feature_store.offline import features_as_of
from feature_store.point_in_time import History, latest_rows


class LakeOfflineStoreConfig(FeastConfigBaseModel):
    """``lake_uri`` is where the Delta tables are."""

    type: Literal["feature_store.lake_store.LakeOfflineStore"] = "feature_store.lake_store.LakeOfflineStore"
    lake_uri: str


class LakeRetrieval(RetrievalJob):
    """A result that is there already."""

    def __init__(
        self,
        table: pa.Table,
        metadata: RetrievalMetadata | None = None,
        on_demand: Sequence[OnDemandFeatureView] = (),
        *,
        full_names: bool = False,
    ) -> None:
        self._table = table
        self._metadata = metadata
        self._on_demand = list(on_demand)
        self._full_names = full_names

    def _to_arrow_internal(self, timeout: int | None = None) -> pa.Table:  # noqa: ARG002 - Feast's signature
        return self._table

    def _to_df_internal(self, timeout: int | None = None) -> pd.DataFrame:  # noqa: ARG002 - Feast's signature
        frame: pd.DataFrame = self._table.to_pandas()
        return frame

    @property
    def full_feature_names(self) -> bool:
        """Say whether features are named ``view__feature``."""
        return self._full_names

    @property
    def on_demand_feature_views(self) -> list[OnDemandFeatureView]:
        """Return what Feast is to compute from the table."""
        return self._on_demand

    @property
    def metadata(self) -> RetrievalMetadata | None:
        """Say which features and keys were asked for."""
        return self._metadata


class LakeOfflineStore(OfflineStore):
    """Feast's questions, answered by the functions above."""

    @staticmethod
    def get_historical_features(  # noqa: PLR0913 - Feast's signature
        config: RepoConfig,
        feature_views: list[FeatureView],
        feature_refs: list[str],
        entity_df: pd.DataFrame | str | None,
        registry: BaseRegistry,
        project: str,
        full_feature_names: bool = False,
        **_: Any,
    ) -> RetrievalJob:
        """Return ``entity_df`` with the features known at each row's time; every row stays, in order."""
        if not isinstance(entity_df, pd.DataFrame):
            msg = f"entity_df is {type(entity_df).__name__}: expected a pandas DataFrame with keys and event_timestamp"
            raise TypeError(msg)
        lake = ArrowLake(config.offline_store.lake_uri)
        result = pa.Table.from_pandas(entity_df, preserve_index=False)
        time_column = infer_event_timestamp_from_entity_df(dict(entity_df.dtypes))
        times = result[time_column]
        for view in feature_views:
            names = _asked(view, feature_refs)
            features = features_as_of(lake.scan, view, names, _keys(view, result), times)
            for name in names:
                shown = f"{_shown_name(view)}__{name}" if full_feature_names else name
                result = result.append_column(shown, features[name])
        keys = [name for name in entity_df.columns if name != time_column]
        span = pc.min_max(times).as_py()
        metadata = RetrievalMetadata(feature_refs, keys, span["min"], span["max"])
        on_demand = OnDemandFeatureView.get_requested_odfvs(feature_refs, project, registry)
        return LakeRetrieval(result, metadata, on_demand, full_names=full_feature_names)

    @staticmethod
    def pull_latest_from_table_or_query(  # noqa: PLR0913 - Feast's signature
        config: RepoConfig,
        data_source: DataSource,
        join_key_columns: list[str],
        feature_name_columns: list[str],
        timestamp_field: str,
        created_timestamp_column: str | None,  # noqa: ARG004
        start_date: datetime,
        end_date: datetime,
    ) -> RetrievalJob:
        """Return the latest row of every entity between two times."""
        tie_break = cast("LakeSource", data_source).tie_break
        columns = [*feature_name_columns, *([tie_break] if tie_break else [])]
        rows = LakeOfflineStore.pull_all_from_table_or_query(
            config, data_source, join_key_columns, columns, timestamp_field, None, start_date, end_date
        ).to_arrow()
        ties = rows[tie_break].cast(pa.int64()) if tie_break else None
        latest = latest_rows(History(rows[join_key_columns[0]], rows[timestamp_field], ties))
        return LakeRetrieval(rows.take(latest).select([*join_key_columns, *feature_name_columns, timestamp_field]))

    @staticmethod
    def pull_all_from_table_or_query(  # noqa: PLR0913 - Feast's signature
        config: RepoConfig,
        data_source: DataSource,
        join_key_columns: list[str],
        feature_name_columns: list[str],
        timestamp_field: str,
        created_timestamp_column: str | None = None,  # noqa: ARG004
        start_date: datetime | None = None,
        end_date: datetime | None = None,
    ) -> RetrievalJob:
        """Return every row between two times."""
        where = pc.scalar(True)
        if start_date is not None:
            where &= pc.field(timestamp_field) >= start_date
        if end_date is not None:
            where &= pc.field(timestamp_field) <= end_date
        columns = [*join_key_columns, *feature_name_columns, timestamp_field]
        table = table_named(data_source.get_table_query_string())
        return LakeRetrieval(ArrowLake(config.offline_store.lake_uri).read(table, columns, where))


def _keys(view: FeatureView, entities: pa.Table) -> pa.ChunkedArray:
    key = view.join_keys[0]
    return entities[view.projection.join_key_map.get(key, key)]


def _asked(view: FeatureView, feature_refs: list[str]) -> list[str]:
    prefix = f"{_shown_name(view)}:"
    return [ref.removeprefix(prefix) for ref in feature_refs if ref.startswith(prefix)]


def _shown_name(view: FeatureView) -> str:
    name: str = view.projection.name_to_use()  # type: ignore[no-untyped-call]
    return name
