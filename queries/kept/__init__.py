"""Reads what triggers keep in schema `monitor` (database/kept), and each time only what changed."""
