"""How many requests a second FastAPI answers where it has nothing to do: the same bytes, through the same uvicorn."""

from __future__ import annotations

import sys
from typing import Any

import httpx

from benchmarks.running import http_server
from benchmarks.serving_figures import Plan, drive, highest
from benchmarks.serving_load import Answers, Loaded
from benchmarks.serving_stack import ServingStack, model_server, rss_mib
from benchmarks.serving_traffic import by_visitor, list_path
from tests.fixtures.kafka import free_ports


def measure(stack: ServingStack, plan: Plan) -> dict[str, Any]:
    """Return the figures at the highest rate that it keeps."""
    file, [port] = stack.settings.data_dir / "answer.json", free_ports(1)
    with model_server(stack.settings) as server:
        file.write_bytes(httpx.get(f"http://127.0.0.1:{server.port}{list_path(0)}").raise_for_status().content)
    requests = by_visitor(stack.traffic)

    def trial(each: float) -> Loaded:
        return drive(port, requests, each, plan.trial_s, Answers())

    command = [sys.executable, "-m", "benchmarks.serving_bare", port, file]
    with http_server(
        command, f"http://127.0.0.1:{port}{list_path(0)}", stack.settings.data_dir / "bare.log"
    ) as process:
        best = highest(trial, plan.rate)
        found = best[1] if best else {}
        return {
            "bare_req_per_s": found.get("req_per_s", 0.0),
            "bare": found | {"worker_rss_mib": rss_mib(process.pid), "answer_bytes": file.stat().st_size},
        }
