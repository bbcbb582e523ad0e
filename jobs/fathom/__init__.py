"""FATHOM flood maps: inventory, band stack (phase 1) and spatial merge (phase 2)."""
