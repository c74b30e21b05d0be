"""A typed client of Aisle's model server and collector."""

from aisle_client.collector import Collector
from aisle_client.model_server import ModelServer
from aisle_client.server import ProblemError, api_key, token

__all__ = ["Collector", "ModelServer", "ProblemError", "api_key", "token"]
