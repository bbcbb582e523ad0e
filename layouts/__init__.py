"""Draws: pure functions from the registry and frames to pages and to what a tick writes into them."""
