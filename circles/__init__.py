"""Circles: a site for peer integration circles."""

import zoneinfo

# Time zones come from the locked package tzdata alone, in every process that imports any part of the program. Python
# would take the machine's own files first, which may be years older. Zones that were read before are read anew.
zoneinfo.reset_tzpath(())
zoneinfo.ZoneInfo.clear_cache()

# The newest entry of CHANGELOG.md.
VERSION = "2026-11-26"
