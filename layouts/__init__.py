"""Renders: pure functions from the registry and frames to components and page values."""
