"""Feast's view of Aisle: its configuration, built in code, and its registry, a file."""

from __future__ import annotations

import warnings
from pathlib import Path

import yaml
from feast import FeatureStore, RepoConfig

from feature_store.definitions import ENTITIES, VIEWS
from feature_store.feast_format import PROJECT
from feature_store.on_demand import ON_DEMAND_VIEWS
from feature_store.redis_store import UrlRedisOnlineStoreConfig
from feature_store.services import SERVICES


def repo_config(redis_url: str, registry: Path, lake_uri: str | None = None) -> RepoConfig:
    """Return Feast's configuration; without ``lake_uri`` it has no offline side, and the lake is never loaded."""
    lake = {"type": "feature_store.lake_store.LakeOfflineStore", "lake_uri": lake_uri}
    offline = {"offline_store": lake} if lake_uri else {}
    return RepoConfig(
        project=PROJECT,
        provider="local",
        registry={"path": str(registry.absolute()), "cache_ttl_seconds": 60},
        online_store=UrlRedisOnlineStoreConfig(connection_string=redis_url),
        entity_key_serialization_version=3,
        **offline,
    )


def write_repo_file(config: RepoConfig) -> Path:
    """Write the configuration beside the registry as the file that Feast's own commands read; return its folder.

    Only its owner can read it: the URL of Redis may hold a password.
    """
    folder = Path(config.registry.path).parent
    stores = {
        name: getattr(config, name).model_dump(include=fields)
        for name, fields in (
            ("online_store", {"type", "connection_string", "timeout_s"}),
            ("offline_store", {"type", "lake_uri"}),
            ("registry", {"path", "cache_ttl_seconds"}),
        )
    }
    plain = config.model_dump(include={"project", "provider", "entity_key_serialization_version"})
    path = folder / "feature_store.yaml"
    folder.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(plain | stores), encoding="utf-8")
    return folder


def open_store(config: RepoConfig) -> FeatureStore:
    """Return Feast's store; its registry file is read at the first question."""
    return FeatureStore(config=config)


def apply_definitions(store: FeatureStore) -> None:
    """Bring the registry in line with ``feature_store.definitions``; a second time changes nothing."""
    Path(store.config.registry.path).parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        # Feast calls on-demand views slow offline: its offline store here is ours.
        warnings.filterwarnings("ignore", "On demand feature view is an experimental feature", RuntimeWarning)
        store.apply([*ENTITIES, *VIEWS, *ON_DEMAND_VIEWS, *SERVICES])
