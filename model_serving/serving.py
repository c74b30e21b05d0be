"""What the model server answers from."""

from __future__ import annotations

from dataclasses import dataclass

from contracts import Clock
from model_serving.impression_publisher import ImpressionPublisher
from model_serving.inventory_feed import InventoryFeed
from model_serving.metrics import ServingMetrics
from model_serving.model_store import ModelStore
from model_serving.online_reader import OnlineReader
from model_serving.product_facts import KnownProducts
from model_serving.product_pairs import KnownPairs
from model_serving.ranking import Rankings
from model_serving.running_experiments import RunningExperiments
from model_serving.shop_window import ShopWindow
from model_serving.trending import Trending
from model_serving.visitor_versions import VisitorVersions


@dataclass(frozen=True)
class Serving:
    """What the app answers from. Starting and stopping the threads of these is the caller's.

    ``versions`` say whether an answer that was given may be given again; None: none is.
    """

    models: ModelStore
    experiments: RunningExperiments
    online: OnlineReader
    products: KnownProducts
    pairs: KnownPairs
    trending: Trending
    window: ShopWindow
    rankings: Rankings
    versions: VisitorVersions | None
    inventory: InventoryFeed
    impressions: ImpressionPublisher
    metrics: ServingMetrics
    clock: Clock
