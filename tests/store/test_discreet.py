"""What a list of mails or calendars shows: a discreet name, a discreet subject, and nothing of the content."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from circles import directory, people
from circles.directory.introductions import suggestions_actions
from circles.invites.feeds import feed, make_feed
from circles.people.sign_in_actions import request_mail
from circles.people.sign_in_rules import SignInRequest
from circles.store import mail
from circles.store.context import Context
from circles.store.templates import ROOT
from tests.cast import Cast, add_booking
from tests.helpers import rows, send_invites

TELLING = "Denver Ketamine Integration"
TELLING_WORDS = re.compile(r"ketamine|integration|therap|psychedel|denver|[$]", re.IGNORECASE)


class Preview(HTMLParser):
    """The text of a mail's HTML as it stands in a list of mails, which reads hidden text as well."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.feed("<body" + html.partition("<body")[2])

    def handle_data(self, data: str) -> None:
        self.text += data


def shown_in_a_list(html: str) -> str:
    """The first 120 characters, blanks included, as mail programs cut them."""
    return Preview(html).text.lstrip()[:120]


async def test_lists_of_mails_and_calendars_show_nothing_telling(cast: Cast) -> None:
    settings = cast.context.settings.model_copy(update={"community_name": TELLING})
    context = Context(settings, cast.context.db)
    await request_mail(context, SignInRequest("mira@example.org"), network="")
    await add_booking(context, cast.gathering, cast.mira, kind="paid", amount=3750)
    await send_invites(context)
    async with context.db.transaction() as tx:
        mira = (await people.by_ids(tx, [cast.mira]))[cast.mira]
        await suggestions_actions.suggest(
            tx, context, actor_id=cast.farid, person_id=cast.mira, suggestion=directory.Suggestion()
        )
        await people.notify_organizers(tx, context, "Somebody says that ketamine is wrong", "/organize")
    mails = await rows(context, "select * from mails")
    assert {row["kind"] for row in mails} == {"sign_in", "invite", "suggestion", "organizers_todo"}
    for row in mails:
        message = mail.message(settings, row)
        headers = " ".join(f"{name}: {value}" for name, value in message.items())
        assert message["From"].addresses[0].display_name == "Circles", row["kind"]
        shown = shown_in_a_list(row["html_body"])
        assert not TELLING_WORDS.search(f"{headers} {shown}"), row["kind"]
        first, blanks = shown[:60].strip("\u034f\u200c\u00a0"), shown[60:]
        assert first, row["kind"]
        assert not re.search(r"\w", blanks), (row["kind"], shown)
        assert not TELLING_WORDS.search(row["calendar"] or "")
    async with context.db.transaction() as tx:
        path = (await make_feed(context, tx, mira.id)).webcal
        body, _ = await feed(context, tx, path.rpartition("/")[2].removesuffix(".ics"))
    assert b"X-WR-CALNAME:Circles" in body
    assert not TELLING_WORDS.search(body.decode())


def test_no_preview_repeats_what_a_mail_says() -> None:
    for path in (ROOT / "templates" / "mail").glob("[!_b]*.html"):
        source = path.read_text()
        assert source.startswith('{% extends "mail/base.html" %}'), path.name
        preview = re.search(r"{% block preview %}(.*?){% endblock %}", source, re.DOTALL)
        said = (
            re.sub(r"{{ \"[^\"]*\" if step == \"hide\" else \"[^\"]*\" }}", "", preview[1]) if preview else ""
        )
        assert "{{" not in said, path.name
        assert not TELLING_WORDS.search(said), path.name
