"""The longest texts that a form can hold are read in time that grows with their length, and not with its square.

By processor time of a child, which load does not change: each takes about a second, and minutes where a pattern tries
every place with every other.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from circles.base import text
from circles.sandbox import Limits, Target
from circles.sandbox.parent import call
from tests.base import long_texts

LIMITS = Limits(memory=1_000_000_000, cpu_seconds=30, seconds=150, answer=100)


@pytest.mark.parametrize("reader", long_texts.READERS)
async def test_long_texts_are_read_in_linear_time(reader: str) -> None:
    target = Target("tests.base.long_texts", "read_units", LIMITS)
    assert await call(target, b"", {"reader": reader}) == b"read"


async def test_markdown_of_nothing_but_marks_is_rendered_in_linear_time() -> None:
    limits = replace(LIMITS, cpu_seconds=15)  # 4 s, and 40 s where every mark is tried with every other
    target = Target("tests.base.long_texts", "render_marks", limits)
    assert await call(target, b"", {}) == b"rendered"


def test_a_text_of_many_marks_is_plain_paragraphs() -> None:
    assert text.markdown("a [" * 401 + "\n\n*b*").startswith("<p>a [a [")
    assert "<em>b</em>" in text.markdown("[a](https://a.example) *b* " * 100)
    links = text.markdown("https://a.example " * 200)
    assert links.count("<a ") == 200
    assert "<a " not in text.markdown("https://a.example " * 201)
    assert "&lt;b&gt;" in text.markdown("<b>" * 401)
