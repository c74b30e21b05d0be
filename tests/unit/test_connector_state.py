from __future__ import annotations

from pathlib import Path

import pytest

from contracts.errors import RetryableError, UserError
from data_sources.connectors.state import ConnectorState, KnownAnswer, PollState, TakenFile, Validators
from tests.fixtures.connectors import START

STATE = PollState(
    source="a",
    taken=KnownAnswer(validators=Validators(url="u", etag='"e"'), sha256="s"),
    pending=KnownAnswer(),
    cursor="7",
    succeeded_at=START,
)


def test_what_was_saved_is_there_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "new" / "state.sqlite"
    state, taken = (
        ConnectorState(path),
        TakenFile(source="drops", sha256="s", mapping="m", name="a.csv", taken_at=START, messages=2, unmapped=1),
    )
    state.save_poll("api", STATE)
    state.save_poll("api", STATE)
    state.add_file(taken)
    state.close()
    again = ConnectorState(path)
    assert again.poll("api", "a") == STATE
    assert again.files("drops") == [taken]
    assert [again.has_file(*key) for key in (("drops", "s", "m"), ("drops", "s", "n"), ("x", "s", "m"))] == [
        True,
        False,
        False,
    ]
    again.close()


def test_a_source_that_is_new_or_was_configured_otherwise_has_nothing(tmp_path: Path) -> None:
    state = ConnectorState(tmp_path / "state.sqlite")
    state.save_poll("api", STATE)
    assert state.poll("api", "b") == PollState(source="b")
    assert state.poll("other", "a") == PollState(source="a")
    state.close()


def test_one_process_has_the_state(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    ConnectorState(path).close()
    state = ConnectorState(path)
    with pytest.raises(UserError, match=r"state.sqlite: database is locked: .* no other of them that runs"):
        ConnectorState(path)
    state.close()
    ConnectorState(path).close()


def test_a_file_that_is_no_state_and_a_state_that_is_gone_are_named(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    path.write_bytes(b"something else, longer than the head of a database" * 10)
    with pytest.raises(UserError, match=r"state.sqlite: file is not a database"):
        ConnectorState(path)
    path.unlink()
    state = ConnectorState(path)
    state.close()
    with pytest.raises(RetryableError, match=r"state.sqlite: Cannot operate on a closed"):
        state.poll("api", "a")
