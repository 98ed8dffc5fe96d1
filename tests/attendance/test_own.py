"""Somebody's own attendance and hours, and letters that are checked by a code."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from circles.attendance.letters import rules
from circles.attendance.own import pages as own_pages
from circles.attendance.register import actions as register_actions
from circles.attendance.walk_ins import actions as walk_ins
from circles.attendance.walk_ins.rules import WalkIn
from circles.commands import personal_data
from circles.store import jobs
from tests.cast import Cast, add_booking, add_gathering
from tests.conftest import OpenBrowser
from tests.helpers import change, missing, rows, value

LAST_YEAR = (datetime.now(UTC) - timedelta(days=300)).date()
TODAY = datetime.now(UTC).date()
PERIOD = {"from": str(LAST_YEAR), "to": str(TODAY)}
NOT_FOUND = "There is no letter with this code"


async def mark(cast: Cast, gathering: UUID, booking: UUID, words: str, actor: UUID) -> None:
    await register_actions.mark(
        cast.context, actor_id=actor, gathering_id=gathering, booking_id=booking, mark=words
    )


async def past(cast: Cast, circle: UUID, days: int) -> UUID:
    return await add_gathering(cast.context, circle, starts_at=datetime.now(UTC) - timedelta(days=days))


@pytest_asyncio.fixture
async def visits(cast: Cast) -> dict[str, UUID]:
    """Mira came to two gatherings of Farid's circle, once late, was absent from one, and one is not marked.

    She came to one of Fern's as well, and Milo to one of Farid's. Returns the gatherings and Mira's bookings at them.
    """
    found = {}
    kinds = [("came", 40, "came"), ("late", 30, "came late"), ("absent", 20, "absent"), ("open", 10, "")]
    for name, days, words in kinds:
        found[name] = await past(cast, cast.circle, days)
        found[f"{name} seat"] = await add_booking(
            cast.context, found[name], cast.mira, kind="paid", amount=3000
        )
        if words:
            await mark(cast, found[name], found[f"{name} seat"], words, cast.farid)
    other = await past(cast, cast.other_circle, 5)
    found["other seat"] = await add_booking(cast.context, other, cast.mira, kind="free")
    await mark(cast, other, found["other seat"], "came left_early", cast.fern)
    milo = await add_booking(cast.context, found["late"], cast.milo, kind="paid", amount=3000)
    await mark(cast, found["late"], milo, "came", cast.farid)
    return found


def letter_form(**more: str) -> dict[str, str]:
    return {
        "id": str(uuid4()),
        "kind": "attended",
        "name": "Mira Example",
        "names": "none",
        "hours_said": "on",
        **PERIOD,
        **more,
    }


def code_in(page: str) -> str:
    found = re.search(r'class="letter-code">([^<]+)<', page)
    assert found
    return found[1]


# One's own attendance


async def test_my_attendance_has_marks_hours_and_totals(
    cast: Cast, visits: dict[str, UUID], browser: OpenBrowser, queries: list[str]
) -> None:
    async with browser(cast.mira) as page, browser(cast.milo) as other:
        text = (await page.get("/my/attendance")).text
        assert not missing(
            text, "First steps home", "Open door", "Came, late", "Came, left early", "Absent",
            "Not marked yet", "<b>3</b> gatherings", "<b>4.5</b> hours", "<b>1</b> late",
        )  # fmt: skip
        since = str((datetime.now(UTC) - timedelta(days=12)).date())
        assert "<b>1</b> gathering<" in (await page.get(f"/my/attendance?from={since}&to={TODAY}")).text
        assert "<b>1</b> gathering<" in (await other.get("/my/attendance")).text
        backwards = await page.get(f"/my/attendance?from={TODAY}&to={LAST_YEAR}")
        assert backwards.status_code == 422
        assert not missing(backwards.text, "The first day is after the last", f'value="{TODAY}"')
    async with browser(None) as stranger:
        assert (await stranger.get("/my/attendance")).status_code == 303


async def add_walk_in(cast: Cast, gathering: UUID, actor: UUID, person: UUID | None = None) -> None:
    """Somebody who came without a booking, with an account or without."""
    walk_in = WalkIn(uuid4(), "" if person else "Noor", person)
    await walk_ins.add(cast.context, actor_id=actor, gathering_id=gathering, walk_in=walk_in)


async def test_a_walk_in_with_an_account_counts_and_long_lists_go_on(
    cast: Cast, visits: dict[str, UUID], browser: OpenBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_pages, "PER_PAGE", 2)
    await add_walk_in(cast, visits["came"], cast.farid, cast.milo)
    async with browser(cast.milo) as other, browser(cast.mira) as page:
        assert "<b>2</b> gatherings" in (await other.get("/my/attendance")).text
        address, marks = "/my/attendance", []
        while address:
            text = (await page.get(address)).text
            marks.append(re.findall(r'data-label="Mark">([^<]+)<', text))
            more = re.search(r'href="(/my/attendance\?[^"]*after=[^"]+)"', text)
            address = more[1].replace("&amp;", "&") if more else ""
    assert marks == [["Came, left early", "Not marked yet"], ["Absent", "Came, late"], ["Came"]]


async def test_the_file_is_harmless_and_says_the_same(
    cast: Cast, visits: dict[str, UUID], browser: OpenBrowser
) -> None:
    await change(cast.context, "update circles set name = '=1+1' where id = $1", cast.other_circle)
    async with browser(cast.mira) as page:
        answer = await page.get("/my/attendance.csv")
        wrong = await page.get("/my/attendance.csv?from=2026-02-30")
    found = list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"))))
    assert [(row["Mark"], row["Late"], row["Left early"], row["Hours"]) for row in found] == [
        ("came", "no", "yes", "1.50"),
        ("not marked", "no", "no", "0.00"),
        ("absent", "no", "no", "0.00"),
        ("came", "yes", "no", "1.50"),
        ("came", "no", "no", "1.50"),
    ]
    assert found[0]["Circle"] == "'=1+1"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", found[0]["Date"])
    assert "attachment" in answer.headers["content-disposition"]
    assert wrong.status_code == 422


# Letters


async def test_a_letter_says_what_its_person_chose(
    cast: Cast, visits: dict[str, UUID], browser: OpenBrowser
) -> None:
    async with browser(cast.mira) as page:
        form = await page.get("/my/letters/new?kind=attended")
        assert 'value="Mira"' in form.text
        for more, there, absent in (
            ({}, ["3 gatherings, 4.5 hours in all"], ["First steps", "Tuesday group", "integration"]),
            (
                {"names": "discreet", "hours_said": ""},
                ["3 gatherings", "Tuesday group"],
                ["4.5", "First steps"],
            ),
            ({"names": "full", "kind_said": "on"}, ["First steps home", "Open door", "peer integration"], []),
            ({"circle": str(cast.circle)}, ["2 gatherings, 3 hours in all"], []),
        ):
            sent = letter_form(**more)
            made = await page.post("/my/letters/new", data=sent)
            assert made.status_code == 303
            text = (await page.get(made.headers["location"])).text
            sheet = text[text.index('<article class="letter">') : text.index("</article>")]
            assert not missing(sheet, "Mira Example", *there)
            assert [word for word in absent if word in sheet] == []


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"name": " "}, 'href="#f-name"'),
        ({"name": "x" * 121}, 'href="#f-name"'),
        ({"from": str(TODAY), "to": str(LAST_YEAR)}, "The first day is after the last"),
        ({"circle": str(uuid4())}, "Please choose one of these circles"),
        ({"names": "all"}, "Please choose how much the letter says"),
        ({"from": str(TODAY), "to": str(TODAY)}, "The register says nothing for this period"),
    ],
)
async def test_a_letter_that_cannot_be_made_keeps_what_was_typed(
    cast: Cast, visits: dict[str, UUID], browser: OpenBrowser, more: dict[str, str], sentence: str
) -> None:
    async with browser(cast.mira) as page:
        sent = letter_form(**more)
        answer = await page.post("/my/letters/new", data=sent)
    assert answer.status_code == 422
    assert not missing(answer.text, sentence, sent["from"], sent["id"])
    assert await value(cast.context, "select count(*) from letters") == 0


async def test_checking_a_letter_tells_what_it_says_and_not_who(
    cast: Cast, visits: dict[str, UUID], browser: OpenBrowser
) -> None:
    async with browser(cast.mira) as page, browser(None) as board:
        sent = letter_form(names="full")
        (made, again) = [await page.post("/my/letters/new", data=sent) for _ in range(2)]
        assert made.headers["location"] == again.headers["location"]
        code = code_in((await page.get(made.headers["location"])).text)
        assert (await board.get("/check")).status_code == 200
        answer = await board.post("/check", data={"code": code.lower().replace("-", " ")})
        body = answer.text[answer.text.index("<main") : answer.text.index("</main>")]
        assert not missing(
            body, "This letter is ours", "3 gatherings, 4.5 hours in all", "says the same today"
        )
        for private in ("Mira", "First steps", "Open door", "Tuesday", "circle", str(cast.mira)):
            assert private not in body, private
        assert (await board.get(made.headers["location"])).status_code == 303  # to sign in
        for wrong in ("0000-0000-0000-0000", "x", ""):
            answer = await board.post("/check", data={"code": wrong})
            assert answer.status_code == (200 if wrong.startswith("0") else 422)
            assert "This letter is ours" not in answer.text
    async with browser(cast.milo) as other:
        assert (await other.get(made.headers["location"])).status_code == 404
    assert await value(cast.context, "select count(*) from letters") == 1
    stored = (await rows(cast.context, "select to_jsonb(letters)::text as row from letters"))[0]["row"]
    assert code not in stored
    assert code.replace("-", "") not in stored


async def test_a_letter_stays_true_when_the_register_is_corrected(
    cast: Cast, visits: dict[str, UUID], browser: OpenBrowser
) -> None:
    async with browser(cast.mira) as page, browser(None) as board:
        made = await page.post("/my/letters/new", data=letter_form())
        letter = (await page.get(made.headers["location"])).text
        await mark(cast, visits["absent"], visits["absent seat"], "came", cast.farid)
        later = await past(cast, cast.circle, 0)
        seat = await add_booking(cast.context, later, cast.mira, kind="paid", amount=3000)
        await mark(cast, later, seat, "came", cast.farid)
        text = (await board.post("/check", data={"code": code_in(letter)})).text
        assert not missing(
            text, "3 gatherings, 4.5 hours in all", "Since then the register was corrected",
            "it now says 4 gatherings, 6 hours in all",
        )  # fmt: skip
        assert "3 gatherings, 4.5 hours in all" in (await page.get(made.headers["location"])).text
    with pytest.raises(Exception, match="append-only"):
        await change(cast.context, "update letters set gatherings = 9")


async def test_a_withdrawn_letter_an_old_one_and_one_of_somebody_erased_are_as_if_they_never_were(
    cast: Cast, visits: dict[str, UUID], browser: OpenBrowser
) -> None:
    async with browser(cast.mira) as page, browser(None) as board, browser(cast.milo) as other:
        codes, addresses = [], []
        for _ in range(3):
            made = await page.post("/my/letters/new", data=letter_form())
            addresses.append(made.headers["location"])
            codes.append(code_in((await page.get(addresses[-1])).text))
        assert (await other.post(f"{addresses[0]}/withdraw")).status_code == 404
        assert (await page.post(f"{addresses[0]}/withdraw")).status_code == 303
        assert (await page.get(addresses[0])).status_code == 404
        await change(cast.context, "alter table letters disable trigger user")
        old = UUID(addresses[1].rpartition("/")[2])
        age = rules.CHECKED_FOR + timedelta(days=1)
        await change(
            cast.context, "update letters set made_at = now() - $2::interval where id = $1", old, age
        )
        await change(cast.context, "alter table letters enable trigger user")
        await jobs.run_timetable(cast.context, "attendance.forget_letters")
        own = await personal_data.export(cast.context, "mira@example.org")
        assert [row["name"] for row in own["letters"]] == ["Mira Example"]
        assert "code_hash" not in own["letters"][0]
        await personal_data.erase(cast.context, "mira@example.org")
        unknown = (await board.post("/check", data={"code": "0000-0000-0000-0000"})).text
        for code in codes:
            answer = (await board.post("/check", data={"code": code})).text
            assert NOT_FOUND in answer
            assert answer.replace(code, "0000-0000-0000-0000") == unknown
    assert await value(cast.context, "select count(*) from letters") == 0


async def test_codes_cannot_be_tried_out(
    cast: Cast, browser: OpenBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    century = timedelta(days=36_525)
    monkeypatch.setattr(rules, "LIMITS", ((1, century),))  # ten for an unknown network
    async with browser(None) as board:
        for _ in range(10):
            assert NOT_FOUND in (await board.post("/check", data={"code": "0" * 16})).text
        answer = await board.post("/check", data={"code": "0" * 16})
    assert answer.status_code == 422
    assert not missing(answer.text, "These were many codes in a short time", 'value="0000000000000000"')


# Hours for certification


async def test_hours_are_of_what_one_hosted_and_somebody_came_to(
    cast: Cast, visits: dict[str, UUID], browser: OpenBrowser
) -> None:
    await add_walk_in(cast, visits["late"], cast.farid)
    async with browser(cast.farid) as host, browser(cast.fern) as other, browser(None) as board:
        whole = (await host.get("/my/hours")).text
        page = whole[whole.index("<main") : whole.index("</main>")]
        assert not missing(
            page, "<b>2</b> gatherings", "<b>3</b> hours", "<b>4</b> came", "2 gatherings are not counted", "Lead",
        )  # fmt: skip
        for private in ("Mira", "Milo", "Noor"):
            assert private not in page
        assert "<b>1</b> gathering<" in (await other.get("/my/hours")).text
        found = list(csv.DictReader(io.StringIO((await host.get("/my/hours.csv")).text.lstrip("\ufeff"))))
        assert [(row["Part"], row["People who came"], row["Hours"]) for row in found] == [
            ("Lead", "0", "0.00"), ("Lead", "0", "0.00"), ("Lead", "3", "1.50"), ("Lead", "1", "1.50"),
        ]  # fmt: skip
        made = await host.post("/my/letters/new", data=letter_form(kind="hosted", name="Farid F."))
        letter = (await host.get(made.headers["location"])).text
        assert not missing(letter, "hosted 2 gatherings, 3 hours in all", "4 people came to them")
        answer = (await board.post("/check", data={"code": code_in(letter)})).text
        assert not missing(answer, "somebody hosted 2 gatherings", "4 people came to them", "says the same")


async def test_what_is_over_stays_with_who_hosted_it(cast: Cast, browser: OpenBrowser) -> None:
    """Hosts change for what is ahead; a stand-in hosts alone; a helper hosts nothing."""
    await change(cast.context, "insert into hosts values ($1, $2, 'helper')", cast.circle, cast.milo)
    over = await past(cast, cast.circle, 3)
    later = await add_gathering(cast.context, cast.circle, days=9)
    await change(cast.context, "insert into stand_ins values ($1, $2)", cast.gathering, cast.fern)
    await change(
        cast.context,
        "update hosts set part = 'co' where circle_id = $1 and person_id = $2",
        cast.circle,
        cast.farid,
    )
    await change(cast.context, "insert into hosts values ($1, $2, 'lead')", cast.circle, cast.odile)
    kept = await rows(
        cast.context,
        "select gathering_id, person_id, part from hosted_gatherings where gathering_id = any($1)",
        [over, later, cast.gathering],
    )
    assert {tuple(row) for row in kept} == {
        (over, cast.farid, "lead"),
        (later, cast.farid, "co"),
        (later, cast.odile, "lead"),
        (cast.gathering, cast.fern, "stand_in"),
    }


async def test_whoever_began_to_host_later_did_not_host_what_was_before(
    cast: Cast, browser: OpenBrowser
) -> None:
    """Past gatherings of a list are of those who hosted then, by the events of the circle's hosts."""
    event = "insert into events (at, what, about, who, before, after, details) values ($1, $2, $3, $4, $5, $6, $7)"
    host = "insert into hosts (circle_id, person_id, part) values ($1, $2, 'co')"
    add = "update people set is_facilitator = true where id = $1"
    circle, (fern, odile, milo) = cast.circle, (cast.fern, cast.odile, cast.milo)

    async def happened(
        days: int, what: str, who: UUID | None, before: str, after: str, **details: str
    ) -> None:
        at = datetime.now(UTC) - timedelta(days=days)
        await change(cast.context, event, at, what, circle, who, before, after, details)

    for person in (fern, odile, milo):
        await change(cast.context, add, person)
        await change(cast.context, host, circle, person)
    await happened(50, "host.joined", fern, "", "co")
    await happened(40, "host.left", odile, "co", "", host=str(odile))
    await happened(20, "host.joined", odile, "", "co")
    await happened(30, "host.lead", cast.farid, str(cast.farid), str(milo))
    await happened(25, "host.lead", cast.farid, str(milo), str(cast.farid))
    hosted = "select person_id from hosted_gatherings where gathering_id = $1"
    for days, expected in (
        (60, {cast.farid, odile}),
        (45, {cast.farid, odile, fern}),
        (35, {cast.farid, fern}),
        (28, {cast.farid, fern, milo}),
        (10, {cast.farid, fern, milo, odile}),
    ):
        gathering = await add_gathering(cast.context, circle, days=-days)
        assert {row["person_id"] for row in await rows(cast.context, hosted, gathering)} == expected, days
    async with browser(fern) as page:
        assert (await page.get("/my/hours.csv")).text.count("Co-facilitator") == 4
