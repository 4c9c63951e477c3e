"""Capacity and care: catchments, beds, rounds, territories, graves, equity."""
