"""Words people use every day, as plain data: what can never be a keyword, and what is no attempt at one.

What is said around a keyword is in `around`; words of the language that are only somewhere near one are in
`common_words`. Who may change them: anyone, with a line added to the measured tables in tests/triage/keywords.
Administrators' own spellings of a keyword do not belong here but in `sounds_like` in the service file.
"""

import re
from collections.abc import Sequence

from callflows import reserved

from .common_words import common


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


OPT_OUT = reserved.OF_THE_CARRIER
"""Words the carrier acts on when they are a whole text message: the sender is blocked, unblocked or
answered."""

YES = _words(
    "yes yeah yep yup yea yah yer aye ok okay correct right sure exactly indeed definitely affirmative ydy ie mhm mmhm"
)
NO = _words("no nope nah naw nay na wrong incorrect nage")

NUMBERS = _words(
    "zero nought one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
    " seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million"
    " first second third fourth fifth sixth seventh eighth ninth tenth double treble"
)

CRISIS = _words(
    "help danger dangerous die dying died dead death kill killed killing suicide suicidal overdose emergency police"
    " ambulance fire nurse doctor hospital crisis pain hurt hurts hurting harm harming alone lonely scared afraid"
    " frightened terrified panic knife gun rope bridge jump jumping hanging hang cut cutting blood bleeding pills"
    " tablets poison drown drowning rape raped abuse abused assault attack attacked stabbed weapon unsafe safe scream"
    " voices depressed anxious anxiety desperate hopeless worthless useless sad crying angry broken lost trapped"
    " tired struggling sorry mental mad crazy sick breathe breathing baby child children goodbye heroin starving"
    " noose ledge cliff drugs meds medication paracetamol bleed burn burning shoot shot knives choking stab stabbing"
    " selfharm psychosis grief bomb ligature weapons violent violence cry alcohol hit hitting homeless railway"
)
"""Words that must always mean what they say when somebody in distress says them alone."""

FAMILIAR = _words(
    "i me my mine myself you your we us our he him his she her they them it this that these those who what whose"
    " where when why how which someone somebody anyone anybody everyone everybody nobody nothing something anything"
    " everything here there now today tonight tomorrow yesterday morning evening night day week month year always"
    " never ever again still just only really very much many more most some any all every each other another am is"
    " are was were be been being do does did done dont doesnt didnt have has had havent hasnt hadnt having can cant"
    " could couldnt will wont would wouldnt shall should shouldnt may might must need want wanted wants go going gone"
    " went come coming came get getting got give given take taken make made feel feeling feelings felt feels think"
    " thinking thought know known knew say said tell told talk talking speak speaking listen hear heard see seen look"
    " looking try trying let leave left stay live living life work home house room bed car road street mum mam mother"
    " dad father son daughter brother sister wife husband partner boyfriend girlfriend friend family kids man woman"
    " boy girl people person not and or but so because if then than with without from into onto out off over under"
    " about after before at by for in of on to up down away back around through good bad better worse best worst fine"
    " well ill old new big little small long short half whole part hard harder hardly easy low high head mind body"
    " face eyes food eat eating sleep sleeping drink drinking drunk drugs money job phone call calling ring text line"
    " number name love hate god matter remember terrible trouble suffering suffer perhaps parent walk walking wait"
    " operator agent human voice dont not"
)
"""Words that a person says without thinking of a keyword. One made of nothing else cannot be told from talk."""

_HESITATION = re.compile(r"u+m+|e+r+m*|u+h+|a+h+|e+h+|o+h+|h+m+|m+|huh")


def hesitation(word: str) -> bool:
    """Said without meaning, anywhere, for as long as it takes: "um", "errr", "hmmm"."""
    return word[0] in "ueaohm" and _HESITATION.fullmatch(word) is not None


POLITE = _words(
    "please pls plz thanks thank you ty ta cheers hello hi hiya hey morning afternoon evening good okay ok right so"
    " well yes yeah yep no sorry love mate darling duck pet dear sir madam x xx xxx xxxx lol thx hun babe alright"
    " actually maybe perhaps probably then there now and innit"
)
"""Said before or after a keyword without changing it."""

ARTICLES = _words("the a an")

SPACERS = POLITE | ARTICLES

NEVER = OPT_OUT | YES | NO | NUMBERS | CRISIS
"""Never a keyword, nor a slip of one."""

EVERYDAY = NEVER | FAMILIAR | SPACERS


def everyday(words: Sequence[str]) -> bool:
    """Nothing but words people say every day."""
    return all(word in EVERYDAY or hesitation(word) for word in words)


def means_itself(word: str) -> bool:
    """Never a slip of a keyword when said alone: an everyday word, or one of distress."""
    return word in EVERYDAY or hesitation(word) or common(word)
