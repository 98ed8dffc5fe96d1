"""What the therapists of the demo community are called and say. Everybody and everything here is invented."""

from __future__ import annotations

from typing import Final

# language they speak beside English ("" for none): names
NAMES: Final[dict[str, tuple[str, ...]]] = {
    "": (
        *("Alma Whitfield", "Bram Ellery", "Carys Holloway", "Dorian Quill", "Edda Marlowe", "Felix Thorne"),
        *(
            "Greta Sandling",
            "Hollis Ferncombe",
            "Ivy Castellane",
            "Jonah Pellworth",
            "Keziah Broom",
            "Lowell Hart",
        ),
        *(
            "Marnie Alderson",
            "Nell Ravenscroft",
            "Osric Fenn",
            "Phoebe Tarrant",
            "Quincy Abbott",
            "Rhoda Linden",
        ),
        *(
            "Silas Winterbourne",
            "Tamsin Oakes",
            "Una Greaves",
            "Verity Colquhoun",
            "Wyatt Sorrel",
            "Yvonne Chalmers",
        ),
        *("Abel Okonjo", "Zora Bellamy", "Kwame Addison", "Imani Prewitt", "Desta Haile", "Sefu Marbury"),
        *("Talia Brightwater", "Noelani Kamaka", "Joaquin Redfern", "Winona Tallchief-Reyes", "Ansel Moor"),
        *(
            "Ada Kestrel",
            "Bertrand Coyle",
            "Clementine Ashby",
            "Dunstan Merrow",
            "Elspeth Gale",
            "Fennimore Briggs",
        ),
        *(
            "Gwendolyn Pryce",
            "Horace Tilden",
            "Isolde Farrow",
            "Jasper Whitlock",
            "Lavinia Stroud",
            "Micah Devereaux",
        ),
        *("Naomi Birdsong", "Orla Kinsella", "Percival Adeyemi", "Rosalind Achterberg", "Thaddeus Moyo"),
        *("Chiamaka Eze", "Babajide Soyinka-Hale", "Wren Talbot"),
        *("Maeve Lanigan", "Cormac Duffield", "Saoirse Penhallow", "Eirik Solheim", "Astrid Vinter"),
    ),
    "es": (
        *("Inés Calderón", "Mateo Villaseñor", "Lucía Ferrán", "Rafael Ontiveros", "Ximena Duarte"),
        *("Álvaro Quintanilla", "Paloma Restrepo", "Emilio Cárdenas", "Noemí Baldovino", "Tomás Echeverri"),
        *("Camila Arrieta", "Joaquín Belmonte", "Marisol Izaguirre", "Renata Saldívar"),
    ),
    "zh": ("Mei-Lin Zhao", "Wei Tang", "Jiayi Luo", "Grace Ouyang", "Anselm Cheung", "Lian Hsu"),
    "fr": ("Amélie Rochefort", "Étienne Vasseur", "Solange Mbaye", "Thierry Desrosiers"),
    "de": ("Annika Lehmbruck", "Jörg Tannhauser", "Friederike Voss"),
    "pt": ("Beatriz Furtado", "Caetano Brandão", "Thaís Moniz"),
    "ru": ("Darya Volkonskaya", "Ilya Morozenko", "Katya Berezina"),
    "ar": ("Samir Khoury", "Layla Mansouri", "Nadia Ben Youssef", "Tariq Haddad"),
    "hi": ("Anjali Deshmukh", "Rohan Bhattacharya", "Priya Sundaram", "Vikram Chaudhari", "Meera Kulkarni"),
    "ko": ("Ji-woo Han", "Soo-ah Bae", "Min-jun Seol", "Hana Yoon"),
    "vi": ("Linh Tran-Dao", "Minh Quan Vo", "Thuy Lieu"),
    "tl": ("Maricel Dumlao", "Benigno Salonga", "Luzviminda Reyes-Tan"),
    "pl": ("Zofia Jankowska", "Kazimierz Wrona", "Halina Sobczak"),
    "he": ("Noa Shechter", "Eitan Barzilai", "Yael Lavan"),
    "asl": ("Robin Castellaw", "Dell Aurelio"),
}

