"""Connectors declared in YAML: the model of what a manifest says, and what carries it out."""
