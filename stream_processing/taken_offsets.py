"""How far the streams have read Kafka for good, from Spark's checkpoints; Spark itself is not needed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import reduce

from pyarrow import fs

# Topic → partition → the first offset that is not taken yet.
Offsets = Mapping[str, Mapping[int, int]]


def taken_offsets(checkpoints: Iterable[str]) -> Offsets:
    """Return the offsets up to which every one of the queries at ``checkpoints`` has committed a micro-batch.

    A restart of any of them begins there or later. Nothing is taken where one has no checkpoint yet.
    """
    return reduce(_least, [_committed(checkpoint) for checkpoint in checkpoints])


def _committed(checkpoint: str) -> Offsets:
    files, root = fs.FileSystem.from_uri(checkpoint)
    selector = fs.FileSelector(f"{root}/commits", allow_not_found=True)
    done = [int(info.base_name) for info in files.get_file_info(selector) if info.base_name.isdigit()]
    if not done:
        return {}
    with files.open_input_stream(f"{root}/offsets/{max(done)}") as file:
        *_, offsets = file.read().decode().splitlines()
    return {
        topic: {int(partition): at for partition, at in ends.items()} for topic, ends in json.loads(offsets).items()
    }


def _least(one: Offsets, other: Offsets) -> Offsets:
    return {
        topic: {
            partition: min(at, other[topic][partition]) for partition, at in ends.items() if partition in other[topic]
        }
        for topic, ends in one.items()
        if topic in other
    }
