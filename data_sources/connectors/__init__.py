"""Connectors: poll external APIs and take file drops, whole or not at all, each record as one event."""
