"""Logs: one JSON object a line in production, plain lines in practice. They carry ids, never names."""

from __future__ import annotations

import logging

import structlog

from circles.base.settings import Settings


def configure(settings: Settings) -> None:
    """Set up logging for this process.

    Libraries may only warn: what they write of a fault can hold what a person typed. pgqueuer is silent,
    because jobs.py says the same without the text of the fault.
    """
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    logging.getLogger("pgqueuer").setLevel(logging.CRITICAL + 1)
    for talkative in ("stripe", "httpx", "aiosmtplib"):
        logging.getLogger(talkative).setLevel(logging.ERROR)
    last = (
        structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)
        if settings.practice
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
