"""What was given with a checkpoint and has something to be done with once it is stored: messages to acknowledge, mails to move."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar

P = TypeVar("P")


class Given(Generic[P]):
    """Checkpoints in the order they were given, each with its stream and the places of its records."""

    def __init__(self) -> None:
        self._given: OrderedDict[str, tuple[str, Sequence[P]]] = OrderedDict()

    def note(self, checkpoint: str, stream: str, places: Sequence[P]) -> None:
        """A page is given with this checkpoint."""
        self._given[checkpoint] = (stream, places)

    def forget(self, stream: str) -> None:
        """What was given of a stream was not stored, and is given again now."""
        for checkpoint in [each for each, (other, _) in self._given.items() if other == stream]:
            del self._given[checkpoint]

    def stored(self, checkpoint: str) -> Iterator[tuple[str, Sequence[P]]]:
        """Stream and places of each page up to and with that one, oldest first; nothing for a checkpoint not known here."""
        if checkpoint not in self._given:
            return
        while self._given:
            mark, page = self._given.popitem(last=False)
            yield page
            if mark == checkpoint:
                return
