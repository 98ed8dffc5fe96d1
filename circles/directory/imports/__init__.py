"""Imports of listings from CSV and XLSX files, with a preview of every row."""
