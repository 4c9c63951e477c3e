"""From a study file to its results; it wires and computes nothing itself."""
