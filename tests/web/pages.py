"""The posted forms of a page, and what a browser would send of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

TEXTS = ("text", "search", "email", "tel", "url", "number", "date", "time", "textarea", "password")


@dataclass(slots=True)
class Control:
    """kind: of an input its type, else the tag. chosen: ticked, or the option that is selected."""

    kind: str
    name: str
    value: str
    chosen: bool = True
    options: list[tuple[str, bool]] = field(default_factory=list[tuple[str, bool]])

    def sends(self) -> list[tuple[str, str]]:
        """What a browser sends of it (HTML, constructing the entry list)."""
        if self.kind in ("file", "button", "submit", "image", "reset") or not self.name:
            return []
        if self.kind == "select":
            picked = [value for value, chosen in self.options if chosen]
            return [(self.name, value) for value in picked or [value for value, _ in self.options[:1]]]
        return [(self.name, self.value)] if self.chosen else []


@dataclass(slots=True)
class PostedForm:
    path: str
    controls: list[Control] = field(default_factory=list[Control])

    def sends(self) -> list[tuple[str, str]]:
        return [pair for control in self.controls for pair in control.sends()]

    def fill_in(self, text: str) -> None:
        """Change everything that can be changed."""
        for control in self.controls:
            if control.kind in TEXTS:
                control.value = f"{text} {control.name}"
            elif control.kind == "checkbox":
                control.chosen = not control.chosen
            elif control.kind == "select" and control.options:
                control.options = [(value, False) for value, _ in control.options[:-1]] + [
                    (control.options[-1][0], True)
                ]
            elif control.kind == "radio":
                last = [one for one in self.controls if one.name == control.name and one.kind == "radio"][-1]
                control.chosen = control is last


class _Reader(HTMLParser):
    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self.forms: list[PostedForm] = []
        self.links: list[str] = []
        self.form: PostedForm | None = None
        self.area: Control | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        at = dict(attrs)
        if tag == "a" and at.get("href"):
            self.links.append(at["href"] or "")
        if tag == "form":
            self.form = PostedForm(urlsplit(at.get("action") or "").path or self.path)
            if at.get("method") == "post":
                self.forms.append(self.form)
        if self.form is None:
            return
        if tag == "option":
            self.form.controls[-1].options.append((at.get("value") or "", "selected" in at))
        elif tag in ("input", "select", "textarea"):
            kind = at.get("type") or "text" if tag == "input" else tag
            ticked = "checked" in at or kind not in ("checkbox", "radio")
            value = at.get("value") or ("on" if kind in ("checkbox", "radio") else "")
            self.form.controls.append(Control(kind, at.get("name") or "", value, ticked))
            self.area = self.form.controls[-1] if tag == "textarea" else None

    def handle_data(self, data: str) -> None:
        if self.area is not None:
            self.area.value += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self.area:
            self.area.value = self.area.value.removeprefix("\n")
            self.area = None
        elif tag == "form":
            self.form = None


def read_page(html: str, path: str) -> tuple[list[PostedForm], list[str]]:
    """The posted forms of a page, and its links."""
    reader = _Reader(path)
    reader.feed(html)
    return reader.forms, reader.links
