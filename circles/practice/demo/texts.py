"""The people and the circles of the demo community. Everybody and everything here is invented."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import time
from typing import Final, Literal

Format = Literal["facilitated", "ceremony", "peer"]
State = Literal["published", "paused", "archived"]


@dataclass(frozen=True, slots=True)
class Facilitator:
    """Somebody who hosts, with what they say of themselves and (kind, body, year) of their training."""

    key: str
    name: str
    pronouns: str
    zone: str
    about: str
    credentials: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True, slots=True)
class Circle:
    """A circle and its rhythm. Amounts in minor units of USD; `weekday` 0 is Monday, None: no fixed day.

    every: weeks between gatherings; past, ahead: how many gatherings are planted on either side of today.
    over_weeks: how many weeks earlier the past ones ended, of a circle that is no more.
    """

    key: str
    name: str
    discreet_name: str
    format: Format
    place: Literal["online", "in_person"]
    zone: str
    lead: str
    purpose: str
    scale: tuple[int, int, int]
    capacity: int
    past: int
    ahead: int
    start: time
    weekday: int | None = None
    every: int = 1
    co: str = ""
    city: str = ""
    address: str = ""
    join_link: str = ""
    length_minutes: int = 90
    community_seats: int = 0
    refund_hours: int = 48
    late_refund_percent: int = 0
    notes: tuple[str, ...] = field(default=())
    state: State = "published"
    over_weeks: int = 0


FACILITATORS: Final = (
    Facilitator(
        "farid",
        "Farid Nazari",
        "he/him",
        "America/New_York",
        "I came to this work as a hospice chaplain. I have hosted circles since 2019. I keep the time, I listen, "
        "and I ask more than I say.",
        (
            ("Licensed clinical social worker (LCSW)", "State of New York", 2011),
            ("Internal Family Systems, Level 2", "IFS training, Northeast group", 2018),
            ("Group facilitation for integration, 60 hours", "Harbor Street Training", 2019),
        ),
    ),
    Facilitator(
        "ruth",
        "Ruth Oyelaran",
        "she/her",
        "America/Chicago",
        "I worked for fourteen years as a nurse in a pain clinic. My circles go slowly and make room for the body.",
        (
            ("Registered nurse (RN)", "State of Illinois", 2004),
            ("Somatic Experiencing, three-year course", "SE training, Midwest group", 2017),
            ("Mental health first aid", "Lakeview Community Health", 2023),
        ),
    ),
    Facilitator(
        "ines",
        "Inés Calloway",
        "she/they",
        "America/Los_Angeles",
        "I trained as a music therapist. In my circles there is a fire, a song or two, and a good deal of silence.",
        (
            ("Board-certified music therapist", "Certification board, music therapy", 2013),
            ("Ceremony and group care, 120 hours", "Tidewater Institute", 2020),
            ("Wilderness first responder", "Coast Range Outdoor School", 2024),
        ),
    ),
    Facilitator(
        "wren",
        "Wren Halloran",
        "they/them",
        "America/Chicago",
        "I have been a member of circles longer than I have hosted them. I hold the door, put the kettle on and "
        "see that everybody gets a turn.",
        (
            ("Certified peer support specialist", "State of Illinois", 2020),
            ("Circle keeper training, 40 hours", "Prairie Mutual Aid", 2021),
        ),
    ),
)

CIRCLES: Final = (
    Circle(
        "tuesday",
        "First weeks after",
        "Tuesday group",
        "facilitated",
        "online",
        "America/New_York",
        "farid",
        "The first weeks after a medicine session can be bright, raw, or oddly flat. Insights come in pieces, and "
        "daily life does not wait for them. This circle is for those weeks.\n\n"
        "We begin with a short check-in. Then we look at one question together: **what wants to stay, and what "
        "small thing could you do about it this week?** You may always pass.\n\n"
        "It fits best if your last medicine session was one day to two months ago.",
        (2000, 4500, 8000),
        8,
        6,
        5,
        time(18, 0),
        weekday=1,
        co="ruth",
        join_link="https://meet.example.org/tuesday",
        community_seats=1,
        late_refund_percent=50,
        notes=("Theme: telling the people at home.", "", "Theme: sleep and dreams.", ""),
    ),
    Circle(
        "open",
        "Open hour",
        "Open hour",
        "facilitated",
        "online",
        "America/New_York",
        "farid",
        "A drop-in circle at changing times, for those whose weeks do not repeat. No theme: we hear from everybody "
        "who wants to speak, and stay with what comes up.\n\n"
        "Newcomers are welcome at each one.",
        (1500, 3000, 6000),
        6,
        5,
        5,
        time(18, 30),
        join_link="https://meet.example.org/open-hour",
        length_minutes=60,
        community_seats=1,
        refund_hours=24,
        late_refund_percent=50,
    ),
    Circle(
        "noon",
        "Slow noon",
        "Thursday group",
        "facilitated",
        "online",
        "America/Chicago",
        "ruth",
        "For people who live with pain or long illness and have had ketamine as part of their care. We go slowly, "
        "lie down if we need to, and begin with ten quiet minutes for the body.\n\n"
        "Cameras may stay off.",
        (2500, 4000, 7000),
        10,
        6,
        5,
        time(12, 0),
        weekday=3,
        join_link="https://meet.example.org/noon",
        length_minutes=75,
        community_seats=2,
        notes=("Bring something soft to lie on.", "", ""),
    ),
    Circle(
        "ember",
        "Ember",
        "Sunday group",
        "ceremony",
        "in_person",
        "America/Los_Angeles",
        "ines",
        "We meet outdoors around a small fire. There is an opening, a round of words, music, a long silence, and a "
        "closing with tea. **No medicine is taken or offered**, before, during or after.\n\n"
        "Dress warmly. The path from the gate is flat and takes five minutes.",
        (3000, 6000, 12000),
        12,
        5,
        4,
        time(16, 0),
        weekday=6,
        every=2,
        city="Oakland",
        address="The garden behind 418 Alder Street, Oakland",
        length_minutes=120,
        community_seats=2,
        refund_hours=72,
        late_refund_percent=25,
        notes=("Rain or not: we have a roof.", ""),
    ),
    Circle(
        "ground",
        "Quiet ground",
        "Saturday group",
        "ceremony",
        "in_person",
        "America/New_York",
        "ruth",
        "A monthly morning of sitting, walking and few words, for what is hard to say. We open with a bell and "
        "close with a shared meal; please bring something small to eat.\n\n"
        "Chairs and cushions are there.",
        (0, 3500, 7000),
        9,
        4,
        3,
        time(10, 0),
        weekday=5,
        every=4,
        co="ines",
        city="Brooklyn",
        address="Second floor, 77 Linden Row, Brooklyn",
        length_minutes=120,
        community_seats=1,
    ),
    Circle(
        "table",
        "Kitchen table",
        "Wednesday group",
        "peer",
        "in_person",
        "America/Chicago",
        "wren",
        "Informal peer support around a real kitchen table. Nobody here is a therapist, and nobody leads: one of us "
        "keeps the time and everybody gets a turn.\n\n"
        "It costs nothing. Soup is on the stove from six.",
        (0, 0, 0),
        10,
        6,
        5,
        time(18, 30),
        weekday=2,
        city="Chicago",
        address="1932 West Maple, back door, Chicago",
        length_minutes=90,
        refund_hours=0,
    ),
    # Its hour is one that the clocks skip or show twice, where they change soon: see nights.py.
    Circle(
        "hours",
        "The small hours",
        "Night group",
        "peer",
        "online",
        "America/Chicago",
        "wren",
        "For those who lie awake in the nights after a medicine session. We keep each other company for an hour, with "
        "the lights low. Nobody has to say anything, and cameras may stay off.\n\n"
        "If it is more than lying awake, the numbers at the foot of this page answer at any hour.",
        (0, 0, 0),
        8,
        2,
        2,
        time(2, 30),
        weekday=6,
        join_link="https://meet.example.org/night",
        length_minutes=60,
        refund_hours=0,
    ),
    Circle(
        "letters",
        "Letters to myself",
        "Monday group",
        "facilitated",
        "online",
        "America/Los_Angeles",
        "ines",
        "We write by hand for twenty minutes: a letter to the one who came out of the medicine session. Then whoever "
        "wants to reads a page aloud, and nobody answers.\n\n"
        "Inés is on the road this season, so the circle rests for a while.",
        (1500, 3000, 5000),
        8,
        4,
        1,
        time(18, 30),
        weekday=0,
        every=2,
        join_link="https://meet.example.org/letters",
        length_minutes=75,
        state="paused",
    ),
    Circle(
        "winter",
        "One winter long",
        "Friday group",
        "facilitated",
        "online",
        "America/Chicago",
        "ruth",
        "Eight evenings for the same few people, from the first snow to the thaw. It was planned with an end, and it "
        "has come to it. Thank you for being there.",
        (2000, 3500, 6000),
        8,
        8,
        0,
        time(17, 30),
        weekday=4,
        join_link="https://meet.example.org/winter",
        state="archived",
        over_weeks=3,
    ),
)

# The other members: (name, pronouns). Mira is the fortieth.
MEMBERS: Final = (
    ("Adaeze Brandt", "she/her"),
    ("Alonso Pike", "he/him"),
    ("Anneke Dubois", "she/her"),
    ("Arlo Whitcomb", "they/them"),
    ("Beatriz Lund", "she/her"),
    ("Bodhi Ferreira", "he/him"),
    ("Calla Nguyen", ""),
    ("Cedric Amadi", "he/him"),
    ("Dagny Torres", "she/they"),
    ("Desmond Achebe", "he/him"),
    ("Elif Sandoval", "she/her"),
    ("Emre Kowalczyk", ""),
    ("Fiadh Moreau", "she/her"),
    ("Gideon Park", "he/they"),
    ("Hana Lindqvist", "she/her"),
    ("Idris Bellamy", "he/him"),
    ("Imogen Castillo", "they/them"),
    ("Jonah Eriksen", "he/him"),
    ("Kaveh Sorensen", ""),
    ("Keiko Marlowe", "she/her"),
    ("Lior Abernathy", "he/him"),
    ("Lucía Vance", "she/her"),
    ("Maren Okonkwo", "she/her"),
    ("Matteo Greer", "he/him"),
    ("Nadia Fairchild", "she/her"),
    ("Noor Halvorsen", "they/them"),
    ("Oona Petrov", "she/her"),
    ("Pascal Idowu", "he/him"),
    ("Quinn Delacroix", "they/them"),
    ("Rafael Stone", "he/him"),
    ("Rosalind Mehta", "she/her"),
    ("Søren Baptiste", "he/him"),
    ("Simone Adler", ""),
    ("Tamsin Reyes", "she/her"),
    ("Teodor Quill", "he/him"),
    ("Uma Jankowski", "she/her"),
    ("Vesna Carver", "she/her"),
    ("Yusuf Ellery", "he/him"),
    ("Zora Hale", "they/she"),
)

CANCEL_REASON: Final = (
    "I am ill this week and have no voice. I am sorry, and I hope to see you at the next one."
)
