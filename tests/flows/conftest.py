"""The same systems as in the tests of syncs."""

from tests.sync.conftest import systems, tongmai

__all__ = ["systems", "tongmai"]
