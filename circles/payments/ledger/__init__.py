"""The ledger in double entry: accounts, entries whose lines add up to nothing, and balances derived from them."""
