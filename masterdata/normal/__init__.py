"""Values as they are compared: names, codes, numbers and addresses without what people write differently. Pure.

``VERSION`` is raised whenever a function here gives another value for some input, or a kind of comparison judges two values
otherwise: stored features and weights of pairs are then made anew.
"""

from __future__ import annotations

VERSION = 3
