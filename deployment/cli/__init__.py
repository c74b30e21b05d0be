"""The ``aisle`` command: one module per subcommand, loaded only when it is called."""

from __future__ import annotations

import warnings
from importlib import import_module

import click

from contracts.errors import AisleError, UserError

__all__ = ["aisle", "exit_code", "main"]

# Command → what it is for: shown by --help without importing the command's module.
COMMANDS = {
    "up": "Start the local stack; harmless when it runs already.",
    "down": "Stop the local stack; the data stays.",
    "status": "Show every process: state, pid, port, uptime, memory.",
    "logs": "Show or follow the log of one process.",
    "reset": "Delete the data of a stopped stack.",
    "topics": "List or create the Kafka topics.",
    "simulate": "Let the simulated shop trade.",
    "replay": "Publish a file of real events.",
    "stream": "Run the streaming jobs (the stack does this for you).",
    "contracts": "List, check and release the event contracts.",
    "query": "Run read-only SQL on the lake, now or as of a time.",
    "lake": "Care of the tables: compact, look back, expire, forget a customer.",
    "rejected": "See, repair, replay and drop bad events.",
    "batch": "Build and check gold tables for a day.",
    "features": "Apply, materialize and read features, and keep the live ones.",
    "train": "Train, measure and register a model.",
    "evaluate": "Judge the recommender in use on later sessions.",
    "recommendations": "Score every customer's list, check it, put it online.",
    "models": "List, compare, promote and roll back model versions, and give them aliases.",
    "experiments": "Try variants on a share of the visitors, and see which is better.",
    "explain": "Say why a model answers as it does.",
    "serve": "Run the model server (the stack does this for you).",
    "access": "Say who may call the model server: clients, keys, scopes.",
    "collector": "Take events over HTTP (POST /v1/events).",
    "connect": "Poll external APIs and take file drops.",
    "airflow": "Run Airflow with Aisle's DAGs.",
    "demo": "The whole of it, live in the terminal.",
}


# Commands whose subcommands are loaded one by one as well.
_MODULES = {"features": "features_group"}


class _LazyGroup(click.Group):
    """Imports ``deployment.cli.<name>`` only for the command that is run, so that --help stays fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        # Importing feast switches DeprecationWarnings on for the whole process, and kafka-python then shows its own:
        # nobody who runs a command can act on either.
        with warnings.catch_warnings(record=True):
            command: click.Command = import_module(f"deployment.cli.{_MODULES.get(cmd_name, cmd_name)}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="aisle")
def aisle() -> None:
    """Aisle: a streaming lakehouse, feature store and model server for online retail.

    Start with `aisle demo`, or with `aisle up` and `aisle simulate --rate 50 --duration 60s`.
    """


def main() -> None:
    """Run the CLI; an error made on purpose becomes one line."""
    try:
        aisle(prog_name="aisle")
    except AisleError as error:
        click.echo(f"error: {error}", err=True)
        raise SystemExit(exit_code(error)) from None


def exit_code(error: AisleError) -> int:
    """Return with what a command ends: 2 where what it was given is wrong, else 1."""
    return 2 if isinstance(error, UserError) else 1
