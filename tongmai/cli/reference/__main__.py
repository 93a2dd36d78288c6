"""Print one page: ``cli``, ``files``, ``errors``, ``findings`` or ``connectors``."""

from __future__ import annotations

import sys

from tongmai.cli.reference import catalogue, commands, errors, files, findings

PAGES = {
    "cli": commands.page,
    "files": files.page,
    "errors": errors.page,
    "findings": findings.page,
    "connectors": catalogue.page,
}

if __name__ == "__main__":
    sys.stdout.write(PAGES[sys.argv[1]]())
