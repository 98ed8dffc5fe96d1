"""Files with lists (CSV, XLSX), read into headings and rows of text. What they mean is for others to say."""

from circles.sheets.reading import MAX_BYTES, Reading, read, too_large
from circles.sheets.tables import GROUP, MAX_COLUMNS, NO_HEADINGS, Choice, Row
from circles.sheets.text_files import NO_CHARACTER, is_shortened

__all__ = [
    "GROUP",
    "MAX_BYTES",
    "MAX_COLUMNS",
    "NO_CHARACTER",
    "NO_HEADINGS",
    "Choice",
    "Reading",
    "Row",
    "is_shortened",
    "read",
    "too_large",
]
