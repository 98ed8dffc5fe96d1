"""Logging: JSON lines in production, plain lines in practice mode. Logs carry ids, never names."""

from __future__ import annotations

import logging

import structlog

from circles.base.settings import Settings


def configure(settings: Settings) -> None:
    """Set up logging for this process.

    Libraries log warnings only, because their messages may hold personal data. pgqueuer is silent: store/jobs.py logs
    failed jobs, without the exception's text.
    """
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    logging.getLogger("pgqueuer").setLevel(logging.CRITICAL + 1)
    for name in ("stripe", "httpx", "aiosmtplib"):
        logging.getLogger(name).setLevel(logging.ERROR)
    renderer = (
        structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)
        if settings.practice
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
