"""The organizers' pages of moving in: send a list, match its columns, answer, confirm, tell its people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from circles.base import clock
from circles.base.errors import NotFound, OutOfDate, Refused
from circles.imports import MAX_BODY as MAX_BODY
from circles.imports import ListPages, csv_file
from circles.organizing.moving_in import actions, fields, telling
from circles.organizing.moving_in.reading import cells
from circles.organizing.moving_in.rows import OUT
from circles.organizing.moving_in.rules import OTHER
from circles.sheets import plain
from circles.store import db
from circles.web import access, render
from circles.web.forms import Form

HOME: Final = "/organize/moving-in"
SQL = db.queries("organizing/moving_in")
# So many questions stand on the page at once; the next come with the next answers.
MAX_QUESTIONS: Final = 60
_NOT_SAID: Final = ("", "Not said yet")


@dataclass(frozen=True, slots=True)
class Question:
    """One question about rows of a list. name: of its field; options: what may be answered."""

    name: str
    label: str
    options: Sequence[tuple[str, str]]
    hint: str
    word: str = ""


async def _details(tx: db.Tx, file: db.Record) -> dict[str, Any]:
    """What the preview shows beside the rows: the questions, or whom "Tell them" would mail."""
    questions: list[Question] = []
    if file["state"] == "preview" and file["doubtful"]:
        circles = [(str(row["id"]), row["name"]) for row in await db.rows(SQL.all_circles(tx))]
        asked = await db.rows(SQL.asked(tx, import_id=file["id"]))
        persons = await db.rows(SQL.persons_asked(tx, import_id=file["id"], most=MAX_QUESTIONS))
        questions = _questions(asked, persons, circles)
    is_untold = file["state"] == "done" and not file["told_at"]
    counts = await SQL.tell_counts(tx, id=file["id"]) if is_untold else None
    made = await SQL.made(tx, id=file["id"]) if file["state"] == "done" else None
    return {"questions": questions, "counts_to_tell": counts, "made": made}


def _questions(
    asked: Sequence[db.Record], persons: Sequence[db.Record], circles: Sequence[tuple[str, str]]
) -> list[Question]:
    """Questions about all rows first, then about persons."""
    questions = [_question(n, row, circles) for n, row in enumerate(asked)]
    for row in persons:
        says = row["says"]
        other = [(OTHER, "Another person: make an account")] if says["may_be_new"] else []
        same = [(code, f"The same person as {words}") for code, words in says["candidates"]]
        options = [_NOT_SAID, *same, *other, (OUT, "Leave these rows out")]
        hint = f"Row {row['number']}" + (f" and {row['how_many'] - 1} more" if row["how_many"] > 1 else "")
        label = f"Who is “{says['name']}”" + (f", {row['address']}" if row["address"] else "") + "?"
        questions.append(Question(f"who_{says['who']}", label, options, hint))
    return questions[:MAX_QUESTIONS]


def _question(n: int, row: db.Record, circles: Sequence[tuple[str, str]]) -> Question:
    about, word = row["about"], row["word"]
    hint = f"In {row['how_many']:,} {'row' if row['how_many'] == 1 else 'rows'}"
    out = (OUT, "Leave these rows out")
    if about == "circle":
        label = f"Which circle is “{word}”?" if word else "Which circle are these rows of?"
        return Question(f"circle_{n}" if word else "circle", label, [_NOT_SAID, *circles, out], hint, word)
    if about == "mark":
        label = f"What does “{word}” say?" if word else "What does an empty cell say of whether they came?"
        options = [_NOT_SAID, *cells.MARKS.items(), out]
        return Question(f"mark_{n}" if word else "empty_mark", label, options, hint, word)
    if about == "day_first":
        options = [
            _NOT_SAID,
            ("no", "The month first: 3/4 is in March"),
            ("yes", "The day first: 3/4 is in April"),
        ]
        return Question("day_first", f"How are days such as {word} written?", options, hint)
    times = [time(hour, minute) for hour in range(6, 23) for minute in (0, 30)]
    hours = [(f"{at:%H:%M}", clock.format_hour(at)) for at in times]
    label = "When did these gatherings begin? The list has no time, and this circle has not met here."
    return Question("time", label, [_NOT_SAID, *hours], hint)


PAGES = ListPages(
    HOME,
    actions.KINDS,
    "organizing/moving_in",
    _details,
    "The file is discarded. Nothing of it was written.",
    fields.LABELS,
    "Moving in",
)
imports, send, show = PAGES.imports, PAGES.send, PAGES.show
columns_form, match, read_again = PAGES.columns_form, PAGES.match, PAGES.read_again
discard, refused_csv = PAGES.discard, PAGES.refused_csv


async def help_page(request: Request) -> Response:
    """What each column of each list may contain."""
    lists = [(kind, fields.LABELS[kind], fields.FIELDS[kind]) for kind in fields.FIELDS]
    return render.page(request, "organizing/moving_in/help.html", lists=lists, home=HOME)


async def template(request: Request) -> Response:
    """An empty list of a kind: the usual headings, and one invented row."""
    kind = request.path_params["kind"]
    if kind not in fields.FIELDS:
        raise NotFound
    shown = [field for field in fields.FIELDS[kind] if field.key not in ("first_name", "last_name")]
    return csv_file(f"{kind}.csv", [[field.label for field in shown], [field.example for field in shown]])


_FOR_ALL: Final = ("circle", "empty_mark", "day_first", "time")


async def answer(request: Request) -> Response:
    """Keep the answers of the page, and decide every row anew."""
    form, import_id = await Form.read(request), access.path_id(request)
    answers = {name: form.value(name) for name in _FOR_ALL if form.value(name)}
    meanings: dict[str, dict[str, str]] = defaultdict(dict)
    for name, chosen in form.values.items():
        about, _, rest = name.partition("_")
        word = form.value(f"word_{name}")
        if about == "who" and rest.isdigit() and chosen:
            answers[rest] = chosen[:60]
        elif about in ("circle", "mark") and rest.isdigit() and chosen and word:
            meanings[about][plain(word) or word.strip()] = chosen[:60]
    try:
        await actions.answer(
            access.context(request),
            actor_id=request.state.person.id,
            import_id=import_id,
            answers=answers,
            meanings=meanings,
        )
    except OutOfDate:
        return render.see_other(f"{HOME}/{import_id}")
    return render.see_other(f"{HOME}/{import_id}", notice="Kept. Every row was looked at again.")


async def confirm(request: Request) -> Response:
    """Write what is new and what changes."""
    form, import_id = await Form.read(request), access.path_id(request)
    try:
        await actions.confirm(access.context(request), actor_id=request.state.person.id, import_id=import_id)
    except Refused as refused:
        form.add(refused.reasons)
        return await PAGES.preview(request, form, 422)
    return render.see_other(f"{HOME}/{import_id}")


async def tell_form(request: Request) -> Response:
    """Whom "Tell them" would mail, and what."""
    context, import_id = access.context(request), access.path_id(request)
    async with context.db.reading() as tx:
        file = await PAGES.read(tx, import_id)
        counts = await SQL.tell_counts(tx, id=import_id)
    if file["state"] != "done":
        return render.see_other(f"{HOME}/{import_id}")
    composed = telling.compose(context.settings, "Ada")
    return render.page(
        request,
        "organizing/moving_in/tell.html",
        file=file,
        counts=counts,
        mail=composed,
        form=Form(),
        here=f"{HOME}/{import_id}",
    )


async def tell(request: Request) -> Response:
    """Have the people of a list told."""
    import_id = access.path_id(request)
    try:
        await telling.tell(access.context(request), actor_id=request.state.person.id, import_id=import_id)
    except Refused:
        return render.see_other(f"{HOME}/{import_id}")
    return render.see_other(f"{HOME}/{import_id}", notice="They are told in turn, some each minute.")
