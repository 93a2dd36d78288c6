"""Tongmai 通脉: an open integration hub, the shared data chain of a company."""

__version__ = "0.1.0"
