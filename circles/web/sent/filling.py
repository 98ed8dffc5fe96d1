"""A page with a form filled in again: what was typed goes into the form of its HTML that it was sent from.

The page is parsed for the places of its controls, and nothing else of it changes. So any form can be filled in,
whichever template made it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from urllib.parse import urlsplit

from circles.store.templates import render
from circles.web.sent import origin
from circles.web.sent.kept import KeptForm

PLACE = "<!-- kept form -->"  # in templates/base.html
# Values of choices, ids and numbers: one word in plain letters, which is no address of a mail or a page.
NO_TEXT = re.compile(r"(?!.*://)[!-?A-~]*")
_TICKED = ("checkbox", "radio")
_NEVER = ("file", "submit", "button", "image", "reset")

Attributes = dict[str, str | None]


@dataclass(slots=True)
class Control:
    """A control of a form: the place of its start tag in the page; of a text area also the end of its text."""

    tag: str
    attributes: Attributes
    start: int
    end: int
    text_end: int = 0
    select: str = ""  # of an option: the name of its list

    @property
    def name(self) -> str:
        return self.select or self.attributes.get("name") or ""

    @property
    def value(self) -> str:
        return self.attributes.get("value") or ""

    @property
    def kind(self) -> str:
        """The type of an input; for others the tag."""
        return (self.attributes.get("type") or "text").lower() if self.tag == "input" else self.tag


@dataclass(slots=True)
class PageForm:
    """A posted form of a page. targets: the paths it can be posted to."""

    targets: set[str]
    controls: list[Control] = field(default_factory=list[Control])

    def likeness(self, pairs: list[tuple[str, str]]) -> tuple[int, int]:
        """How much a kept form looks like this one: hidden values in common, names in common."""
        hidden = {(one.name, one.value) for one in self.controls if one.kind == "hidden"}
        names = {one.name for one in self.controls}
        return len(hidden & set(pairs)), len(names & {name for name, _ in pairs})


class _Scan(HTMLParser):
    """Finds the posted forms of a page."""

    def __init__(self, html: str, path: str) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[PageForm] = []
        self._path = path
        self._ids: dict[str, PageForm] = {}
        self._form: PageForm | None = None
        self._select = ""
        self._area: Control | None = None
        self._lines = [0]
        for line in html.split("\n"):
            self._lines.append(self._lines[-1] + len(line) + 1)
        self.feed(html)
        self.close()

    def _offset(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "form":
            self._open_form(attributes)
        elif tag in ("input", "textarea", "select", "option", "button"):
            self._add_control(tag, attributes)
        if self._form and attributes.get("hx-post"):
            self._form.targets.add(_target(attributes["hx-post"], self._path))

    def _open_form(self, attributes: Attributes) -> None:
        self._form = PageForm({_target(attributes.get("action"), self._path)})
        self._ids[attributes.get("id") or ""] = self._form
        if (attributes.get("method") or "").lower() == "post":
            self.forms.append(self._form)

    def _add_control(self, tag: str, attributes: Attributes) -> None:
        form = self._ids.get(attributes["form"] or "") if "form" in attributes else self._form
        if form is None:
            return
        start = self._offset()
        control = Control(tag, attributes, start, start + len(self.get_starttag_text() or ""))
        if tag == "select":
            self._select = control.name
        elif tag == "option":
            control.select = self._select
        elif tag == "textarea":
            self._area = control
        elif attributes.get("formaction"):
            form.targets.add(_target(attributes["formaction"], self._path))
        form.controls.append(control)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "textarea" and self._area:
            self._area.text_end = self._offset()
            self._area = None


def _target(action: str | None, path: str) -> str:
    return urlsplit(action or "").path or path


def fill(html: str, kept: KeptForm, path: str, *, box: str = "_kept_form.html") -> str:
    """The page of a kept form, filled in, with a box that says so. path: of the page. box: its template.

    What has no field here any more stands in the box, to be copied.
    """
    pairs = kept.pairs or []
    forms = [form for form in _Scan(html, path).forms if kept.path in form.targets]
    form = max(forms, key=lambda form: form.likeness(pairs), default=None)
    if form:
        html = _filled(html, form, pairs)
    has_typed = any(_is_typed(control, pairs) for control in form.controls) if form else False
    text = render(
        box,
        is_whole=kept.pairs is not None,
        is_here=form is not None,
        has_typed=has_typed,
        has_files=kept.has_files,
        leftovers=_leftovers(form, pairs),
    )
    return html.replace(PLACE, text, 1)


def _is_typed(control: Control, pairs: list[tuple[str, str]]) -> bool:
    return control.kind not in ("hidden", *_NEVER) and any(
        name == control.name and value for name, value in pairs
    )


def _leftovers(form: PageForm | None, pairs: list[tuple[str, str]]) -> list[str]:
    """The texts of fields that the form has not got; what is no text (an id, a tick) is left out."""
    names = {control.name for control in form.controls} if form else set[str]()
    return [value for name, value in pairs if name not in names and not NO_TEXT.fullmatch(value.strip())]


def _filled(html: str, form: PageForm, pairs: list[tuple[str, str]]) -> str:
    typed: dict[str, list[str]] = {}
    for name, value in pairs:
        typed.setdefault(name, []).append(value)
    changes = [change for control in form.controls if (change := _change(control, typed))]
    for start, end, text in sorted(changes, reverse=True):
        html = html[:start] + text + html[end:]
    return html


def _change(control: Control, typed: dict[str, list[str]]) -> tuple[int, int, str] | None:
    """The part of the page to replace: from, to, by what. None where the control stays as it is.

    Of several text fields with one name each takes the next value.
    """
    values = typed.get(control.name, [])
    if control.name in ("", origin.FIELD) or control.kind in _NEVER or control.tag in ("button", "select"):
        return None
    if control.kind in _TICKED:
        return _tag(control, "checked", (control.attributes.get("value") or "on") in values)
    if not values:
        return None
    if control.tag == "option":
        return _tag(control, "selected", control.value in values)
    value = values.pop(0) if len(values) > 1 else values[0]
    if control.tag == "textarea":
        return control.end, control.text_end, "\n" + escape(value)
    return _tag(control, "value", value)


def _tag(control: Control, name: str, value: str | bool) -> tuple[int, int, str]:
    """The control's start tag with an attribute set, or left out where its value is False."""
    attributes = {key: given for key, given in control.attributes.items() if key != name}
    if value is not False:
        attributes[name] = None if value is True else value
    text = "".join(
        f" {key}" if given is None else f' {key}="{escape(given)}"' for key, given in attributes.items()
    )
    return control.start, control.end, f"<{control.tag}{text}>"
