from __future__ import annotations

from importlib import import_module

import click
import pytest

from deployment.cli import COMMANDS
from deployment.cli.features_group import command as features

PROMISED = {
    *("up", "down", "status", "logs", "reset", "topics", "simulate", "replay"),
    *("models", "explain", "experiments", "recommendations"),
    *("stream", "batch", "features", "train", "evaluate", "serve", "demo", "query", "rejected", "contracts", "lake"),
    "connect",
}


@pytest.mark.parametrize("package", ["contracts", "contracts.tables"])
def test_a_package_exports_what_it_names(package: str) -> None:
    module = import_module(package)
    assert all(hasattr(module, name) for name in module.__all__)


def test_the_cli_offers_the_promised_commands() -> None:
    assert set(COMMANDS) >= PROMISED


def test_features_lists_what_is_loaded_with_feast_and_what_is_not() -> None:
    context = click.Context(features)
    helps = {name: features.get_command(context, name) for name in features.list_commands(context)}
    assert {"apply", "materialize", "get", "live", "now"} <= set(helps)
    assert all(command and "Examples:" in (command.help or "") for command in helps.values())


def test_every_command_shows_examples_in_its_help() -> None:
    for name in COMMANDS:
        command = import_module(f"deployment.cli.{name}").command
        assert "Examples:" in (command.help or ""), name
