"""What exists: the pipelines, their phases, groupings, submit actions and parameters."""
