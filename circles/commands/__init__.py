"""What `python -m circles` does besides pages: serving, assets, personal data."""
