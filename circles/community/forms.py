"""The form of the community's settings: read into a version, and merged with one that was published meanwhile."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from circles.base import clock, discreet, money, text
from circles.base.errors import Reason
from circles.base.money import Scale
from circles.base.reading import Reader
from circles.base.settings import ASKS, Community, CrisisLine, colors, crisis_lines
from circles.base.settings.colors import Colors

MAX_LINES = 8
# Prefix, "* " and this together are at most 22 letters at Stripe, and a prefix has up to 10.
MAX_STATEMENT: Final = 10
_STATEMENT = re.compile(r"[A-Z0-9 .\-]+")

AS_TYPED: Final = (
    *("community_name", "mail_name", "calendar_name", "statement_name", "contact_address", "mail_footer"),
    *("currency", "minimum", "suggested", "maximum", "refund_hours", "late_refund_percent", "zone"),
)
LINE_PARTS: Final = ("name", "how", "href")
SCHEME_FIELDS: Final = (("light", "accent", "ground"), ("dark", "accent_dark", "ground_dark"))


@dataclass(frozen=True, slots=True)
class Button:
    """Which button of the form was pressed: a verb, and the number of a crisis line for those of one line."""

    verb: str
    number: int = 0

    @classmethod
    def read(cls, typed: str) -> Button:
        verb, _, number = typed.partition("-")
        return cls(verb, int(number) if number.isascii() and number.isdecimal() and len(number) < 3 else 0)


def values_of(community: Community) -> dict[str, str]:
    """The form values of a version."""
    values = {name: str(getattr(community, name)) for name in AS_TYPED}
    for amount in ("minimum", "suggested", "maximum"):
        values[amount] = money.format_plain(getattr(community, amount), community.currency)
    for scheme, accent, ground in SCHEME_FIELDS:
        values[accent], values[ground] = community.colors.of(scheme)
    values["logo"] = community.logo.hash if community.logo else ""
    values["asks"] = ",".join(community.asks)
    return values | lines_to_values([(line.name, line.how, line.href) for line in community.crisis_lines])


def lines_to_values(lines: list[tuple[str, str, str]]) -> dict[str, str]:
    """The values of the rows of crisis lines."""
    return {
        f"line_{number}_{part}": value
        for number, line in enumerate(lines, start=1)
        for part, value in zip(LINE_PARTS, line, strict=True)
    }


def typed_lines(values: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """The rows of crisis lines as typed, without the empty ones."""
    return [line for line in _rows(values) if any(part.strip() for part in line)]


def _rows(values: Mapping[str, str]) -> list[tuple[str, str, str]]:
    lines = (
        [values.get(f"line_{number}_{part}", "") for part in LINE_PARTS]
        for number in range(1, row_count(values) + 1)
    )
    return [(name, how, href) for name, how, href in lines]


def row_count(values: Mapping[str, str]) -> int:
    """How many rows of crisis lines the form shows: those that were typed, and one more where one was asked for."""
    rows = [n for n in range(1, MAX_LINES + 1) if f"line_{n}_name" in values or f"line_{n}_how" in values]
    return max(rows, default=1)


def change_lines(values: dict[str, str], button: Button) -> None:
    """Add, remove or move a crisis line, as its button says. Everything else that was typed stays."""
    lines = _rows(values)
    place = button.number - 1
    if button.verb == "remove" and 0 <= place < len(lines):
        del lines[place]
    if button.verb == "up" and 0 < place < len(lines):
        lines[place - 1], lines[place] = lines[place], lines[place - 1]
    if button.verb == "add" and len(lines) < MAX_LINES:
        lines.append(("", "", ""))
    for name in [name for name in values if name.startswith("line_")]:
        del values[name]
    values |= lines_to_values(lines or [("", "", "")])


def read(values: Mapping[str, str]) -> Community:
    """Read the form, without its logo. Raises Refused with every reason at once."""
    reader = Reader(values)
    currency = reader.choice("currency", money.CURRENCIES, "Please choose one of these currencies.")
    community = Community(
        community_name=reader.line("community_name", max_length=60),
        mail_name=_discreet(reader, "mail_name"),
        calendar_name=_discreet(reader, "calendar_name"),
        statement_name=_statement(reader),
        contact_address=_contact(reader),
        crisis_lines=tuple(_lines(reader)),
        colors=_colors(reader),
        currency=currency,
        minimum=reader.take(lambda: money.parse(reader.value("minimum"), currency, "minimum"), 0),
        suggested=reader.take(lambda: money.parse(reader.value("suggested"), currency, "suggested"), 0),
        maximum=reader.take(lambda: money.parse(reader.value("maximum"), currency, "maximum"), 0),
        refund_hours=reader.whole("refund_hours", 0, 720, "Please give 0 to 720 hours."),
        late_refund_percent=reader.whole("late_refund_percent", 0, 100, "Please give 0 to 100 percent."),
        zone=_zone(reader),
        asks=reader.several("asks", ASKS, "Please choose from these."),
        mail_footer=reader.body("mail_footer", max_length=400, required=False),
    )
    if not {reason.field for reason in reader.reasons} & {"minimum", "suggested", "maximum"}:
        scale = Scale(community.minimum, community.suggested, community.maximum, currency)
        reader.add(money.scale_refusals(scale))
    if len(community.mail_footer.splitlines()) > 6:
        reader.add(Reason("too_long", "Please write no more than six lines.", "mail_footer"))
    reader.raise_refusals()
    return community


def read_why(values: Mapping[str, str]) -> str:
    """Why it is changed, for the organizers' own list. Raises Refused."""
    return text.line(values.get("why", ""), "why", max_length=200, required=False)


