"""Aisle's tests. No timing decides over one: hypothesis would fail an example that took longer than 200 ms."""

from hypothesis import settings

settings.register_profile("aisle", deadline=None)
settings.load_profile("aisle")
