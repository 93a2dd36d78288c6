"""Connectors: one folder a system under ``vendors``, and the SDK they are written with."""
