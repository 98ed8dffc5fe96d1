"""Names folded to Latin letters without accents: how they are sorted, searched and compared.

The database does the same with its functions folded() and name_key(), whose table of letters was made with `fold`.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Final

from anyascii import anyascii

from circles.base import text

# The alphabets whose letters become Latin ones: Latin with IPA, Greek, Cyrillic, Armenian, Georgian. Letters of others
# stay: a reading of them in Latin letters is a guess.
ALPHABETS: Final = (
    (0x00C0, 0x02AF),
    (0x0370, 0x04FF),
    (0x0531, 0x0587),
    (0x10A0, 0x10FF),
    (0x1E00, 0x1EFF),
)
_SILENT: Final = frozenset("ЪЬъь")
_ACCENTS: Final = re.compile("[\u0300-\u036f]")
_LEFT_OUT: Final = re.compile("['`´‘’‛′.\u02b0-\u02ff]")
_SIGNS: Final = re.compile("[\u0001-/:-@\\[-`{-\u00bf\u2000-\u206f\u3000-\u303f]+")


def fold(typed: str) -> str:
    """Small letters without accents, Latin where the alphabet is one of ALPHABETS. Signs stay as they are."""
    plain = _ACCENTS.sub("", text.normalized("NFKD", typed))
    return plain.lower() if plain.isascii() else "".join(map(latin, plain))


@cache
def latin(letter: str) -> str:
    """One letter without accents as `fold` writes it."""
    if letter.isascii():
        return letter.lower()
    is_letter = unicodedata.category(letter) in ("Lu", "Ll", "Lt", "Lo")
    if not is_letter or not any(first <= ord(letter) <= last for first, last in ALPHABETS):
        return letter
    written = "".join(character for character in anyascii(letter).lower() if character.isalnum())
    return written or ("" if letter in _SILENT else letter)


def key(name: str) -> str:
    """What a name is sorted and found by: folded, apostrophes and points left out, other signs as one space."""
    return _SIGNS.sub(" ", _LEFT_OUT.sub("", fold(name))).strip(" ")
