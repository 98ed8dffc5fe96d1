"""Files with lists (CSV, XLSX): read as headings and rows of text, and written. What they mean others say."""

from circles.sheets import days
from circles.sheets.cells import fold, is_error, is_formula, plain, tidy
from circles.sheets.lines import ListFile, from_lines, to_lines
from circles.sheets.reading import MAX_BYTES, read, too_large
from circles.sheets.tables import GROUP, MAX_COLUMNS, NO_HEADINGS, Choice, Row
from circles.sheets.text_files import NO_CHARACTER, is_shortened
from circles.sheets.writing import CellKind, SheetColumn, WorkbookWriter

__all__ = [
    "GROUP",
    "MAX_BYTES",
    "MAX_COLUMNS",
    "NO_CHARACTER",
    "NO_HEADINGS",
    "CellKind",
    "Choice",
    "ListFile",
    "Row",
    "SheetColumn",
    "WorkbookWriter",
    "days",
    "fold",
    "from_lines",
    "is_error",
    "is_formula",
    "is_shortened",
    "plain",
    "read",
    "tidy",
    "to_lines",
    "too_large",
]
