"""MLflow's errors as Aisle's: one line that names the server."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import RequestException, Timeout

from contracts.errors import RegistryUnavailableError

# To MLflow an alias that is not set is an invalid parameter, and only a model that is not there does not exist.
NOT_THERE = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")


@contextmanager
def naming_the_server(client: MlflowClient) -> Iterator[None]:
    """Turn what went wrong with MLflow, or a full disk here, into ``RegistryUnavailableError``."""
    try:
        yield
    except (MlflowException, RequestException) as error:
        raise RegistryUnavailableError(_text(client.tracking_uri, error)) from error
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        msg = f"no space left on the disk of {error.filename or 'the temporary files'}: no model was registered"
        raise RegistryUnavailableError(msg) from error


@contextmanager
def passing_over(*codes: str) -> Iterator[None]:
    """Pass over an error of MLflow that has one of these codes."""
    try:
        yield
    except MlflowException as error:
        if error.error_code not in codes:
            raise


def _text(uri: str, error: MlflowException | RequestException) -> str:
    if _is_connection_failure(error):
        return f"MLflow at {uri} does not answer: start it with `aisle up`, or set AISLE_MLFLOW__SERVER_URI"
    first_line = str(error).strip().partition("\n")[0]
    return f"MLflow at {uri} refused, and the champion is as it was; its log says more: {first_line}"


def _is_connection_failure(error: MlflowException | RequestException) -> bool:
    """MLflow wraps a connection error of requests into its own, without a code of its own for it."""
    failures = (RequestsConnectionError, Timeout)
    return isinstance(error, failures) or isinstance(error.__cause__ or error.__context__, failures)
