"""The funder’s report: two pages without names, with small groups folded."""
