"""Attributes for people who hear the page."""

from __future__ import annotations

from typing import Any


def aria(**attributes: str) -> Any:
    """`aria(label="Phases")` as keyword arguments of a component."""
    return {f"aria-{name}": value for name, value in attributes.items()}
