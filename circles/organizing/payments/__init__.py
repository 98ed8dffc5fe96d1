"""All payments: the list with its search, the story of one, and refunds by hand."""
