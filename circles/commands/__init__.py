"""What the commands of `python -m circles` need besides features: serving, assets, personal data."""
