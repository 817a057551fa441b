"""The forty people who ring or text, and what each of them needs. Invented; the numbers are Ofcom's for drama."""

import random
from dataclasses import dataclass, replace
from typing import Final

DIRECT: Final = "+441632960100"
FROM_111: Final = "+441632960111"


@dataclass(frozen=True)
class Car:
    """Where a car is needed."""

    address: str
    postcode: str
    scene: str = "safe"


@dataclass(frozen=True)
class Person:
    """Somebody, and what they do. `at_s` is when, in seconds from the start; `talk_s` how long a nurse listens."""

    name: str
    how: str
    urgency: str
    disposition: str
    says: str | None = None  # at the greeting
    keys: str | None = None
    presses: str | None = None  # while waiting
    rings_off: str | None = None  # greeting | waiting
    texts: tuple[str, ...] = ()
    car: Car | None = None
    line: str = DIRECT
    withheld: bool = False
    number: str = ""
    at_s: float = 0
    talk_s: float = 9

    @property
    def channel(self) -> str:
        return "text" if self.texts else "call"


WHO: Final = (
    Person("Robin", "says harbour", "C", "crisis_team", says="harbour"),
    Person("Maud", "says marigold", "B", "response_car", says="marigold", car=Car("4 Ferry Row", "SO14 3ZZ")),
    Person("Tariq", "says lantern", "D", "community_team", says="lantern"),
    Person("Idris", "says compass, softly", "E", "primary_care", says="um, compass, please"),
    Person("Nell", "says mary gold", "F", "signposted", says="mary gold"),
    Person("Otto", "says red kite", "D", "known_team", says="it's red kite"),
    Person("Wren", "has an old card: thistle", "G", "home_management", says="thistle"),
    Person("Sunniva", "says arbour", "B", "response_car", says="arbour", car=Car("19 Holm Lane", "PO30 9ZZ")),
    Person("Piers", "says lantern", "C", "safe_haven", says="lantern"),
    Person("Amara", "keys harbour, cannot speak", "C", "crisis_team", keys="4272687"),
    Person("Bryn", "keys marigold", "F", "signposted", keys="62744653"),
    Person("Cleo", "keys lantern", "B", "response_car", keys="5268376", car=Car("Flat 2, 8 Sallow Road", "PO4 9ZZ")),
    Person("Dov", "keys compass", "D", "community_team", keys="2667277"),
    Person("Edda", "silent", "C", "safe_haven"),
    Person("Fitz", "silent", "G", "home_management"),
    Person(
        "Gwen",
        "silent, then key 4: cannot talk",
        "B",
        "response_car",
        presses="4",
        car=Car("The boathouse", "PO31 9ZZ"),
    ),
    Person("Hale", "silent", "E", "primary_care"),
    Person("Ines", "says danger", "A", "ambulance_999", says="danger", talk_s=12),
    Person(
        "Jory", "star at the greeting", "B", "response_car", keys="*", car=Car("2 Tarn Court", "SO17 9ZZ", "unsafe")
    ),
    Person("Kezia", "star while waiting", "A", "police_999", presses="*"),
    Person("Lorcan", "a carer: key 3", "C", "crisis_team", says="marigold", presses="3"),
    Person("Mina", "a carer: key 3", "B", "response_car", presses="3", car=Car("31 Low Green", "PO2 9ZZ", "unknown")),
    Person("Niall", "asks to be called back", "D", "known_team", says="harbour", presses="1"),
    Person("Orla", "asks to be called back", "F", "signposted", presses="1"),
    Person("Petra", "rings off at the greeting", "D", "community_team", rings_off="greeting"),
    Person("Quill", "rings off while waiting", "D", "community_team", rings_off="waiting"),
    Person("Rhian", "withheld number", "C", "crisis_team", withheld=True),
    Person("Saul", "withheld, rings off", "D", "other", withheld=True, rings_off="waiting"),
    Person("Tess", "through NHS 111", "C", "crisis_team", line=FROM_111),
    Person("Uri", "through NHS 111", "B", "response_car", line=FROM_111, car=Car("5 Cliff Steps", "PO38 9ZZ")),
    Person("Vesna", "has no word", "G", "home_management", says="I just need somebody to talk to"),
    Person("Walt", "texts harbour", "D", "community_team", texts=("harbour", "it got bad again tonight")),
    Person("Xanthe", "texts", "C", "crisis_team", texts=("hi", "I can't say it out loud", "thank you")),
    Person("Yusuf", "texts MARIGOLD", "F", "signposted", texts=("MARIGOLD!!", "is anyone there")),
    Person(
        "Zora",
        "texts danger",
        "B",
        "response_car",
        texts=("I am in danger", "flat 9"),
        car=Car("9 Mill Yard", "SO15 9ZZ"),
    ),
    Person("Abel", "texts lantern", "E", "primary_care", texts=("lantern", "can't sleep, third week")),
    Person("Bettina", "texts compass", "G", "home_management", texts=("compass pls", "needed to tell someone")),
    Person("Corin", "texts", "D", "known_team", texts=("my nurse is away and i'm not ok", "since friday")),
    Person("Delyth", "texts red kite", "C", "safe_haven", texts=("Red Kite", "I'm his sister. He won't come out")),
    Person("Emrys", "texts STOP only", "C", "other", texts=("STOP",)),
)


def everybody(seed: int, over_s: float = 130) -> list[Person]:
    """All of them, each with a number and a time; the same for the same seed. Two waves, as evenings have."""
    dice = random.Random(seed)  # noqa: S311 - a play, not a secret
    order = list(WHO)
    dice.shuffle(order)
    tails = dice.sample(range(500, 600), len(order))
    cast = []
    for person, tail in zip(order, tails, strict=True):
        peak = dice.choice((0.25, 0.7))
        at = min(0.97, max(0.0, dice.gauss(peak, 0.15))) * over_s
        talk = round(person.talk_s * dice.uniform(0.7, 1.3), 1)
        cast.append(replace(person, number=f"+447700900{tail}", at_s=round(at, 1), talk_s=talk))
    return sorted(cast, key=lambda person: person.at_s)
