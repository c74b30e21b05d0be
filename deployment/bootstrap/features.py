"""Wires the feature store: Redis online, the lake offline, the registry a file under the data directory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from deployment.settings import Settings
from feature_store.online import OnlineFeatures
from feature_store.redis_store import UrlRedisOnlineStore
from feature_store.repository import open_store, repo_config

if TYPE_CHECKING:
    from feast import FeatureStore, RepoConfig


def build_online_features(settings: Settings) -> OnlineFeatures:
    """Return the online features; connects at the first call, and needs neither registry nor lake."""
    return OnlineFeatures(UrlRedisOnlineStore(), build_repo_config(settings))


def build_repo_config(settings: Settings) -> RepoConfig:
    """Return Feast's configuration without its offline side."""
    return repo_config(settings.redis.url, _registry(settings))


def build_feature_store(settings: Settings) -> FeatureStore:
    """Return Feast's store over Redis and the lake; the registry is made by ``aisle features apply``."""
    return open_store(repo_config(settings.redis.url, _registry(settings), settings.lake))


def _registry(settings: Settings) -> Path:
    return settings.data_dir / "feast" / "registry.db"
