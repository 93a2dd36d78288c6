"""Simulators declared in YAML: ``simulator.yaml`` beside a ``connector.yaml``, for systems that need no Python."""
