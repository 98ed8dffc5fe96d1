"""The pool: what was paid above the suggested amount, and what drew from it."""
