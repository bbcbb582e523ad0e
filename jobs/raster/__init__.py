"""Validates any GeoTIFFs, converts them to COGs, and describes them with STAC."""
