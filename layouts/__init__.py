"""Draws: pure functions from the registry and frames to pages and their values' values."""
