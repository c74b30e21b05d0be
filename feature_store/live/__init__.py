"""Features that change with every event: what is kept of them in Redis, the formulas, and how they are read."""
