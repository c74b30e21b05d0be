"""What to try next: lines for the shell and addresses for the browser."""

from __future__ import annotations

from deployment.bootstrap.access import local_curl
from deployment.local_stack.api_server import api_url
from deployment.local_stack.services import aisle_executable
from deployment.settings import Settings


def example_lines(settings: Settings, visitor_id: str, product_id: str) -> list[str]:
    """Return lines that work on the running stack, for a visitor and a product that exist."""
    api, curl = api_url(settings), local_curl(settings)
    body = f'{{"visitor_id": "{visitor_id}"}}'
    return [
        "try:",
        f"  {curl} '{api}/v1/recommendations/{visitor_id}?limit=5'",
        f"  {curl} '{api}/v1/recommendations/{visitor_id}?product_id={product_id}&limit=5'",
        f"  {curl} -H 'Content-Type: application/json' -d '{body}' {api}/v1/purchase-prediction",
        f"  curl -s {api}/health",
        f"  AISLE_DATA_DIR={settings.data_dir} {aisle_executable()} query 'show tables'",
        "open:",
        f"  API documentation  {api}/docs",
        f"  API metrics        {api}/metrics",
        f"  MLflow             {settings.mlflow.tracking_uri}",
        f"  logs               {settings.log_dir}",
    ]
