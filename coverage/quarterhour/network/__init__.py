"""The road network: modes, roads, speeds, turns, snapping, the graph that is searched."""
