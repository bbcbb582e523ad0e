"""Any GeoTIFFs: validated, converted to COGs, and described with STAC."""
