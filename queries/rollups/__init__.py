"""Reads the rollups in schema `monitor` (database/rollups): each time only what changed."""
