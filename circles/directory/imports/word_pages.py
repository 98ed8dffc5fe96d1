"""The organizers' page of words that nobody knows: what each means, said once for all rows of a file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from circles.directory.imports import actions, fields
from circles.directory.imports.reading.lexicon import CHOICES
from circles.imports import queries
from circles.sheets import plain
from circles.store import db
from circles.web import access, render
from circles.web.forms import Form

HOME = "/organize/therapists/import"
MAX_WORDS = 200
# The choices a word may mean, by field; of a sliding scale, whether it slides.
_CHOICES: Final[Mapping[str, Mapping[str, str]]] = {
    **{key: choices.labels for key, choices in CHOICES.items()},
    "sliding_floor": {"yes": "It slides", "no": "It does not slide"},
}


async def words(request: Request) -> Response:
    """The words of a file that nobody knows: say once, for all rows, what each means."""
    return await _words(request, Form())


async def _words(request: Request, form: Form, status: int = 200) -> Response:
    async with access.context(request).db.reading() as tx:
        file = await queries.read_import(tx, access.path_id(request), actions.KINDS)
        unknown = explainable(await queries.unknown_words(tx, file["id"]))
    if file["state"] != "preview":
        return render.see_other(f"{HOME}/{file['id']}")
    for word in unknown:
        form.values.setdefault(word.name, "?")
    return render.page(
        request,
        "directory/imports/words.html",
        status,
        file=file,
        form=form,
        unknown=unknown,
        here=f"{HOME}/{file['id']}",
    )


@dataclass(frozen=True, slots=True)
class Word:
    """A word that nobody knows, with what it may be said to mean."""

    name: str
    field: str
    key: str
    word: str
    how_many: int
    options: Sequence[tuple[str, str]]


def explainable(rows: Sequence[db.Record]) -> list[Word]:
    """The unknown words whose field has choices, one a spelling."""
    words_: dict[tuple[str, str], Word] = {}
    for row in rows:
        choices = _CHOICES.get(row["key"])
        spelling = (row["key"], plain(row["word"]) or row["word"].strip())
        if spelling in words_:
            known = words_[spelling]
            words_[spelling] = replace(known, how_many=known.how_many + row["how_many"])
        elif choices:
            options = [("?", "Not said yet"), (fields.LEFT_OUT, "Leave it out"), *choices.items()]
            name = f"word_{len(words_)}"
            label = fields.BY_KEY[row["key"]].label
            words_[spelling] = Word(name, label, row["key"], row["word"], row["how_many"], options)
    return list(words_.values())


async def explain(request: Request) -> Response:
    """Keep what words mean, and decide every row anew."""
    form = await Form.read(request)
    import_id = access.path_id(request)
    meanings: dict[str, dict[str, str]] = defaultdict(dict)
    for n in range(MAX_WORDS):
        key, word, code = (form.value(f"{part}_{n}") for part in ("key", "typed", "word"))
        if (
            key in _CHOICES
            and word
            and (code in _CHOICES[key] or code == fields.LEFT_OUT)
            and f"word_{n}" in form.values
        ):
            meanings[key][plain(word) or word.strip()] = code
    await actions.set_meanings(
        access.context(request), actor_id=request.state.person.id, import_id=import_id, meanings=meanings
    )
    return render.see_other(f"{HOME}/{import_id}")
