"""The texts of the guides: easy enough for a tired person, whole, and without a dead end."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from circles.guides import texts
from circles.guides.texts import Guide
from circles.store import templates
from tests.architecture.test_content import NEVER

GUIDES = list(texts.guides().values())

# The Flesch-Kincaid grade (Kincaid and others, 1975), the measure most tools give. It counts words, sentences and
# syllables; syllables are guessed by vowels here, which is off by a little either way.
MAX_GRADE = 8.0
LONGEST_SENTENCE = 32

_SILENT = re.compile(r"(?:[^laeiouy]es|[^laeiouytd]ed|[^laeiouy]e|[^aeiou]les?$)$")


def syllables(word: str) -> int:
    """About how many syllables a word has."""
    plain = word.lower().replace("’", "")
    if not any(letter.isalpha() for letter in plain):
        return 1
    without = plain if plain.endswith(("le", "les")) else _SILENT.sub(lambda m: m[0][0], plain)
    return max(1, len(re.findall(r"[aeiouy]+", without)))


def sentences(markdown: str) -> list[list[str]]:
    """The sentences of a text as words: headings are left out, and only a full stop or question mark ends one."""
    body = markdown.partition("## Where this comes from")[0]
    body = re.sub(r"\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])", r"\1", body)
    body = re.sub(r"^(?:#+ .*|- |\d\. )", "", body, flags=re.M).replace("**", "")
    word_lists = [re.findall(r"[\w$’-]+", part) for part in re.split(r"(?<=[.?])[”)]*\s+", body)]
    return [words for words in word_lists if words]


def grade(markdown: str) -> float:
    """The Flesch-Kincaid grade of a text."""
    by_sentence = sentences(markdown)
    words = [word for sentence in by_sentence for word in sentence]
    return 0.39 * len(words) / len(by_sentence) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


def test_the_measure_separates_easy_from_hard() -> None:
    counted = {
        "rest": 1,
        "little": 2,
        "medicine": 3,
        "integration": 4,
        "made": 1,
        "session": 2,
        "therapist": 3,
    }
    assert {word: syllables(word) for word in counted} == counted
    assert grade("The cat sat on the mat. It was glad.") < 2
    hard = (
        "Psychotherapeutic interventions administered concurrently with dissociative anesthetics demonstrate "
        "statistically significant improvements in symptomatology relative to pharmacological monotherapy."
    )
    assert grade(hard) > 16


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.slug)
def test_the_text_is_easy_to_read(guide: Guide) -> None:
    assert grade(f"{guide.sentence}\n\n{guide.body}") <= MAX_GRADE
    longest = max(sentences(guide.body), key=len)
    assert len(longest) <= LONGEST_SENTENCE, " ".join(longest)


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.slug)
def test_the_text_follows_the_style_of_the_site(guide: Guide) -> None:
    words = f"{guide.title} {guide.sentence} {guide.body}"
    assert not re.search(r"[!—–]|--", words)
    assert not NEVER.search(words)
    assert not re.search(r"\bproviders?\b|\bjourneys?\b|\btoolbox\b", words, re.I)


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.slug)
def test_every_text_states_what_is_unknown_and_its_sources(guide: Guide) -> None:
    if guide.slug not in ("in-a-crisis", "other-directories"):
        assert "## What we do not know" in guide.body or "## What is known, and what is not" in guide.body
    # A source that a sentence names is listed at the end, and the other way round.
    named = set(re.findall(r"and others, \d{4}", guide.body.partition("## Where this comes from")[0]))
    listed = set(re.findall(r"and others, \d{4}", guide.body.partition("## Where this comes from")[2]))
    assert named <= listed
    foot = str(templates.markdown(guide.body)).partition("Where this comes from")[2]
    for source in re.findall(r"<li>(.*?)</li>", foot, re.S):
        assert "<a " in source or guide.slug == "what-it-costs", f"{source} leads nowhere"


KNOWN = {
    "https://pubmed.ncbi.nlm.nih.gov/35992410/",
    "https://pubmed.ncbi.nlm.nih.gov/33827588/",
    "https://pubmed.ncbi.nlm.nih.gov/28249076/",
    "https://doi.org/10.1080/02791072.2019.1587556",
    "https://doi.org/10.2196/11290",
    "https://www.researchgate.net/publication/380728906_"
    "Psychedelic_Group_Based_Integration_Ethical_Assessment_and_Initial_Recommendations",
}


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.slug)
def test_links_out_are_plain_homes_or_papers_and_carry_nothing_along(guide: Guide) -> None:
    html = str(templates.markdown(guide.body))
    for tag, href in re.findall(r'(<a [^>]*href="(https?:[^"]*)"[^>]*>)', html):
        assert "noopener" in tag
        assert "noreferrer" in tag
        assert href in KNOWN or re.fullmatch(r"https://[a-z.-]+", href), href
    assert not re.search(r"\]\[\w+\]", html), "a source has no address"


def test_every_page_of_the_list_has_one_sentence_and_a_place() -> None:
    listed = [entry for _, entries in texts.contents() for entry in entries]
    assert len({entry.slug for entry in listed}) == len(listed) == len(GUIDES) + len(texts.TOOLS)
    for entry in listed:
        assert entry.sentence.endswith(".")
        assert len(entry.sentence) <= 100
    assert all(guide.next for guide in GUIDES if guide.slug != "in-a-crisis")


@pytest.mark.parametrize(
    "text",
    ["Title: A\nGroup: Circles\n\nBody", "Title: A\nIn a sentence: B.\nGroup: Nowhere\n\nBody", "", "Body"],
)
def test_a_file_without_a_header_line_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "10-a-text.md"
    path.write_text(text)
    with pytest.raises(ValueError, match="10-a-text.md needs"):
        texts.read(path)


def test_a_file_is_read_as_documented(tmp_path: Path) -> None:
    path = tmp_path / "15-a-text.md"
    path.write_text("Title: A\nIn a sentence: B: c.\nGroup: Circles\nNext: Go | /x\n\nBody\n\nMore")
    assert texts.read(path) == Guide(
        "a-text", "A", "B: c.", "Circles", "Body\n\nMore", texts.Link("Go", "/x"), None
    )
