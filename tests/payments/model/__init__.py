"""The model test of money: random operations by several people, processes that end anywhere, and the books."""
