"""Serenade (VMIS-kNN in Rust, Kersbergen et al. 2022, "Serenade") under the same load, on the same sessions.

It learns the same training sessions. A session's earlier products are sent one by one before the load, as its users
do, and the load sends the last one of each test session.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from benchmarks import retailrocket
from benchmarks.running import http_server
from benchmarks.serving_connection import get
from benchmarks.serving_figures import Figures, Plan, drive, highest
from benchmarks.serving_load import Answers, Loaded
from benchmarks.serving_recall import recalls
from benchmarks.serving_stack import ServingStack, rss_mib
from benchmarks.serving_traffic import LIMIT, Traffic, visitor_id
from deployment.settings import PROJECT_ROOT
from tests.fixtures.kafka import free_ports

_SERVING = PROJECT_ROOT / ".aisle" / "serenade" / "bin" / "serving"
_REPLAY_PER_S = 2_000.0
# Of a session it keeps the last so many products. The other settings are those of its own example.
_KEPT = 9
_CONFIG = """config_type = "toml"
[server]
host = "127.0.0.1"
port = {port}
num_workers = 2
[log]
level = "info"
[data]
training_data_path = "{training}"
[model]
m_most_recent_sessions = 800
neighborhood_size_k = 120
max_items_in_session = {kept}
num_items_to_recommend = {asked}
idf_weighting = 1
[logic]
enable_business_logic = false
[hyperparam]
training_data_path = "{training}"
test_data_path = "{training}"
validation_data_path = "{training}"
num_iterations = 1
save_records = false
out_path = "unused.csv"
enable_business_logic = false
n_most_recent_sessions_range = [100, 2500]
neighborhood_size_k_range = [50, 1500]
last_items_in_session_range = [1, 20]
idf_weighting_range = [0, 5]
"""


def measure(stack: ServingStack, plan: Plan) -> Figures:
    """Return the figures at the highest rate that it keeps, or that it is not there.

    It is asked for 40 products, for it shows again what was seen: 20 new ones are left to judge.
    """
    if not _SERVING.exists():
        return {"missing": "it is not built: docs/model-server.md says how"}
    folder, [port] = stack.settings.data_dir / "serenade", free_ports(1)
    _prepare(folder, port)
    traffic = stack.traffic
    rows = range(len(traffic.targets))
    requests = [_request(row, int(traffic.sessions[row][-1])) for row in rows]

    def trial(each: float) -> Loaded:
        return drive(port, requests, each, plan.trial_s, Answers(len(rows)))

    command = ["env", "-C", folder, _SERVING, "serenade.toml"]
    with http_server(command, f"http://127.0.0.1:{port}/internal", folder / "serve.log") as process:
        _replay(port, traffic)
        best = highest(trial, plan.rate)
        if best is None:
            return {}
        loaded, found = best
        lists = {row: _products(body) for row, body in loaded.answers.first.items()}
        return found | recalls(lists, traffic) | {"worker_rss_mib": rss_mib(process.pid)}


def _prepare(folder: Path, port: int) -> None:
    """Write configuration and training sessions, whose order stands for their time."""
    folder.mkdir()
    sessions = retailrocket.training_sessions()
    with (folder / "training.tsv").open("w", encoding="ascii") as file:
        file.write("SessionId\tItemId\tTime\n")
        for which in range(len(sessions)):
            file.writelines(f"{which}\t{code}\t{1_000 + which}\n" for code in sessions[which].tolist())
    config = _CONFIG.format(port=port, training="training.tsv", kept=_KEPT, asked=2 * LIMIT)
    (folder / "serenade.toml").write_text(config, encoding="ascii")


def _replay(port: int, traffic: Traffic) -> None:
    """Send what was seen before the last product: of all sessions the eighth before it first."""
    earlier = [_earlier(session) for session in traffic.sessions[: len(traffic.targets)]]
    for before_last in range(_KEPT - 1, 0, -1):
        requests = [_request(row, seen[-before_last]) for row, seen in enumerate(earlier) if len(seen) >= before_last]
        drive(port, requests, _REPLAY_PER_S, len(requests) / _REPLAY_PER_S, Answers())


def _earlier(session: NDArray[np.int32]) -> list[int]:
    seen: list[int] = session[-_KEPT:-1].tolist()
    return seen


def _request(row: int, code: int) -> bytes:
    return get(f"/v1/recommend?session_id={visitor_id(row)}&user_consent=true&item_id={code}")


def _products(body: bytes) -> list[int]:
    products: list[int] = orjson.loads(body)
    return products
