"""``aisle demo``: the whole of Aisle once through, measured and verified."""
