"""The private calendar feeds of a person: what they attend, and what they host; their addresses and choices."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit
from uuid import UUID

from circles.base.errors import NotFound
from circles.base.settings import Settings
from circles.invites import change_rules, ics, rules, sending
from circles.invites.hosts import entries as host_entries
from circles.store import audit, db, mail
from circles.store.context import Context

SQL = db.queries("invites/invites")
HOSTS = db.queries("invites/hosts")

# Feeds cached as bytes in one process; a feed is a few kilobytes.
MAX_CACHED_FEEDS = 500


@dataclass(frozen=True, slots=True)
class Address:
    """The address of a feed. https first: every program takes it, webcal opens some at once."""

    https: str
    webcal: str

    @classmethod
    def of(cls, settings: Settings, token: str) -> Address:
        path = f"{urlsplit(settings.base_url).netloc}/feeds/{token}.ics"
        return cls(f"{urlsplit(settings.base_url).scheme}://{path}", f"webcal://{path}")


async def feed(context: Context, tx: db.Tx, token: str) -> tuple[bytes, str]:
    """The bytes of a feed and their entity tag. Raises NotFound for an unknown token.

    The cache is keyed by the whole content, so it is never stale.
    """
    token_hash = rules.token_hash(token)
    rows = await db.rows(SQL.feed(tx, token_hash=token_hash))
    if not rows:
        return await _hosting_feed(context, tx, token_hash)
    first = rows[0]
    entries = [sending.entry(context.settings, _as_last_told(row)) for row in rows if row["booking_id"]]
    if first["hosting_within"]:
        entries += await host_entries.feed_entries(
            tx, context.settings, first["person_id"], leaves_out_mailed=first["leaves_out_mailed"]
        )
    return _feed_bytes(tuple(entries), context.settings.community.calendar_name)


async def _hosting_feed(context: Context, tx: db.Tx, token_hash: bytes) -> tuple[bytes, str]:
    """The feed of what a person hosts; empty while that is in the feed of what they attend."""
    row = await HOSTS.feed_of_token(tx, token_hash=token_hash)
    if row is None:
        raise NotFound
    entries: list[ics.Entry] = []
    if not row["hosting_within"]:
        entries = await host_entries.feed_entries(
            tx, context.settings, row["person_id"], leaves_out_mailed=row["leaves_out_mailed"]
        )
    return _feed_bytes(tuple(entries), f"{context.settings.community.calendar_name}, hosting")


def _as_last_told(row: db.Record) -> sending.Booking:
    """An ended booking stands in a feed as its mail has it."""
    values = dict(row)
    return values | change_rules.last_known(values, row["last_told"], None) if row["last_told"] else values


@lru_cache(maxsize=MAX_CACHED_FEEDS)
def _feed_bytes(entries: tuple[ics.Entry, ...], name: str) -> tuple[bytes, str]:
    body = ics.publish(entries, name)
    return body, rules.etag(body)


async def make_feed(context: Context, tx: db.Tx, person_id: UUID) -> Address:
    """Make the addresses of a person's feeds, the first time. Returns that of what they attend.

    Where the site has a new secret, they are others than before; those of before go on working.
    """
    key = context.settings.signing_key()
    first = rules.feed_token(key, person_id, 1)
    await SQL.first_feed(tx, person_id=person_id, **_hashes(first))
    number = (await SQL.feed_number(tx, person_id=person_id))["number"]
    token = rules.feed_token(key, person_id, number)
    await SQL.follow_secret(tx, person_id=person_id, number=number, **_hashes(token))
    return Address.of(context.settings, token)


def _hashes(token: str) -> dict[str, bytes]:
    return {
        "token_hash": rules.token_hash(token),
        "hosting_hash": rules.token_hash(rules.hosting_token(token)),
    }


async def feed_and_more(context: Context, tx: db.Tx, person_id: UUID) -> tuple[Address | None, db.Record]:
    """The address of a person's feed, and its row, with the number of suggestions and the open requests.

    None where there is no feed yet, and where the site has a new secret and no address was made from it (`make_feed`).
    """
    row = await SQL.feed_number(tx, person_id=person_id)
    token = _token(context, person_id, row["number"])
    if not token or row["token_hash"] != rules.token_hash(token):
        return None, row
    return Address.of(context.settings, token), row


def _token(context: Context, person_id: UUID, number: int | None) -> str:
    return rules.feed_token(context.settings.signing_key(), person_id, number) if number else ""


async def hosting_feed_and_choices(
    context: Context, tx: db.Tx, person_id: UUID
) -> tuple[Address | None, db.Record]:
    """The address of the feed of what a person hosts, None as above, and their choices."""
    row = await HOSTS.calendar(tx, actor_id=person_id)
    token = rules.hosting_token(_token(context, person_id, row["number"])) if row["number"] else ""
    if not token or rules.token_hash(token) not in row["hosting_hashes"]:
        return None, row
    return Address.of(context.settings, token), row


async def show_feed(context: Context, *, actor_id: UUID) -> None:
    """Make the addresses that the actor's pages show. See `make_feed`."""
    async with context.db.transaction() as tx:
        await make_feed(context, tx, actor_id)


async def choose(context: Context, *, actor_id: UUID, leaves_out_mailed: bool) -> None:
    """Whether the actor's feeds leave out what came by mail, for calendars that take both."""
    async with context.db.transaction() as tx:
        await SQL.choose_feed(tx, person_id=actor_id, leaves_out_mailed=leaves_out_mailed)


async def renew_feed(context: Context, *, actor_id: UUID) -> None:
    """Give the actor's feed a new URL; the old one stops working at once."""
    async with context.db.transaction() as tx:
        await renew_feed_within(tx, context, actor_id)


async def renew_feed_within(tx: db.Tx, context: Context, actor_id: UUID) -> None:
    """The same in the caller's transaction."""
    key = context.settings.signing_key()
    first = rules.token_hash(rules.feed_token(key, actor_id, 1))
    number = await SQL.next_feed_number(tx, person_id=actor_id, token_hash=first)
    token = rules.feed_token(key, actor_id, number)
    await SQL.set_feed_hash(tx, person_id=actor_id, number=number, **_hashes(token))
    await audit.record(tx, "feed.renewed", actor_id, actor_id=actor_id, after=str(number))


async def end_feeds(context: Context) -> int:
    """End the address of every feed and tell whose they were, because others may know the secret of the site.

    Returns how many feeds there were.
    """
    lines = [
        "The private address of your calendar feed has changed, so that it stays private.",
        "If a calendar of yours follows it, please subscribe again with the new address on My gatherings. Calendar "
        "entries that came by mail stay as they are.",
    ]
    async with context.db.transaction() as tx:
        people = await db.rows(SQL.end_feeds(tx))
        for row in people:
            await mail.send(
                tx, context.settings, "role_news", to=row["email"], to_name=row["name"], person_id=row["id"],
                subject="About your account", lines=lines, link=f"{context.settings.base_url}/my/gatherings",
            )  # fmt: skip
            await audit.record(tx, "feed.ended", row["id"])
    return len(people)
