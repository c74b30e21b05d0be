"""What both boosters are given alike."""

from __future__ import annotations

SEED = 7
# More threads gain little on this size, and spin for seconds where the cores are busy.
THREADS = 1
LEARNING_RATE = 0.1
MAX_ROUNDS = 300
EARLY_STOPPING_ROUNDS = 20
# Where there is nothing to stop early on.
DEFAULT_ROUNDS = 50
