"""Publish a version of the community's settings, and keep a logo for one."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any
from uuid import UUID

from circles import sandbox
from circles.base.errors import OutOfDate, Reason
from circles.base.row import Row
from circles.base.settings import Community, Logo
from circles.sandbox import pictures
from circles.store import audit, db, jobs
from circles.store.context import Context

SQL = db.queries("community/community")

# A picture of 40 million pixels takes 160 MB decoded; the child itself 45 MB.
DECODING = sandbox.Target(
    "circles.sandbox.pictures",
    "encode_logo",
    sandbox.Limits(memory=512_000_000, cpu_seconds=10, seconds=60, answer=1_000_000, at_once=1),
    noun="picture",
    form_field="picture",
)


async def newest(tx: db.Tx, context: Context) -> Community:
    """The version in force, read anew; the environment's values while none is stored."""
    return await version(tx, context, 0) or context.environment.community


async def version(tx: db.Tx, context: Context, number: int) -> Community | None:
    """One stored version; the newest for 0."""
    row = await SQL.version(tx, number=number)
    return Community.of(row) if row else None


def check_basis(newest: Community, wanted: Community, basis: int) -> None:
    """Raise OutOfDate when another version than the basis is in force, and not with these very values."""
    if newest.number != basis and _is_new(newest, wanted):
        raise OutOfDate(
            Reason(
                "out_of_date",
                "Somebody else published a version in the meantime. What you changed is kept below, upon theirs.",
            )
        )


def _is_new(before: Community, wanted: Community) -> bool:
    return before.number == 0 or replace(wanted, number=before.number) != before


async def publish(
    context: Context, actor_id: UUID, community: Community, *, basis: int, why: str, put_back: int | None
) -> bool:
    """Put a version in force, and return whether it differs from the one before.

    basis: the number of the version that its form was made from. Pressed twice, it is published once. Raises OutOfDate
    when somebody published another one since.
    """
    async with context.db.transaction() as tx:
        await SQL.lock(tx)
        before = await newest(tx, context)
        check_basis(before, community, basis)
        is_new = _is_new(before, community)
        if is_new:
            # Numbers have no gaps.
            put_back = put_back if put_back and put_back <= before.number else None
            row = await SQL.publish(tx, **_columns(community), actor_id=actor_id, why=why, put_back=put_back)
            await audit.record(
                tx,
                "community.published",
                row["id"],
                actor_id=actor_id,
                before=str(before.number),
                after=str(row["number"]),
                why=why,
            )
    await context.in_force.refresh(context.db)
    return is_new


def _columns(community: Community) -> dict[str, Any]:
    plain = (
        "community_name mail_name calendar_name statement_name contact_address currency minimum suggested maximum "
        "refund_hours late_refund_percent zone mail_footer"
    )
    colors = community.colors
    return {name: getattr(community, name) for name in plain.split()} | {
        "crisis_lines": [line.model_dump() for line in community.crisis_lines],
        "accent": colors.accent,
        "ground": colors.ground,
        "accent_dark": colors.accent_dark,
        "ground_dark": colors.ground_dark,
        "logo": community.logo.hash if community.logo else None,
        "asks": list(community.asks),
    }


async def save_logo(context: Context, actor_id: UUID, content: bytes) -> str:
    """Keep a picture for a version to name, scaled and without its metadata. Returns its hash. Raises Refused."""
    png = await sandbox.run(DECODING, content)
    picture_hash = hashlib.sha256(png).hexdigest()[:32]
    width, height = pictures.png_size(png)
    async with context.db.transaction() as tx:
        await SQL.save_logo(tx, hash=picture_hash, png=png, width=width, height=height, actor_id=actor_id)
    return picture_hash


async def with_logo(tx: db.Tx, community: Community, picture_hash: str) -> Community:
    """A version with the logo of a form; without one where the hash names none."""
    row: Row | None = await SQL.logo_size(tx, hash=picture_hash) if picture_hash else None
    return replace(community, logo=Logo(picture_hash, row["width"], row["height"]) if row else None)


@jobs.every("community.delete_logos", "37 4 * * *")
async def delete_logos(context: Context) -> None:
    """Delete logos that were sent for a preview and never published."""
    async with context.db.transaction() as tx:
        await SQL.delete_unused_logos(tx)
