"""The ledger by month, for a bookkeeper: its sums on pages, and its movements as a file."""
