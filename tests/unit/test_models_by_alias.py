"""Models beside the champion: loaded while somebody wants them."""

from __future__ import annotations

from pathlib import Path

import pytest

from model_serving.model_source import ModelAlias
from model_serving.model_store import ModelStore
from tests.fixtures.serving import FakeSource
from tests.fixtures.text_model import TextModel, load_text

CHAMPION, CHALLENGER = ModelAlias("recommender"), ModelAlias("recommender", "challenger")


@pytest.fixture
def source() -> FakeSource:
    """A registry with a champion, version 1, and a challenger, version 2."""
    source = FakeSource()
    source.give(CHAMPION, "1", TextModel("v1"))
    source.give(CHALLENGER, "2", TextModel("v2"))
    return source


def _store(source: FakeSource, directory: Path, *others: ModelAlias) -> ModelStore:
    return ModelStore(source, {"recommender": load_text}, lambda: others, directory, poll_s=60)


def _texts(store: ModelStore) -> tuple[str | None, str | None]:
    """Champion and challenger."""
    return _text(store, CHAMPION), _text(store, CHALLENGER)


def _text(store: ModelStore, alias: ModelAlias) -> str | None:
    loaded = store.current(*alias)
    return loaded.model.text if loaded else None


def _files(directory: Path) -> set[str]:
    return {path.name for path in (directory / "recommender").iterdir()}


def test_what_nobody_wants_is_not_loaded(source: FakeSource, tmp_path: Path) -> None:
    store = _store(source, tmp_path)
    store.refresh()
    assert (_texts(store), source.downloads) == (("v1", None), 1)
    assert store.reason(*CHALLENGER) == "not looked for yet"


def test_each_alias_is_swapped_by_itself_and_outlives_the_registry(source: FakeSource, tmp_path: Path) -> None:
    store = _store(source, tmp_path, CHALLENGER)
    store.refresh()
    assert _texts(store) == ("v1", "v2")
    source.give(CHALLENGER, "3", TextModel("v3"))
    store.refresh()
    assert _texts(store) == ("v1", "v3")
    assert _files(tmp_path) == {"champion.json", "1-run1", "challenger.json", "3-run3"}
    source.reachable = False
    again = _store(source, tmp_path, CHALLENGER)
    for each in (store, again):
        each.restore()
        each.refresh()
        assert _texts(each) == ("v1", "v3")
        assert "does not answer" in each.reason(*CHALLENGER)


def test_one_version_under_two_aliases_is_one_model(source: FakeSource, tmp_path: Path) -> None:
    source.aliases[CHALLENGER] = source.aliases[CHAMPION]
    store = _store(source, tmp_path, CHAMPION, CHALLENGER)
    store.refresh()
    assert store.current(*CHALLENGER) is store.current(*CHAMPION)
    assert source.downloads == 1
    source.give(CHAMPION, "3", TextModel("v3"))
    store.refresh()
    assert _texts(store) == ("v3", "v1")
    restored = _store(source, tmp_path, CHALLENGER)
    restored.restore()
    assert _texts(restored) == ("v3", "v1")


def test_what_is_wanted_no_more_goes_with_its_files(source: FakeSource, tmp_path: Path) -> None:
    wanted = [CHALLENGER]
    store = ModelStore(source, {"recommender": load_text}, lambda: wanted, tmp_path, poll_s=60)
    store.refresh()
    wanted.clear()
    store.refresh()
    assert _texts(store) == ("v1", None)
    assert _files(tmp_path) == {"champion.json", "1-run1"}


def test_an_alias_that_is_gone_takes_its_model_along_but_not_the_champion(source: FakeSource, tmp_path: Path) -> None:
    store = _store(source, tmp_path, CHALLENGER)
    store.refresh()
    source.aliases.clear()
    store.refresh()
    assert _texts(store) == ("v1", None)
    assert store.reason(*CHALLENGER) == "no version of recommender has the alias challenger in MLflow"


def test_a_challenger_that_cannot_be_loaded_costs_the_champion_nothing(source: FakeSource, tmp_path: Path) -> None:
    for text, reason in (("broken", "ValueError: cannot be loaded"), ("wrong", "is refused: answers otherwise")):
        source.give(CHALLENGER, "3", TextModel(text), run_id=text)
        store = _store(source, tmp_path, CHALLENGER)
        store.refresh()
        assert _texts(store) == ("v1", None)
        assert reason in store.reason(*CHALLENGER)
