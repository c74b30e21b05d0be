"""``aisle access``, and ``aisle serve`` where it is open to all."""

from __future__ import annotations

from pathlib import Path

import pytest
from click import Command
from click.testing import CliRunner, Result

from contracts.errors import InvalidSettingError
from deployment.cli.access import command
from deployment.cli.collector import command as collector
from deployment.cli.serve import command as serve


def _run(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(command, arguments, env={"AISLE_DATA_DIR": str(data)}, catch_exceptions=False)


def test_a_client_is_made_listed_and_revoked(tmp_path: Path) -> None:
    made = _run(tmp_path, "create", "till-17", "--scope", "events", "--requests-per-s", "50")
    key = made.stdout.strip()
    assert key.startswith("aisle_")
    assert "the key of till-17: it is shown once" in made.stderr
    [row] = _run(tmp_path, "list").stdout.splitlines()[1:]
    assert row.split()[:3] == ["till-17", "events", "50"]
    assert _run(tmp_path, "revoke", "till-17").stdout == "till-17 is revoked\n"
    assert len(_run(tmp_path, "list").stdout.splitlines()[1].split()) == 7
    assert key not in _run(tmp_path, "list").stdout


def test_a_key_to_sign_with_is_made(tmp_path: Path) -> None:
    assert "tokens are signed with key 2" in _run(tmp_path, "rotate").stdout
    assert len(list((tmp_path / "access" / "signing-keys").glob("*.pem"))) == 1


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])  # noqa: S104 - refused
@pytest.mark.parametrize(("server", "group"), [(serve, "AISLE_API"), (collector, "AISLE_COLLECTOR")])
def test_only_this_machine_may_be_let_in_without_a_key(tmp_path: Path, host: str, server: Command, group: str) -> None:
    env = {"AISLE_DATA_DIR": str(tmp_path), f"{group}__ACCESS": "open", f"{group}__HOST": host}
    result = CliRunner().invoke(server, env=env)
    assert isinstance(result.exception, InvalidSettingError)
    assert f"{group}__ACCESS='open' while the host is {host!r}" in str(result.exception)
