"""Run sheets: the steps of a gathering with their minutes."""
