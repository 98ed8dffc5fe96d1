"""Names folded: by the program and by the database alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circles.base import names
from circles.store.context import Context
from tests.helpers import value

# Names, each with what somebody without that keyboard types.
NAMES = [
    ("Adam", "adam"),
    ("Æsa", "aesa"),
    ("Ana Maria", "ana maria"),
    ("Anabel", "anabel"),
    ("Ángel", "angel"),
    ("Ægir Þórsson", "aegir thorsson"),
    ("Đorđe", "dorde"),
    ("Ελένη", "eleni"),
    ("Jean-Luc", "jean luc"),
    ("José", "jose"),
    ("Łucja", "lucja"),
    ("Łukasz", "lukasz"),
    ("Nguyễn Thị", "nguyen thi"),
    ("O’Brien", "obrien"),
    ("Ольга", "olga"),
    ("Sørensen", "sorensen"),
    ("Straße", "strasse"),
    ("Ümit", "umit"),
    ("Zoe", "zoe"),
    ("Zoë", "zoe"),
    ("Żaneta", "zaneta"),
]


@pytest.mark.parametrize(("name", "typed"), NAMES)
async def test_a_name_is_found_by_what_any_keyboard_types(context: Context, name: str, typed: str) -> None:
    assert names.key(name) == typed
    for asked in (typed, typed.upper(), name, name.upper(), f" {typed[:3]}"):
        assert await value(context, "select has_name(name_key($1), $2)", name, asked), asked
    assert not await value(context, "select has_name(name_key($1), $2)", name, "qq")


@pytest.mark.parametrize("signs", ["", " ", "…", "'", "-.-", "\u200b"])
async def test_signs_alone_find_nobody(context: Context, signs: str) -> None:
    assert not await value(context, "select has_name(name_key('Jean-Luc O''Brien'), $1)", signs)


async def test_what_is_written_in_two_ways_is_one(context: Context) -> None:
    for one, other in (
        ("José", "Jose\u0301"),
        ("O'Brien", "O’Brien"),
        ("ﬁona", "Fiona"),
        ("Ｊｏｓé", "José"),
        ("İpek", "ipek"),
        ("Anne-Marie", "anne marie"),
    ):
        assert names.key(one) == names.key(other)
        assert await value(context, "select name_key($1) = name_key($2)", one, other)


async def test_the_database_has_the_letters_of_the_library(context: Context) -> None:
    letters = [chr(code) for first, last in names.ALPHABETS for code in range(first, last + 1)]
    async with context.db.reading() as tx:
        rows = await tx.fetch(
            "select letter, folded(letter) as folded, name_key(letter) as key from unnest($1::text[]) as letter",
            letters,
        )
    assert len(rows) > 1300
    assert {row["letter"]: row["folded"] for row in rows} == {
        letter: names.fold(letter) for letter in letters
    }
    assert {row["letter"]: row["key"] for row in rows} == {letter: names.key(letter) for letter in letters}
    assert {"ł": "l", "ø": "o", "ß": "ss", "đ": "d", "ж": "zh"}.items() <= {
        row["letter"]: row["folded"] for row in rows
    }.items()


TEXT = st.text(
    st.one_of(
        st.characters(min_codepoint=1, max_codepoint=0x2FF),
        st.sampled_from("ŁłØøßŻżÆæĐđЩьΘ’‘“”—… \u0301\u200b名あ한א🌙"),
    ),
    max_size=40,
)


@given(TEXT)
def test_folding_twice_changes_nothing(typed: str) -> None:
    assert names.fold(names.fold(typed)) == names.fold(typed)
    assert names.key(names.key(typed)) == names.key(typed)


async def test_both_fold_whole_names_alike(context: Context) -> None:
    samples = [
        *(name for name, _ in NAMES),
        "  d’Arc,\t(Jeanne) ",
        "名前",
        "한글",
        "🌙 Luna",
        "½ & ¾",
        "a\u0301\u0302",
        "ʻOkina",
    ]
    for sample in samples:
        assert await value(context, "select name_key($1)", sample) == names.key(sample), sample
        assert await value(context, "select folded($1)", sample) == names.fold(sample), sample


async def test_no_typed_word_breaks_the_search_of_names(context: Context) -> None:
    for typed in (["Ь"], ["½"], ["a", "Ь"], ["O", "Brien"], ["ﷺ"], [], ["名前"], ["_"], ["\u00aa"]):
        await value(context, "select name_query($1::text[])::text", typed)
    assert await value(context, "select name_query('{Ь}')") is None
    assert await value(context, "select name_query('{Łu, OBr}')::text") == "'lu':*A & 'obr':*A"
