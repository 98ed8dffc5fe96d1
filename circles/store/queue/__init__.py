"""The worker of the queue, and what a person does with jobs that were given up."""
