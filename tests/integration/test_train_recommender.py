"""The recommender that is served, from sessions to saved files and back. Here, because it compiles."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from contracts.errors import ModelRefusedError, NotReadyError
from ml_modeling.baseline_recommender import fit
from ml_modeling.compile_recommender import compile_recommender
from ml_modeling.next_products import browsed_sessions
from ml_modeling.recommender import POPULARITY, Recommender
from ml_modeling.recommender_card import recommender_card
from ml_modeling.recommender_champion import MIN_CASES, RecommenderChampion
from ml_modeling.recommending.candidate_features import FEATURES
from ml_modeling.train_recommender import RecommenderTraining, train_recommender
from ml_modeling.two_stage_fitting import fit_two_stage
from ml_modeling.two_stage_recommender import TwoStageRecommender, load_recommender
from tests.fixtures.training_tables import NOW, mixed, sessions_table, shuffled_products

_COMPILED = ("candidate_features", "context", "gathering", "neighbour_lists", "session_embedding", "session_knn")


@pytest.fixture(scope="module")
def training() -> RecommenderTraining:
    return train_recommender(sessions_table(600))


@pytest.fixture(scope="module")
def files(training: RecommenderTraining, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("two-stage")
    training.model.save(directory)
    return directory


def _copied(files: Path, directory: Path) -> Path:
    for file in files.iterdir():
        (directory / file.name).write_bytes(file.read_bytes())
    return directory


def _signatures() -> Mapping[str, int]:
    """Return how many kinds of arguments each function has been compiled for."""
    modules = [import_module(f"ml_modeling.recommending.{name}") for name in _COMPILED]
    return {
        f"{module.__name__}.{name}": len(function.signatures)
        for module in modules
        for name, function in vars(module).items()
        if hasattr(function, "signatures")
    }


def test_recommends_the_rest_of_the_family_and_names_the_source(training: RecommenderTraining) -> None:
    ranked = training.model.recommend(["p004", "p000"], 5)
    assert {int(product.product_id[1:]) % 4 for product in ranked} == {0}
    assert not {"p004", "p000"} & {product.product_id for product in ranked}
    assert {product.source for product in ranked} <= {"co_visitation", "two_steps", "session_neighbours"}
    assert [product.score for product in ranked] == sorted((product.score for product in ranked), reverse=True)
    assert all(product.score > 0 for product in ranked)


def test_an_unknown_context_gets_the_popular_products_and_a_long_list_is_filled_up(
    training: RecommenderTraining,
) -> None:
    model = training.model
    popular = model.recommend(["never seen"], 5)
    assert [product.source for product in popular] == [POPULARITY] * 5
    everything = model.recommend(["p004"], 100, exclude=["p008"])
    assert len({product.product_id for product in everything}) == len(everything) == len(model.product_ids) - 2
    assert not {"p004", "p008"} & {product.product_id for product in everything}
    assert model.recommend(["p004"], 0) == []


def test_it_is_measured_beside_popularity_and_co_visitation_on_the_same_cases(training: RecommenderTraining) -> None:
    trained = training.trained
    assert trained.value is not None
    assert trained.baseline is not None
    assert trained.value == trained.metrics["recall_at_20"] > trained.baseline
    assert trained.metrics["popularity_recall_at_20"] == trained.baseline
    assert trained.metrics["co_visitation_recall_at_20"] > trained.baseline
    assert trained.note == ""
    assert "ndcg_at_10 over co_visitation" in trained.verdict.reasons[0]
    assert "ndcg_at_10 over popularity +" in trained.verdict.reasons[1]
    assert trained.params["features"].split(",") == list(FEATURES)
    assert trained.params["learned_until"] == "2026-01-13T11:30:00.000000Z"


def test_the_same_data_in_any_order_gives_the_same_bytes_and_figures(
    training: RecommenderTraining, files: Path, tmp_path: Path
) -> None:
    table = sessions_table(600)
    again = train_recommender(table.take(np.random.default_rng(1).permutation(len(table))))
    assert again.trained.metrics == training.trained.metrics
    assert str(again.trained.verdict) == str(training.trained.verdict)
    again.model.save(tmp_path)
    assert sorted(file.name for file in files.iterdir()) == [
        *("ranker.npz", "ranker.sha256", "ranker.txt", "two_stage.json", "two_stage.npz")
    ]
    assert all(file.read_bytes() == (tmp_path / file.name).read_bytes() for file in files.iterdir())


def test_a_loaded_model_answers_as_before_and_compiles_nothing_more(training: RecommenderTraining, files: Path) -> None:
    before = _signatures()
    loaded = load_recommender(files)
    for seen in (["p001"], ["p001", "p002", "p013"], ["p039", "unheard of"], [f"p{code:03d}" for code in range(40)]):
        assert loaded.recommend(seen, 20, exclude=["p003"]) == training.model.recommend(seen, 20, exclude=["p003"])
    assert _signatures() == before
    assert before["ml_modeling.recommending.session_knn._gather_neighbours"] == 1


@pytest.mark.usefixtures("files")
def test_what_setup_compiles_is_all_that_a_model_needs() -> None:
    before = _signatures()
    compile_recommender()
    assert _signatures() == before


def test_a_model_of_an_older_version_still_loads(tmp_path: Path) -> None:
    old = fit(np.full(2, np.datetime64("2026-01-01", "us")), [["a", "b"], ["b", "c"]])
    old.save(tmp_path)
    loaded = load_recommender(tmp_path)
    assert isinstance(loaded, Recommender)
    assert loaded.recommend(["a"], 1) == old.recommend(["a"], 1)


@pytest.mark.parametrize("file", ["two_stage.npz", "ranker.txt", "two_stage.json"])
@pytest.mark.parametrize("kept", [0.0, 0.6])
def test_a_file_that_is_cut_is_refused(files: Path, tmp_path: Path, file: str, kept: float) -> None:
    path = _copied(files, tmp_path) / file
    path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])
    with pytest.raises(ModelRefusedError, match="recommender's files cannot be used"):
        load_recommender(tmp_path)


def test_a_missing_file_is_refused(files: Path, tmp_path: Path) -> None:
    (_copied(files, tmp_path) / "two_stage.npz").unlink()
    with pytest.raises(ModelRefusedError, match=r"two_stage\.npz"):
        load_recommender(tmp_path)


def test_a_model_trained_on_other_features_is_refused(files: Path, tmp_path: Path) -> None:
    path = _copied(files, tmp_path) / "two_stage.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"features": ["length", "colour"]}))
    with pytest.raises(ModelRefusedError, match=r"was trained on \['length', 'colour'\]: expected"):
        load_recommender(tmp_path)


def test_a_model_that_answers_otherwise_is_refused(files: Path, tmp_path: Path) -> None:
    with np.load(_copied(files, tmp_path) / "two_stage.npz") as stored:
        arrays = {name: stored[name] for name in stored.files}
    np.savez(tmp_path / "two_stage.npz", **{**arrays, "product_ids": mixed(arrays["product_ids"])})
    with pytest.raises(ModelRefusedError, match="answers otherwise than when it was trained, for p0"):
        load_recommender(tmp_path)


def test_a_shop_too_small_for_a_ranking_says_so_and_orders_by_the_blend(tmp_path: Path) -> None:
    training = train_recommender(sessions_table(40))
    assert training.model.ranker is None
    assert training.trained.params["algorithm"] == "blend"
    assert (
        "ordered by the blend of its sources alone, 40 sessions: a ranking needs at least 50" in training.trained.note
    )
    assert f"at least {MIN_CASES} are needed to measure" in training.trained.note
    assert training.trained.value is None
    training.model.save(tmp_path)
    loaded = load_recommender(tmp_path)
    ranked = loaded.recommend(["p004"], 3)
    assert ranked == training.model.recommend(["p004"], 3)
    assert {int(product.product_id[1:]) % 4 for product in ranked} == {0}
    assert "Gate: refused" in recommender_card(training, training.trained, NOW).page


def test_bots_are_not_learned_from(training: RecommenderTraining) -> None:
    people, bots = sessions_table(600), sessions_table(60, seed=4, products=80)
    flagged = bots.set_column(bots.schema.get_field_index("is_bot"), "is_bot", [[True] * len(bots)])
    assert train_recommender(pa.concat_tables([people, flagged])).trained.metrics == training.trained.metrics


def test_too_few_sessions_are_refused_with_both_numbers() -> None:
    with pytest.raises(NotReadyError, match=r"silver\.sessions holds 3 sessions with products: .* needs 10"):
        train_recommender(sessions_table(3))
    with pytest.raises(NotReadyError, match="holds 0 sessions"):
        train_recommender(sessions_table(3).slice(0, 0))


def _champion(model: TwoStageRecommender, until: str) -> RecommenderChampion:
    return RecommenderChampion("7", model, np.datetime64(until))


def test_a_challenger_worse_than_the_champion_is_refused_by_the_gate() -> None:
    good, _ = fit_two_stage(browsed_sessions(sessions_table(600)).baskets)
    worse = train_recommender(shuffled_products(sessions_table(900), first=700), _champion(good, "2026-01-13T12:00"))
    assert not worse.trained.verdict.passed
    assert "refused: ndcg_at_10 over the champion -" in str(worse.trained.verdict)


def test_an_equal_champion_can_be_compared_on_new_sessions_only(training: RecommenderTraining) -> None:
    equal = train_recommender(sessions_table(600), _champion(training.model, "2026-01-11T12:00"))
    assert "ndcg_at_10 over the champion" in str(equal.trained.verdict)
    nothing_new = train_recommender(sessions_table(600), _champion(training.model, "2026-01-13T12:00"))
    assert "refused: version 7 has learned from all but 0 of the cases" in str(nothing_new.trained.verdict)


def test_the_card_needs_no_other_file_and_shows_the_evidence(training: RecommenderTraining) -> None:
    card = recommender_card(training, training.trained, NOW)
    assert card.page.count("<svg") == 4
    assert set(card.plots) == {"recall.png", "slices.png", "shap.png", "gains.png"}
    assert "http" not in card.page.replace("http://www.w3.org/", "")
    assert "src=" not in card.page
    for shown in ("Recall@20", "products seen", "co-visitation", "near_sum", "Gate: ", "mobile", "learned_until"):
        assert shown in card.page
