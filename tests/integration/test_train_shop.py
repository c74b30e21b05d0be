"""The recommender of a shop with a catalogue: trained, saved, loaded, asked. Here, because it compiles."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_modeling.recommender_card import recommender_card
from ml_modeling.recommending.product_facts import ProductFacts
from ml_modeling.recommending.shop_retrieval import ShopRetrieval
from ml_modeling.train_recommender import THIS_MODEL, RecommenderTraining, train_recommender
from ml_modeling.two_stage_recommender import TwoStageRecommender, load_recommender
from tests.fixtures.training_tables import NOW, sessions_table

WORDS = ("running shoe", "iron pan", "board game", "rose seed")
# Of each of the four families of ``sessions_table`` one that nobody has seen, and one that is not sold any more.
NEW = [f"p{40 + family:03d}" for family in range(4)]
GONE = "p044"


def _facts() -> dict[str, ProductFacts]:
    facts = {
        f"p{code:03d}": ProductFacts(f"{WORDS[code % 4]} {code // 4}", WORDS[code % 4], f"b{code // 8}", code + 1.0)
        for code in range(45)
    }
    return facts | {GONE: facts[GONE]._replace(is_sold=False)}


@pytest.fixture(scope="module")
def training() -> RecommenderTraining:
    return train_recommender(sessions_table(600), facts=_facts())


@pytest.fixture(scope="module")
def files(training: RecommenderTraining, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("shop")
    training.model.save(directory)
    return directory


def test_the_shops_own_retrieval_is_served_and_the_gate_judges_it(training: RecommenderTraining, files: Path) -> None:
    loaded = load_recommender(files)
    assert isinstance(loaded, TwoStageRecommender)
    assert isinstance(loaded.retrieval, ShopRetrieval)
    assert training.trained.params["retrieval"] == "shop"
    assert "ndcg_at_10 over popularity +" in training.trained.verdict.reasons[1]


def test_a_loaded_model_answers_as_before_also_with_a_past(training: RecommenderTraining, files: Path) -> None:
    loaded, seen = load_recommender(files), ["p004", "p000"]
    for past in ([], ["p008", "unheard of", "p012"], [f"p{code:03d}" for code in range(40)]):
        assert loaded.recommend(seen, 20, past=past) == training.model.recommend(seen, 20, past=past)


def test_what_nobody_has_seen_is_recommended_by_its_text_and_what_is_not_sold_is_not_known(
    training: RecommenderTraining,
) -> None:
    assert set(NEW) < set(training.model.product_ids)
    assert GONE not in training.model.product_ids
    ranked = {product.product_id: product.source for product in training.model.recommend(["p004", "p008"], 42)}
    assert ranked[NEW[0]] == "content"


def test_the_past_changes_the_scores(training: RecommenderTraining) -> None:
    without, with_past = (training.model.recommend(["p004"], 5, past=past) for past in ([], ["p012", "p016", "p020"]))
    assert [product.score for product in without] != [product.score for product in with_past]


def test_a_first_visitor_sees_all_families_and_nobody_what_is_not_sold(
    training: RecommenderTraining, files: Path
) -> None:
    first = training.model.first(4)
    assert {int(product.product_id[1:]) % 4 for product in first} == {0, 1, 2, 3}
    assert {product.source for product in first} == {"catalogue"}
    assert load_recommender(files).first(4) == first
    everything = [product.product_id for product in training.model.first(100, exclude=[first[0].product_id])]
    assert sorted([*everything, first[0].product_id]) == training.model.product_ids


def test_newcomers_are_what_no_session_had_near_to_what_they_are_described_like(
    training: RecommenderTraining, files: Path
) -> None:
    just_listed = {"p-new": ProductFacts("garden rose seed", "rose seed")}
    for model in (training.model, load_recommender(files)):
        newcomers = model.newcomers(_facts() | just_listed)
        assert set(newcomers.shown) == {*NEW, GONE, "p-new"}
        assert newcomers.choose(["p003"], [NEW[3]]) == "p-new"
        assert newcomers.choose(["p001"], ()) == NEW[1]


def test_the_card_has_slices_by_what_the_shop_says(training: RecommenderTraining) -> None:
    evidence, page = training.evidence, recommender_card(training, training.trained, NOW).page
    assert evidence is not None
    by_category = [each for each in evidence.slices if each.kind == "category"]
    assert {each.value for each in by_category} == set(WORDS)
    assert sum(each.cases for each in by_category) == len(evidence.positions[THIS_MODEL])
    measured = [each.recall for each in by_category if each.recall]
    assert measured
    assert all(f'<td class="number">{recall}</td>' in page for recall in measured)
    assert {each.value for each in evidence.slices if each.kind == "price level"} == {"low", "middle", "high"}


def test_facts_without_a_word_leave_the_sessions_alone(training: RecommenderTraining) -> None:
    silent = train_recommender(sessions_table(40), facts={"p000": ProductFacts("-", price=3.0)})
    assert not isinstance(silent.model.retrieval, ShopRetrieval)
    assert silent.trained.params["retrieval"] == "sessions" != training.trained.params["retrieval"]
    few = train_recommender(sessions_table(40), facts=_facts())
    assert isinstance(few.model.retrieval, ShopRetrieval)
    assert few.model.ranker is None
    assert few.model.recommend(["p004"], 5)
