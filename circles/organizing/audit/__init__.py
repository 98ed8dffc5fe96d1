"""The audit page: who did what, when, to whom, and why; and the chain over it."""
