"""Proof: the plan recounted from the times alone, its record, its checkpoints."""
