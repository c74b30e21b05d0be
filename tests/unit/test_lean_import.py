from __future__ import annotations

import sys
from importlib import import_module

import pytest

from deployment.bootstrap.lean_import import without


def test_what_is_hidden_is_not_found_within_and_found_again_after() -> None:
    with without("antigravity"), pytest.raises(ImportError):
        import_module("antigravity")
    assert "antigravity" not in sys.modules


def test_what_is_loaded_already_stays() -> None:
    with without("sys", "pytest"):
        assert import_module("pytest") is pytest
