"""The list of problems above a form: a sentence that does not name its question gets the question in front."""

from __future__ import annotations

import re

_PROBLEM = re.compile(r'<li><a href="#f-([^"]+)">([^<]*)</a></li>')
_TAG = re.compile(r"<[^>]*>")
# The sentences of base/text.py and base/reading.py that fit any field.
_NAMELESS = re.compile(
    r"Please (?:fill this in|keep this to one line|write something that can be seen|choose one (?:or more )?of these)"
    r"\.|This (?:is [0-9,]+ characters long|has a hidden character)"
)


def name_questions(html: str) -> str:
    """The page with the question in front of each problem that does not name it."""
    if 'class="problems"' not in html:
        return html

    def name(problem: re.Match[str]) -> str:
        field, text = problem[1], problem[2]
        question = _question(html, field) if _NAMELESS.match(text) else ""
        return f'<li><a href="#f-{field}">{question}: {text}</a></li>' if question else problem[0]

    return _PROBLEM.sub(name, html)


def _question(html: str, field: str) -> str:
    """The legend of a field of choices, or the label of a field; empty where there is neither."""
    name = re.escape(field)
    legend = re.search(
        rf'aria-describedby="[^"]*f-{name}-error"[^>]*>\s*<legend>(.*?)</legend>', html, re.DOTALL
    )
    label = legend or re.search(rf'<label for="f-{name}">(.*?)</label>', html, re.DOTALL)
    return " ".join(_TAG.sub("", label[1]).split()).rstrip(":.") if label else ""
