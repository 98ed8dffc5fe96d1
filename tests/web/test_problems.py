"""The list of problems names the question of each."""

from __future__ import annotations

from uuid import UUID

from circles.web.sent.problems import name_questions
from tests.bookings.screening_helpers import QUESTIONS, Scene
from tests.cast import Cast
from tests.conftest import OpenBrowser
from tests.helpers import missing, value


async def test_a_screening_question_without_an_answer_is_named(cast: Cast, browser: OpenBrowser) -> None:
    await Scene(cast.context, cast).screen(QUESTIONS)
    version: UUID | int = await value(cast.context, "select version from screenings")
    async with browser(cast.mira) as page:
        at = f"/gatherings/{cast.gathering}/request"
        answer = await page.post(at, data={"version": str(version), "a1": "", "a2": "x" * 50_000})
    assert answer.status_code == 422
    assert not missing(
        answer.text,
        "What brings you?: Please fill this in.",
        "Who holds you?: This is 50,000 characters long",
    )


async def test_every_required_field_of_a_circle_is_named(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.farid) as page:
        text = (await page.post("/host/circles/new", data={"currency": "USD"})).text
    problems = text.partition('class="problems"')[2].partition("</ul>")[0]
    assert ">Please fill this in." not in problems
    assert ">Please choose one of these." not in problems
    assert problems.count(": Please fill this in.") >= 3


def test_a_sentence_that_says_it_itself_stays() -> None:
    page = (
        '<div class="problems"><li><a href="#f-name">Please give a name.</a></li></div>'
        '<label for="f-name">Your <b>name</b></label>'
    )
    assert name_questions(page) == page
    assert "Your name: Please fill this in." in name_questions(page.replace("give a name", "fill this in"))
