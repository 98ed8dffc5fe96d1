"""What operators see: the log of requests, health checks, metrics."""
