from __future__ import annotations

from pathlib import Path

import pytest

from model_serving.model_source import ModelAlias
from model_serving.model_store import ModelStore
from tests.fixtures.serving import FakeSource
from tests.fixtures.text_model import TextModel, load_text


@pytest.fixture
def source() -> FakeSource:
    return FakeSource()


def _store(source: FakeSource, directory: Path) -> ModelStore:
    return ModelStore(source, {"recommender": load_text}, list, directory, poll_s=60)


def _text(store: ModelStore) -> str | None:
    loaded = store.current("recommender")
    return loaded.model.text if loaded else None


def test_without_a_champion_there_is_no_model_and_a_reason(source: FakeSource, tmp_path: Path) -> None:
    store = _store(source, tmp_path)
    store.refresh()
    assert store.current("recommender") is None
    assert "no champion" in store.reason("recommender")


def test_a_new_champion_is_swapped_in_and_the_old_files_go(source: FakeSource, tmp_path: Path) -> None:
    store = _store(source, tmp_path)
    for version in ("1", "2"):
        source.set_champion("recommender", version, TextModel(f"v{version}"))
        store.refresh()
        assert _text(store) == f"v{version}"
    assert [path.name for path in (tmp_path / "recommender").iterdir() if path.is_dir()] == ["2-run2"]


def test_the_same_champion_is_not_loaded_again(source: FakeSource, tmp_path: Path) -> None:
    store = _store(source, tmp_path)
    source.set_champion("recommender", "1", TextModel("v1"))
    store.refresh()
    before = store.current("recommender")
    store.refresh()
    assert store.current("recommender") is before
    assert source.downloads == 1


def test_a_model_that_cannot_be_loaded_leaves_the_old_one_in_use(source: FakeSource, tmp_path: Path) -> None:
    store = _store(source, tmp_path)
    source.set_champion("recommender", "1", TextModel("v1"))
    store.refresh()
    source.set_champion("recommender", "2", TextModel("broken"))
    store.refresh()
    assert _text(store) == "v1"
    assert "cannot be loaded" in store.reason("recommender")


def test_a_model_that_answers_otherwise_is_refused_and_not_tried_again(source: FakeSource, tmp_path: Path) -> None:
    store = _store(source, tmp_path)
    for version, text in (("1", "v1"), ("2", "wrong")):
        source.set_champion("recommender", version, TextModel(text))
        store.refresh()
        store.refresh()
    assert _text(store) == "v1"
    assert store.reason("recommender") == "version 2 is refused: answers otherwise"
    assert source.downloads == 2
    source.set_champion("recommender", "3", TextModel("v3"))
    store.refresh()
    assert (_text(store), store.reason("recommender")) == ("v3", "")


def test_a_snapshot_that_was_damaged_here_is_fetched_anew(source: FakeSource, tmp_path: Path) -> None:
    source.set_champion("recommender", "1", TextModel("v1"))
    _store(source, tmp_path).refresh()
    (tmp_path / "recommender" / "1-run1" / "model.txt").write_text("wrong")
    store = _store(source, tmp_path)
    store.restore()
    assert _text(store) is None
    assert "version 1 is refused" in store.reason("recommender")
    store.refresh()
    assert (_text(store), source.downloads) == ("v1", 2)


def test_a_registry_that_goes_away_leaves_the_model_in_use(source: FakeSource, tmp_path: Path) -> None:
    store = _store(source, tmp_path)
    source.set_champion("recommender", "1", TextModel("v1"))
    store.refresh()
    source.reachable = False
    store.refresh()
    assert _text(store) == "v1"
    assert "does not answer" in store.reason("recommender")


def test_the_last_runs_model_serves_where_the_registry_is_away_at_start(source: FakeSource, tmp_path: Path) -> None:
    source.set_champion("recommender", "1", TextModel("v1"))
    _store(source, tmp_path).refresh()
    source.reachable = False
    store = _store(source, tmp_path)
    store.restore()
    store.refresh()
    loaded = store.current("recommender")
    assert loaded is not None
    assert (loaded.model.text, loaded.origin) == ("v1", "snapshot")
    source.reachable = True
    store.refresh()
    loaded = store.current("recommender")
    assert loaded is not None
    assert loaded.origin == "mlflow"
    assert source.downloads == 1


def test_a_registry_made_anew_may_use_the_same_number(source: FakeSource, tmp_path: Path) -> None:
    store = _store(source, tmp_path)
    source.set_champion("recommender", "1", TextModel("old"))
    store.refresh()
    other = FakeSource()
    other.give(ModelAlias("recommender"), "1", TextModel("new"), run_id="another-run")
    again = _store(other, tmp_path)
    again.restore()
    again.refresh()
    assert _text(again) == "new"
