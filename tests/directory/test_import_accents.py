"""A therapist written with accents in one file and without in the next is one therapist."""

from __future__ import annotations

import pytest

from tests.cast import Cast
from tests.directory import import_helpers as samples
from tests.directory.test_import import begin, confirm, outcomes
from tests.helpers import value


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Łucja Sørensen", "Lucja Sorensen"),
        ("José Peña", "Jose\u0301 Pena"),
        ("Ana O’Brien", "Ana O'Brien"),
        ("Anne-Marie Roy", "ANNE MARIE ROY"),
    ],
)
async def test_the_same_license_and_name_are_one_listing(cast: Cast, first: str, second: str) -> None:
    # Without an NPI the name and a license are all there is to know somebody by.
    await confirm(cast, await begin(cast, samples.csv_file([samples.row(1, Name=first, NPI="")])))
    import_id = await begin(cast, samples.csv_file([samples.row(1, Name=second, NPI="", City="Hialeah")]))
    assert await outcomes(cast.context, import_id) == {2: "changed"}
    await confirm(cast, import_id)
    assert await value(cast.context, "select count(*) from listings") == 1


async def test_the_same_license_twice_in_a_file_is_refused(cast: Cast) -> None:
    rows = [
        samples.row(1, Name="Łucja Sørensen", NPI=""),
        samples.row(1, Name="Lucja Sorensen", NPI="", **{"E-mail": "other@example.org"}),
    ]
    assert set((await outcomes(cast.context, await begin(cast, samples.csv_file(rows)))).values()) == {
        "refused"
    }
