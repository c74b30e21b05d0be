from __future__ import annotations

from importlib import import_module

import contracts
from deployment.cli import COMMANDS

PROMISED = {
    *("up", "down", "status", "logs", "reset", "topics", "simulate", "replay"),
    *("stream", "batch", "features", "train", "serve", "demo", "query", "rejected", "contracts", "lake", "connect"),
}


def test_contracts_exports_what_it_names() -> None:
    assert all(hasattr(contracts, name) for name in contracts.__all__)


def test_the_cli_offers_the_promised_commands() -> None:
    assert set(COMMANDS) >= PROMISED


def test_every_command_shows_examples_in_its_help() -> None:
    for name in COMMANDS:
        command = import_module(f"deployment.cli.{name}").command
        assert "Examples:" in (command.help or ""), name
