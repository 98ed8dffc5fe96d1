"""Bringing in a list from a file: columns, preview, doubtful rows, outcome; what the rows mean is for others to say."""
