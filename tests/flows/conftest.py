"""The same systems as in the tests of syncs."""

from tests.sync.conftest import sales, systems, tongmai

__all__ = ["sales", "systems", "tongmai"]