def _discreet(reader: Reader, field: str) -> str:
    name = reader.line(field, max_length=40)
    reader.add(discreet.refusals(name, field))
    return name


def _statement(reader: Reader) -> str:
    name = reader.line("statement_name", max_length=40).upper()
    reader.add(discreet.refusals(name, "statement_name"))
    if name and not (_STATEMENT.fullmatch(name) and len(name) <= MAX_STATEMENT and re.search("[A-Z]", name)):
        sentence = (
            f"Card statements take up to {MAX_STATEMENT} characters: letters A to Z, digits, spaces, dots and hyphens, "
            "with at least one letter."
        )
        reader.add(Reason("statement", sentence, "statement_name"))
    return name


def _contact(reader: Reader) -> str:
    typed = reader.value("contact_address").strip()
    return reader.take(lambda: text.parse_address(typed, "contact_address"), "") if typed else ""


def _zone(reader: Reader) -> str:
    zone = reader.value("zone").strip()
    if zone and not clock.is_zone(zone):
        reader.add(Reason("zone", "Please choose a time zone from the list.", "zone"))
        return ""
    return zone


def _lines(reader: Reader) -> list[CrisisLine]:
    lines = []
    rows = row_count(reader.values)
    for number in range(1, min(rows, MAX_LINES) + 1):
        fields = {part: f"line_{number}_{part}" for part in LINE_PARTS}
        if not any(reader.value(field).strip() for field in fields.values()):
            continue
        name = reader.line(fields["name"], max_length=80)
        how = reader.line(fields["how"], max_length=80)
        href = crisis_lines.read_link(reader.value(fields["href"])) if reader.value(fields["href"]) else ""
        if href is None or len(href) > 200:
            sentence = "Please begin with tel:, sms: or https://, such as tel:988, or leave it empty."
            reader.add(Reason("link", sentence, fields["href"]))
        lines.append(CrisisLine(name=name, how=how, href=href or ""))
    if not lines:
        sentence = "Please keep at least one crisis line: it is at the foot of every page."
        reader.add(Reason("no_line", sentence, "line_1_name"))
    return lines


def _colors(reader: Reader) -> Colors:
    chosen = Colors(
        **{name: reader.value(name).strip().lower() for _, *pair in SCHEME_FIELDS for name in pair}
    )
    for scheme, accent_field, ground_field in SCHEME_FIELDS:
        accent, ground = chosen.of(scheme)
        for field, color in ((accent_field, accent), (ground_field, ground)):
            if not colors.is_color(color):
                sentence = "Please choose a color, written like #3f5e30."
                reader.add(Reason("color", sentence, field))
        if colors.is_color(accent) and colors.is_color(ground):
            reader.add(_contrast_refusals(scheme, accent, ground, (accent_field, ground_field)))
    return chosen


def _contrast_refusals(scheme: str, accent: str, ground: str, fields: tuple[str, str]) -> list[Reason]:
    """Why the colors of a scheme cannot be read, each with the nearest color that can."""
    reasons = []
    nearest_ground = colors.nearest_ground(scheme, ground)
    if nearest_ground != ground:
        sentence = f"Text is hard to read on this ground. The nearest color that passes is {nearest_ground}."
        reasons.append(Reason("contrast", sentence, fields[1]))
    nearest = colors.nearest_accent(scheme, accent, nearest_ground)
    if nearest != accent:
        ratio = colors.contrast(accent, nearest_ground)
        sentence = (
            f"Links and buttons in this color are hard to read (contrast {ratio:.1f} to 1 on the ground; text needs "
            f"{colors.TEXT} on every part of a page). The nearest color that passes is {nearest}."
        )
        reasons.append(Reason("contrast", sentence, fields[0]))
    return reasons


def use_nearest_colors(values: dict[str, str]) -> None:
    """Replace colors that cannot be read by the nearest ones that can. What is no color stays."""
    for scheme, accent, ground in SCHEME_FIELDS:
        pair = (values.get(accent, "").strip().lower(), values.get(ground, "").strip().lower())
        if all(map(colors.is_color, pair)):
            values[ground] = colors.nearest_ground(scheme, pair[1])
            values[accent] = colors.nearest_accent(scheme, pair[0], values[ground])


def merged(typed: Mapping[str, str], basis: Community, newest: Community) -> dict[str, str]:
    """What was typed, upon a version that somebody published meanwhile: what was not changed here becomes theirs.

    basis: the version that the form was made from.
    """
    before, now, kept = values_of(basis), values_of(newest), dict(typed)
    for name in before.keys() & now.keys():
        if not name.startswith("line_") and typed.get(name, "").replace("\r\n", "\n").strip() == before[name]:
            kept[name] = now[name]
    if typed_lines(typed) == typed_lines(before):
        for name in [name for name in kept if name.startswith("line_")]:
            del kept[name]
        kept |= {name: value for name, value in now.items() if name.startswith("line_")}
    return kept
