"""The error tree. The type says whether to try again; the text says what to do.

AisleError
├── RetryableError           the world is in the way now: the same call may succeed later
│   ├── BrokerUnavailableError
│   ├── OnlineStoreUnavailableError
│   ├── RegistryUnavailableError
│   ├── SourceUnavailableError
│   ├── TableChangedError
│   └── UnfinishedErasureError
└── PermanentError           the same call will fail again: something must be changed first
├── UserError            the command, the setting or the file is wrong: shown as one line
│   ├── InvalidSettingError
│   ├── InvalidMappingError
│   ├── InvalidSourceFileError
│   ├── InvalidQueryError
│   ├── InvalidPatchError
│   ├── InvalidLabelsError
│   ├── InvalidManifestError
│   ├── UnknownNameError
│   ├── MissingProgramError
│   ├── PortTakenError
│   ├── NameTakenError
│   ├── ErasedError
│   ├── GateRefusedError
│   └── NotReadyError
├── TooManyRejectedError a stream stops rather than drain its topic into the rejected table
├── ModelRefusedError    a model's files do not make the model that was trained
├── UnusableAnswerError  an API answers with something that its mapping is not for
├── BreakingContractError a schema changed in a way that breaks readers or writers
├── ParityError          features read online differ from the lake's
└── QualityError         a table broke its expectations
"""

from __future__ import annotations

from datetime import timedelta


class AisleError(Exception):
    """Root of every error that Aisle raises on purpose."""


class RetryableError(AisleError):
    """The same call may succeed later."""


class BrokerUnavailableError(RetryableError):
    """Kafka did not answer or did not acknowledge in time."""


class OnlineStoreUnavailableError(RetryableError):
    """Redis did not answer in time."""


class RegistryUnavailableError(RetryableError):
    """MLflow did not answer in time, or could not store what it was sent."""


class SourceUnavailableError(RetryableError):
    """An API or a folder cannot be read now; an API may have said after what time to come again."""

    def __init__(self, message: str, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TableChangedError(RetryableError):
    """Another process wrote the same rows of a table at the same time; this write changed nothing."""


class UnfinishedErasureError(RetryableError):
    """Something of an erased customer is still there, or came in again meanwhile."""


class PermanentError(AisleError):
    """The same call will fail again until something is changed."""


class UserError(PermanentError):
    """What the user gave is wrong; the CLI prints the text as one line and exits with 2."""


class InvalidSettingError(UserError):
    """A setting has a value that cannot be used."""


class InvalidMappingError(UserError):
    """A replay mapping does not fit its contract or its file."""


class InvalidSourceFileError(UserError):
    """A file to be replayed is missing, unreadable or of an unknown format."""


class InvalidQueryError(UserError):
    """A query is no SQL that only reads the lake's tables."""


class InvalidPatchError(UserError):
    """A repair is no JSON Patch, or does not fit the event."""


class InvalidLabelsError(UserError):
    """Labels for a training set lack a column, or one has values that cannot be used."""


class InvalidManifestError(UserError):
    """A training set's manifest is none, or what it describes has changed since."""


class UnknownNameError(UserError):
    """A table, topic, model, mapping or service of that name does not exist."""


class MissingProgramError(UserError):
    """A program that Aisle needs (Java, a jar, redis-server) is not there."""


class PortTakenError(UserError):
    """Another process already listens on a port that the stack needs."""


class NameTakenError(UserError):
    """Something else of that name is there already."""


class ErasedError(UserError):
    """What was asked for held rows of a customer who was erased since."""


class GateRefusedError(UserError):
    """A model version did not pass its gate, so it cannot become the champion."""


class NotReadyError(UserError):
    """What the command works on has not been made yet (no table, no model, no stack)."""


class TooManyRejectedError(PermanentError):
    """More events were rejected than the limit allows."""


class ModelRefusedError(PermanentError):
    """A model's files are broken, of another version, or do not answer as the trained model did."""


class UnusableAnswerError(PermanentError):
    """An API refused, or its answer is not what the source's mapping is for."""


class BreakingContractError(PermanentError):
    """An event schema changed in a way that breaks readers or writers of its released form."""


class ParityError(PermanentError):
    """More features read online differ from the lake's than the threshold allows."""


class QualityError(PermanentError):
    """A table broke its expectations."""
