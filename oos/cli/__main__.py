"""`python -m oos.cli`: the command line where no `oos` is on the path."""

from __future__ import annotations

import sys

from oos.cli.main import main

sys.exit(main())
