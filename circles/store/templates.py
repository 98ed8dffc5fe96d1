"""Jinja templates: the environment and its filters. The only import of jinja2."""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from circles.base import clock, english, money, reading, ring, text
from circles.base.settings.colors import Colors, style_sheet

ROOT = Path(__file__).resolve().parent.parent.parent
STATIC = ROOT / "static"


@cache
def static(name: str) -> str:
    """The URL of a static file with a hash of its content, so that browsers cache it for good."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{quote(name)}?v={digest}"


@cache
def colors_url(chosen: Colors) -> str:
    """The URL of the style sheet with a community's colors, with a hash of it, so that browsers cache it for good."""
    digest = hashlib.sha256(style_sheet(chosen).encode()).hexdigest()[:12]
    return f"/colors/{chosen.name}.css?v={digest}"


def has_begun(starts_at: datetime) -> bool:
    """Whether a gathering has begun. For what a page says; deadlines use the database's clock."""
    return starts_at <= clock.now()


def markdown(source: str) -> Markup:
    """Markdown as safe HTML."""
    return Markup(text.markdown(source))


def unwrap(paragraph: str) -> str:
    """A paragraph on one line. For text mails, whose templates break long lines."""
    return " ".join(paragraph.split())


@cache
def environment() -> Environment:
    """The Jinja environment: autoescaping, and an error for an undefined name."""
    env = Environment(
        loader=FileSystemLoader(ROOT / "templates"),
        autoescape=select_autoescape(["html", "xml"], default_for_string=True),
        undefined=StrictUndefined,
        auto_reload=False,  # else each page checks the modification time of all its templates
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters.update(
        money=money.format_amount,
        money_plain=money.format_plain,
        money_signs=money.signs_of,
        when=clock.format_when,
        when_short=clock.format_short,
        city=clock.city,
        date_words=clock.format_date,
        time_of=clock.format_time,
        day_of=clock.format_day,
        day_of_year=clock.format_day_of_year,
        recorded=clock.format_record,
        length_words=clock.format_length,
        has_begun=has_begun,
        span_words=clock.format_span,
        markdown=markdown,
        unwrap=unwrap,
        plural=english.plural,
        counted=english.counted,
        choose=english.choose,
        join_names=english.join_names,
        number=reading.number_of,
    )
    env.globals.update(static=static, colors_url=colors_url, ring_points=ring.ring_points)
    return env


def render(template: str, **context: Any) -> str:
    """A rendered template, for pages, mail and fragments."""
    return environment().get_template(template).render(**context)
