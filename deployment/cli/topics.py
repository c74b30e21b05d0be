"""``aisle topics``: the Kafka topics of the contract."""

from __future__ import annotations

import click
from rich.console import Console
from rich.table import Table

from deployment.settings import load_settings
from ingestion.topics import create_topics, list_topics


@click.group("topics")
def command() -> None:
    """List or create the Kafka topics.

    \b
    Examples:
      aisle topics list
      aisle topics create
    """


@command.command("list")
def list_command() -> None:
    """Show every topic with its partitions and the messages it ever got.

    \b
    Examples:
      aisle topics list
      AISLE_KAFKA__SERVERS=broker-1:9092,broker-2:9092 aisle topics list
    """
    table = Table("topic", "partitions", "messages", box=None)
    for topic in list_topics(load_settings().kafka.bootstrap_servers):
        table.add_row(topic.name, str(topic.partitions), str(topic.messages))
    Console().print(table)


@command.command("create")
def create_command() -> None:
    """Create the topics that are missing; harmless when they are there.

    \b
    Examples:
      aisle topics create
    """
    created = create_topics(load_settings().kafka.bootstrap_servers)
    click.echo(f"created {', '.join(created)}" if created else "every topic is there already")
