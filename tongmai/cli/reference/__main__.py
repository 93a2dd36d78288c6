"""Print one page: ``cli``, ``files`` or ``errors``."""

from __future__ import annotations

import sys

from tongmai.cli.reference import commands, errors, files

PAGES = {"cli": commands.page, "files": files.page, "errors": errors.page}

if __name__ == "__main__":
    sys.stdout.write(PAGES[sys.argv[1]]())
