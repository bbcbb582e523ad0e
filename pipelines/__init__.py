"""The registry: pipelines with their phases, groupings, submit actions and parameters."""
