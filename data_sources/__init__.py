"""Where events come from: the simulated shop and the replay of real files."""