# The places of their practices: state: (city, ZIP, latitude, longitude), and the area code of their telephones.
PLACES: Final[dict[str, tuple[str, tuple[tuple[str, str, float, float], ...]]]] = {
    "FL": ("305", (("Miami", "33130", 25.7672, -80.2059), ("Tampa", "33602", 27.9614, -82.4597),
                   ("Orlando", "32801", 28.5399, -81.3727), ("Sarasota", "34236", 27.3269, -82.5433))),
    "NY": ("212", (("New York", "10011", 40.7402, -73.9996), ("Brooklyn", "11215", 40.6669, -73.9828),
                   ("Rochester", "14607", 43.1501, -77.589), ("Albany", "12207", 42.6526, -73.7562))),
    "CA": ("415", (("San Francisco", "94110", 37.7509, -122.4153), ("Los Angeles", "90026", 34.0766, -118.2646),
                   ("Sacramento", "95816", 38.5728, -121.4675), ("San Diego", "92103", 32.7466, -117.1636))),
    "CO": ("303", (("Denver", "80202", 39.7491, -104.9946), ("Boulder", "80302", 40.0172, -105.2851),
                   ("Grand Junction", "81501", 39.0783, -108.5457))),
    "TX": ("512", (("Austin", "78704", 30.2428, -97.7658), ("Houston", "77006", 29.7409, -95.3923),
                   ("Dallas", "75204", 32.8038, -96.7851))),
    "WA": ("206", (("Seattle", "98103", 47.6733, -122.3426), ("Spokane", "99201", 47.6665, -117.4365),
                   ("Tacoma", "98402", 47.2545, -122.4405))),
    "OR": ("503", (("Portland", "97214", 45.5142, -122.6364), ("Eugene", "97401", 44.0682, -123.0819),
                   ("Klamath Falls", "97601", 42.2933, -121.8169))),
    "MA": ("617", (("Cambridge", "02139", 42.3647, -71.1042), ("Northampton", "01060", 42.3223, -72.6313))),
    "IL": ("312", (("Chicago", "60622", 41.9019, -87.6779), ("Evanston", "60201", 42.0546, -87.6943),
                   ("Urbana", "61801", 40.1095, -88.2036))),
    "NC": ("919", (("Durham", "27701", 35.9967, -78.8966), ("Asheville", "28801", 35.5971, -82.5565),
                   ("Chapel Hill", "27514", 35.9203, -79.0372))),
    "GA": ("404", (("Atlanta", "30307", 33.7691, -84.336), ("Savannah", "31401", 32.0749, -81.0883),
                   ("Athens", "30601", 33.9761, -83.3632))),
    "AZ": ("602", (("Phoenix", "85004", 33.4557, -112.0686), ("Tucson", "85701", 32.2139, -110.9694),
                   ("Flagstaff", "86001", 35.1859, -111.662))),
}  # fmt: skip

HEADLINES: Final = (
    "Slow, steady work after large experiences",
    "For what came up and has not settled yet",
    "Room for grief, and for what comes after it",
    "Parts work for people who are tired of fighting themselves",
    "From the insight to the next small step",
    "The body keeps its own pace, and so do we",
    "When the session was bright and the week was not",
    "For pain that words alone do not reach",
    "Plain talk, warm company, no hurry",
    "For helpers who need a place of their own",
    "Making sense of what came in fragments",
    "Between two medicine sessions, and long after them",
    "For couples who went through something large",
    "Quiet work with old alarms",
    "Meaning, doubt, and what to do on Monday",
    "For those who were told to just get over it",
    "Therapy that works beside your prescriber",
    "Careful company for a raw time",
    "For hard memories, one at a time",
    "A steady hour in the middle of the week",
    "Learning to trust calm again",
    "For people new to all of this",
    "After the clinic: what now",
    "Work with shame, gently and on purpose",
)

