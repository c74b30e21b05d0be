"""The HTTP collector: browsers and tills post events, and hear of each what became of it."""
