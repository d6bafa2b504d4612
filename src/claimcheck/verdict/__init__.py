"""Verdicts: readers, phrasing and retrieval weighed into a calibrated label with its evidence and a reason."""