# How somebody works: one sentence or two for each way.
OPENINGS: Final[dict[str, tuple[str, ...]]] = {
    "ifs": (
        "We get to know the parts of you that protect, and the ones they protect. None of them is the enemy.",
        "Often one part longs to change and another is sure it is not safe. I listen to both until they can hear "
        "each other.",
        "I help people meet their inner critics with curiosity. They have usually worked hard for a long time.",
    ),
    "se": (
        "We begin with the body: breath, weight, warmth, the urge to move. The story may come later.",
        "I work slowly with what the body braces for. Small shifts, given time, hold better than large ones.",
        "Some things stay in the shoulders long after they leave the mind. That is where we look first.",
    ),
    "emdr": (
        "With EMDR we go to a hard memory in short steps and come back each time, until it is a memory and no more.",
        "I use EMDR when one scene will not let go. We prepare well before we begin, and we stop when you say so.",
    ),
    "kap": (
        "I am with people before, during and after ketamine, together with a prescriber who stays in charge of the "
        "medicine.",
        "Preparing, the session itself, and the weeks after it belong together. I walk the whole way with you.",
        "I sit with people in their medicine sessions and, more often, in the days after, when life asks its "
        "questions again.",
    ),
    "act": (
        "We look at what matters to you and at what gets in the way, and practice doing the first with the second "
        "in the room.",
        "You need not win every argument with your mind. We practice noticing a thought and choosing anyway.",
    ),
    "psychodynamic": (
        "I listen for what repeats: with partners, at work, with me. What is seen can begin to change.",
        "We talk about what you say, and about what is hard to say. Both have a history.",
    ),
    "mindfulness": (
        "We practice paying attention, kindly, for minutes at a time. It is simple, and it is not easy.",
        "Stillness is one tool of several here. If sitting makes it worse, we walk.",
    ),
    "other": (
        "Words are welcome here, and so is everything beside them.",
        "I trained in more than one tradition, and we take what helps.",
    ),
}
MIDDLES: Final[dict[str, str]] = {
    "trauma": "Much of my work is with people whose bodies still wait for something that is long over.",
    "depression": "Many who come to me have lived with depression for years and have tried a good deal before.",
    "anxiety": "If worry runs your days, we find out together what it is trying to prevent.",
    "addiction": "I work with people in recovery, and with people who are not sure yet what recovery should mean.",
    "pain": "Chronic pain is real, whatever the scans say. We look at what makes it louder and what makes it softer.",
    "eating": "With eating and the body we go gently, together with your doctor or dietitian where that helps.",
    "relational": "What went wrong between people usually heals between people, so we pay attention to that as well.",
    "grief": "Grief keeps no timetable. You may bring it here in any state.",
    "ocd": "For OCD we combine warmth with clear practice between our hours.",
    "illness": "I sit with people who are seriously ill, and with those who love them.",
    "identity": "Questions of gender and of whom you love are welcome here and are not what we set out to cure.",
    "meaning": "Large experiences raise large questions. I have no answers to sell and like to think along.",
}
CLOSINGS: Final = (
    "The first talk is for finding out whether we fit. If we do not, I gladly name somebody else.",
    "Between our hours you take one small thing along. We look at how it went, without marks.",
    "I write to your prescriber when you want me to, and only then.",
    "You can ask me anything about how I work.",
    "We go at the pace of the slowest part of you.",
    "Humor is allowed.",
    "I keep a few places for people who can pay little. Please ask.",
    "Some weeks we only rest. Those count as well.",
    "I am a parent and a gardener, and both have taught me patience.",
    "Before this I was a nurse for eleven years, and hospital talk does not frighten me.",
    "I came to this work after my own hard years, and I do not need to tell you about them.",
    "There is tea, a window and a dog who sleeps through most things.",
    "We meet weekly at first, and less often once you find you do not need me as much.",
    "I will tell you when I think that something else would help more.",
    "Notes are kept short and locked away.",
    "If you drift off on video, we find a room. If you cannot travel, we stay with video.",
    "I see a small number of people, so that I remember what you said in March.",
    "It is all right to come without a plan for the hour.",
    "I ask a good deal at first and less later.",
    "My office has steps; by video there are none.",
    "You decide what we keep and what we leave.",
    "I have worked nights, so evening hours come easily to me.",
    "Silence is welcome, and so is talking about your garden until the rest arrives.",
    "If money gets tight in the middle, we talk about it before you stop.",
    "I like to meet the people you live with once, if you like that too.",
    "We end each hour with where your feet are.",
    "I grew up between two languages and know what gets lost on the way.",
    "Anger is not rude here.",
    "You may bring a drawing, a song or a page of your notebook.",
    "Every tenth hour we ask whether this still helps.",
)

EXPERIENCE_ANSWERS: Final[dict[str, tuple[str, ...]]] = {
    "none": (
        "None yet. I have worked with trauma for many years and am under supervision for this.",
        "You would be among my first. I say so openly, and I meet a supervisor every week.",
    ),
    "some": (
        "A handful so far, since last year.",
        "Six people up to now, most of them for several months.",
        "A few each year. It is a part of my practice, not the whole of it.",
    ),
    "over_10": (
        "About twenty people since 2021, in person and by video.",
        "Somewhere near thirty. Most came from two clinics nearby.",
        "Around fifteen people, through whole courses of treatment.",
    ),
    "over_50": (
        "More than eighty since 2018. It is most of what I do.",
        "I have lost count after seventy. I worked in a ketamine clinic for four years.",
        "Over a hundred, counting the groups I have led.",
    ),
}
MEDICINE_ANSWERS: Final = (
    "Both matter. The medicine opens a window; what you do while it is open is the therapy.",
    "The medicine can soften what was stuck. Without the weeks after it, most of that hardens again.",
    "They need each other. I would not want to do only one of the two.",
    "The medicine shows, the therapy helps you keep. Neither works by magic.",
    "I see the medicine as a strong helper that needs a good deal of company.",
    "Some people need the medicine for the talking to land. Some need the talking first. We find out.",
    "Medicine can lift the weight for a while. We use that time to learn to carry it otherwise.",
    "I respect the medicine and am not in awe of it. The same goes for therapy.",
    "What you meet in a session is yours. I help you bring it home and see what it asks of you.",
)
OTHER_WAYS: Final = (
    "Hakomi",
    "Art therapy",
    "Dance and movement therapy",
    "Compassion-focused therapy",
    "Jungian analysis",
    "Music therapy",
)
SCHOOLS: Final[dict[str, tuple[str, ...]]] = {
    "ifs": ("IFS training, Northeast group", "IFS training, online", ""),
    "se": ("SE training, Midwest group", "SE training, West Coast", ""),
    "emdr": ("A weekend and supervision course", "", ""),
    "act": ("", "A university clinic"),
    "psychodynamic": ("A city institute for psychoanalysis", ""),
    "mindfulness": ("A university center for mindfulness", ""),
}
INSURERS: Final = (
    "Two regional plans; please ask which.",
    "Medicare and one national plan.",
    "Most plans, in network.",
)
COMPLAINT: Final = (
    "I wrote twice and was told there is room. On the telephone I heard that there is none before next summer. "
    "Please ask them to change it."
)
