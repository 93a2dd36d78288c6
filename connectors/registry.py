"""Find connectors by name."""
