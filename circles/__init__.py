"""Circles: a site for peer integration circles."""

import os
import sys
import zoneinfo

# Time zones come from the locked package tzdata alone, in every process that imports any part of the program. Python
# would take the machine's own files first, which may be years older. Zones that were read before are read anew.
zoneinfo.reset_tzpath(())
zoneinfo.ZoneInfo.clear_cache()

# structlog imports rich where it is installed (by the queue's command line), for tracebacks that we never show;
# pydantic looks for plugins through every installed package. Together they took a sixth of the time to start.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
if "rich" not in sys.modules:
    sys.modules["rich"] = None  # pyright: ignore[reportArgumentType] # "not there", until structlog is imported
    import structlog  # noqa: F401

    del sys.modules["rich"]

# The newest entry of CHANGELOG.md.
VERSION = "2026-11-26.4"
