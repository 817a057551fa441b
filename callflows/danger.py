"""Did the person say that they, or somebody, are in danger or being harmed now?

This reads a stated fact, as a person answering the telephone would; it predicts nothing and grades nobody.
NICE NG225 (2022, 1.6) and NHS England (2025) forbid sorting people by predicted risk, so wishes, thoughts,
plans without a time and what happened long ago do not count here: those people wait in the order every
caller waits in, and a nurse asks.

Doubt counts as danger, because software may raise and only a clinician may lower: "I'm not sure if I'm in
danger" is raised, and so is a phrase that may be a figure of speech. Only a clear denial ("not in danger",
"I haven't taken anything"), a clear past ("years ago") or a wish or thought said as such ("I think about
...") is left where it was.

The tables are plain data. In them `*` is up to three words of any kind, `(a|b)` is either, and `(a|)` may be
missing. Everything is matched on plain small words (see plain_words), so "I’m" is "im". The list reads English and a
handful of Welsh phrases. Standard library only.
"""

import hashlib
import re
from typing import Final

from .plain_words import LONGEST, plain_clauses

VERSION: Final = "2026-11-26 5a617d35"
"""The day on which the tables below were last changed, and their `digest`. It is written into the history of whatever
the list caused, and printed with its published table."""

_KIN = (
    "mum|mam|mom|mummy|mother|dad|daddy|father|nan|gran|grandad|son|daughter|brother|sister|wife|husband|partner|friend"
    "|boyfriend|girlfriend|ex|baby|child|kid|kids|children|boy|girl|mate|neighbour|carer|nephew|niece|uncle|aunt|cousin"
)
_WHO = f"(i|ive|im|he|hes|she|shes|they|theyve|theyre|we|weve|has|have|had|just|already|somebody|someone|{_KIN})"
_SOMEBODY = f"(me|him|her|us|them|my|his|their|our|the|someone|somebody|each other|{_KIN})"
_OTHER = f"(he|hes|she|shes|they|theyre|him|her|somebody|someone|{_KIN})"
_KINS = f"someones|somebodys|{_KIN.replace('|', 's|')}s"
_IS = f"(im|i am|is|hes|he is|shes|she is|theyre|they are|were|we are|its|are|{_KINS})"
_SELF = "(myself|himself|herself|themselves|themself|ourselves)"
_SOON = "(going to|gonna|gunna|about to|ready to)"
_MEDICINE = (
    "(tablet|tablets|pill|pills|paracetamol|paracetamols|ibuprofen|aspirin|codeine|co codamol|tramadol|morphine"
    "|methadone|insulin|antidepressants|capsules|meds|medication|diazepam|propranolol|amitriptyline|sertraline)"
)
_DRUGS = (
    f"{_MEDICINE[:-1]}|heroin|sleeping tablets|packets|bleach|poison|antifreeze|anti freeze|weedkiller|detergent"
    "|screenwash|drain cleaner|white spirit)"
)
_MANY = (
    "(ten|fifteen|twenty|thirty|forty|fifty|sixty|a hundred|[0-9]+|loads of|lots of|a lot of|a load of|too many|all"
    "|most of)"
)
_BLADE = (
    "(knife|gun|weapon|machete|blade|razor|razor blade|razor blades|axe|hammer|bat|rope|noose|ligature|screwdriver"
    "|bottle of acid|sword)"
)
_HEIGHT = (
    "(bridge|ledge|roof|rooftop|cliff|cliffs|railway|railway line|train line|train tracks|tracks|rails|railings"
    "|window ledge|parapet|viaduct|flyover|scaffolding|multi storey|tower block|top of the car park|wrong"
    " side)"
)
_DEEP = "(sea|river|water|canal|lake|road|traffic|motorway|tracks)"

STATED = {
    "danger in so many words": f"""
        danger ; in danger ; overdose ; overdosed ; overdosing ; od ; oded ; oding ; {_IS} (not|never) safe ;
        isnt safe ; (its|this is|is) an emergency ; emergency ;
        (need|want|get|send|call|calling|called|phone|ring) * (an|) ambulance ; (need|get|send|call) * police ;
        999 ; nine nine nine ; help (me|) (hes|shes|theyre) ; life or death ; (matter|question) of life and death ;
        ^(ambulance|police)$ ; ^(ambulance|police) (please|now|quick|quickly|here|help) ; ^an ambulance ;
        mewn perygl ; gorddos ; ambiwlans ; (am|mynd i) ladd fy (hun|hunan) ;
        wedi (cymryd|llyncu) * (tabledi|dabledi|tabledau|moddion) ;
        (im|were|shes|hes) unsafe ; (cant|cannot) keep (myself|him|her|us|them|you) safe ;
        dont think (im|were|hes|shes) safe
    """,
    "poison and tablets": f"""
        ^(taken|took|swallowed|drunk|drank|necked|downed|eaten|injected) * {_DRUGS} ;
        (taken|took|necked|swallowed|injected) (loads|lots|a lot|a load|a handful) (of|) (them|it|stuff|)$ ;
        ^(taken|took|swallowed) (them|them all|it all)$ ;
        (swallowed|eaten|ate) * (battery|batteries|magnet|magnets|glass|blade|blades|razor|pins) ;
        (drunk|drank|drinking|swallowed) * (petrol|acid) ;
        {_WHO} (had|eaten|taken) (about|over|around|like|at least|) {_MANY} * {_DRUGS} ;
        {_WHO} (taken|took|swallowed|drunk|drank|necked|downed|eaten|injected) * {_DRUGS} ;
        (taken|took|swallowed|necked|injected) * (too many|too much|all|whole|lots of|a load of|loads of|
        handful|packet|box|bottle|everything) ; (taken|took|swallowed) (something|some stuff|stuff) ;
        (all|whole) (my|the|his|her|of my|of the|of his|of her) (tablets|pills|meds|medication|packet|box) ;
        poisoned (myself|himself|herself|me) ;
        (have|ive) taken some$ ; {_MEDICINE} (are|) in my hand ;
        (already|just|ive) (already|just|gone and|) (taken|swallowed|drunk) (them|them all|it all) ;
        (got|have|holding) (the|all the|enough|loads of|lots of|a load of) {_MEDICINE} (here|ready|in|with|
        lined|next|on) ; done something (stupid|silly|terrible) ; (already|ive|just) done it ;
        (drinking|swallowing|taking) * (bleach|poison|antifreeze)
    """,
    "weapons": f"""
        {_IS} armed ; (tied|tying|made|making) (a|the) (noose|ligature) ; (noose|ligature) is (tied|ready|up|round) ;
        (got|has|have|holding|with|hold|theres|there is|pulled|pulling|waving|carrying) (a|an|the|my|his|her|
        this|out a|some|) (big|kitchen|bread|stanley|sharp|little|) {_BLADE} ;
        {_BLADE} (to|at|against|in|on|round|around) (my|his|her|the|our|me) (throat|neck|wrist|wrists|hand|
        chest|stomach|head|arm|me) ;
        (shot|stabbed|slashed) (me|him|her|himself|herself|myself|someone|somebody|my) ; {_IS} (shooting|stabbing) ;
        been (stabbed|shot|poisoned|strangled)
    """,
    "wounds": f"""
        (ive|i have|hes|he has|shes|she has|just|has|theyve|im|is) (just|really|gone and|badly|) (cut|cutting|
        slit|slashed|sliced|stabbed|burnt|burned) (myself|himself|herself|themselves|my|his|her) ;
        (cut|slit|slashed) (my|his|her) (wrist|wrists|throat|neck|artery) ;
        (cut|slit|slashed) {_SELF} (and|really|so|too|very|now|quite|pretty) (it|its|deep|deeply|bad|badly|i|
        theres|blood|there) ; (wont|will not|doesnt|cant get it to|cant make it) stop bleeding ;
        cant stop (the|his|her|my|it) (bleeding|blood) ;
        bleeding (a lot|badly|out|heavily|everywhere|to death|really|loads|and|quite) ;
        {_IS} (still|really|just|) bleeding ; blood (everywhere|all over|is everywhere|pouring|gushing|spurting) ;
        (so much|losing|lost|lots of|loads of) (a lot of|so much|) blood ;
        (hurting|harming|hanging|burning|strangling) {_SELF} (now|right now|again) ;
        {_IS} (hurting|harming|cutting|burning|strangling|suffocating) {_SELF} ;
        (self harming|selfharming) (now|right now|tonight|again|at the moment) ;
        (cut|gone|went|going) (too|really|so|very) deep
    """,
    "high places, tracks, water": f"""
        {_IS} * (on|off|over|at|onto) (the|a|top of the|this|that|an) * {_HEIGHT} ;
        (standing|stood|sat|sitting|climbed|climbing|hanging|walking) * (on|off|over|onto|up|at) (the|a|top of|
        this|that) * {_HEIGHT} ; (on|over) the (edge|ledge|railings|barrier) ;
        ^on the (bridge|ledge|railway|tracks|train tracks|rails|railings)$ ;
        (standing|stood|sat|sitting|right) (at|by|near) the edge ; {_IS} (at|on|up at) beachy head ;
        (standing|stood|sitting|sat|lying) (in|on) the (road|motorway|tracks) ;
        on top of (a|the|this) (multi|building|tower|car park|block|bridge|cliff) ;
        (walking|walked|wading|running|run|ran|going|gone|jumped|jumping|fallen|fell) (out|) (into|onto) (the|
        ) (middle of the|) {_DEEP} ;
        (walking|walked|running|run|ran|stepped|jumped|jumping) (out|) (in front of|under) (the|a|) (cars|car|
        traffic|train|lorry|bus) ;
        {_SOON} (crash|drive|step|walk|run) (the car|my car|this car|it|myself|out|) (into|off|onto|under) (the|
        a|this|) (wall|tree|bridge|cliff|train|lorry|bus|car|oncoming|sea|river|water|canal|lake|road|traffic|
        motorway|tracks) ; {_SOON} (step|walk|run|jump) (out|) in front ; {_SOON} crash ;
        (in|into) the (river|sea|water|canal) (now|and|its) ; {_IS} (drowning) ;
        {_IS} (in|into) the (sea|river|water|canal|lake) ; train (is|) coming ;
        (front of|under) (a|the|this) (train|lorry|bus)
    """,
    "about to": f"""
        {_SOON} (jump|hang|drown|shoot|stab|overdose|do it|end it|end my life|end things|slit|take them|
        take them all|take all|throw myself|set fire|kill|die|hurt|harm|cut) ;
        {_SOON} kms ;
        (im|hes|shes|i am) (jumping|hanging|drowning|killing {_SELF}|ending it|ending my life|doing it) (now|
        tonight|right now|) ;
        (trying|tried|tries) to (kill|hang|strangle|drown|jump|stab|suffocate|smother|burn) {_SELF} (now|
        tonight|today|just now|again|right now) ;
        {_IS} trying to (kill|hang|strangle|drown|jump|stab|suffocate|smother|burn|hurt|cut|get in|break in|
        break the door|run me over)
    """,
    "ligature and breath": f"""
        (rope|belt|cord|noose|ligature|wire|scarf|bag|lead|sheet|something) (is|) (tied|) (round|around|
        over) (my|his|her|their) (neck|throat|head) ; (hung|hanged) {_SELF} ;
        (found|find) (him|her|them) (hanging|unconscious|on the floor) ;
        (found|find) my ({_KIN}) (hanging|unconscious|on the floor) ;
        (not|isnt|stopped|barely|hardly|struggling with) breathing ; (cant|cannot|can not|hardly|barely) breathe ;
        ^passing out$ ; {_IS} (choking|suffocating|unconscious|unresponsive|collapsing|passing out) ;
        (has|hes|shes|just|theyve) (collapsed|passed out) ; unconscious ; unresponsive ;
        (wont|not|cant|doesnt) wake (up|him|her|them) ; (wont|isnt|not) waking up ; not waking ;
        having (a|another) (heart attack|stroke|seizure|fit) ;
        {_OTHER} (is|) (not|isnt|stopped) (moving|responding)(?! (in|out|on|to|house|away|back|up|forward)) ;
        {_OTHER} (is|) fitting$ ; {_OTHER} (is|) fitting (now|again|and|on) ; (turned|turning|gone|going) blue ;
        (im|hes|shes|theyre) dying ; foaming at the mouth
    """,
    "somebody is hurting somebody": f"""
        (hes|shes|theyve|he has|she has) (just|) (hit|punched|kicked|strangled|attacked|beaten|
        stabbed) {_SOMEBODY} ; (hes|shes|theyve|he has|she has) got my * and (wont|will not) (let|give) ;
        {_IS} (hitting|beating|strangling|choking|attacking|stabbing|kicking|punching|hurting|raping|killing|
        smothering|threatening|assaulting) (up|) {_SOMEBODY} ;
        (keeps|started|wont stop|cant stop him) (hitting|beating|kicking|hurting|punching) (me|her|him|us|my) ;
        being (attacked|beaten|beaten up|raped|strangled|stabbed|assaulted|followed|held|hurt|kidnapped|chased) ;
        (hands|hand) (round|around|on) (my|her|his) (throat|neck) ;
        (just|tonight|now) (hit|raped|attacked|beat|beaten|strangled|stabbed) (me|her|him|us|my) ;
        (hit|raped|attacked|strangled|beat|beaten) (me|her|him|us) (tonight|just now|right now|again now|
        up tonight) ; been (raped|attacked|assaulted|beaten up|kidnapped) ;
        (going to|gonna|about to|threatening to|says hes going to|says he will|says hell) (kill|hurt|stab|shoot|
        burn|attack|hit) {_SOMEBODY} ;
        (breaking|kicking|smashing) (in|down the door|the door in|the door down|the door|the window|my door) ;
        (smashing|smashed|wrecking) (up|) (the|my|our|everything) (house|flat|place|room|up|door|window|) ;
        broken in ;
        (theres|there is|there are) (someone|somebody|a man|men|people) (in|inside|trying to get in|
        breaking) (to|) (my|the|our) (house|flat|home|room|kitchen|garden) ;
        (tried|tries) to (kill|strangle|stab|drown|smother|rape|burn) (me|her|him|us) (tonight|today|just now|
        now|again|earlier) ; (banging|kicking) * (on|at) (the|my) door ;
        (someone|somebody|a man|hes|they are|theyre) (is|) (in|inside) (my|the|our) (house|flat|home|room) (and|
        with|now|right now) ; (someone|somebody|a man) (is|) (in|inside) (my|our) (house|flat|home)$ ;
        (held|holding|keeping) (me|us|her|him) (hostage|prisoner|captive|down) ;
        locked (me|us|her|him) in ; wont let (me|us|her) (go|out|leave)
    """,
    "fire and gas": """
        (theres|there is) a (big|) fire$ ;
        (theres|there is) a (big|) fire (in|and|here|at|downstairs|upstairs|now) ; ^fire (fire|help|please) ;
        (on fire|set fire to|set myself alight|set himself alight|set herself alight) ;
        (poured|pouring|covered in|doused) * petrol ; (turned|left) the gas on
    """,
}
"""What people say when harm is happening now or about to."""

FIGURES = """
        (taken|took|takes) * (off|away from) (me|him|her) ;
        (i|we|they|she|he) (rang|called|phoned|dialled) 999 (yesterday|last|earlier|before|this|the|on|a|two|
        three|twice) ; (told|says|said|advised|asked) (me|us|him|her|) to (ring|call|phone|dial) 999 ;
        (know|knew|remember) to (ring|call|phone|dial) 999 ;
        (id|i would|ill|i will|i could|i can|if i) (ring|call|phone|dial) 999 ;
        (on|over|at|by|near) the edge of (my|the|his|her|a) (bed|sofa|chair|seat|bath|pool|room|table|town|
        village|city) ; (on|over|at|near) the edge of (?!(the|a|an|this|my|it|everything) )[a-z]+ ;
        breathe (through|out of) (my|his|her|the|one) (nose|nostril) ;
        shooting (pool|hoops|darts|stars|star|a|up|pains|pain) ; let go of ; drive into (town|work) ;
        crash (at|on|out|early|in bed) ; (laptop|laptops|phone|phones|computer|computers) (is|) about to crash ;
        (taken|took) it all (on|in) ;
        (taken|took) (loads|lots|a lot|a load|too much) (of|) (time|photos|pictures|notes|abuse|effort|courage|
        work) ; taken on ;
        in danger of (losing|missing|failing|falling behind|forgetting|becoming|being (late|evicted|sacked|
        homeless|fired)) ;
        (ring|call|dial|phone) 999 if (im|i am|hes|shes|its|theres) (ever|) (in|) (any|immediate|) danger ;
        (phone|battery|laptop|tablet|computer) (is|) (about to|going to|gonna) die ;
        (weather|heat|commute) is killing me ;
        (kids|children|shoes|heels|feet) are killing me ; (taken|took|takes) it all the wrong way ;
        dying of (embarrassment|boredom|shame|heat) ;
        (its|thats|this is|back is|head is|feet are|pain is|stress is|job is|silence is) killing me ;
        (hospital|discharged|admitted|treated|recovering|recovered|survived) (after|from|for|following|with|
        ) (an|my|the|his|her) overdose ; stranger danger ; danger money ; danger zone ;
        (died|dead|death|passed away) (of|from|to|after|by) (an|a|her|his) overdose ;
        lost * (to|from|after) (an|a|her|his) overdose ;
        overdose of (work|stress|news|chocolate|sugar) ; jump (in|into) (the|a|my) (shower|bath|car|pool|taxi|bed) ;
        jump (on|onto) (the|a|my) (bus|train|bike|call|trampoline|zoom|meeting) ;
        jump (for joy|the queue|through hoops|to conclusions|ship|up and down|at the chance|around|rope) ;
        drowning in (work|debt|paperwork|bills|it all|emails|everything) ; a cut above ;
        going to (die|kill me) (laughing|of embarrassment|of shame|of boredom|alone) ;
        dying (to|for) (see|know|a|hear|tell|meet) ; die of (embarrassment|boredom|shame) ;
        emergency (fund|contact|contacts|loan|accommodation|housing|tax|food|credit|number|payment|exit|
        appointment|prescription|services) ; not an emergency ; isnt an emergency ; no emergency ; non emergency ;
        999 (was|is) (busy|useless) ; on fire with ;
        (job|team|league|career|phone|laptop|computer|battery) (is|) (dying|on fire) ;
        on the edge of (my seat|town|the village|the city|the forest) ;
        blood (test|tests|pressure|sugar|sugars|results|donor|sample) ;
        (going to|gonna) kill (time|two birds|for a|it at|some time) ;
        (going to|gonna) hurt (their feelings|his feelings|her feelings|my feelings) ;
        (going to|gonna|about to) cut (my hair|the grass|down|back|ties|contact|him off|her off|them off|
        the call|out) ;
        bleeding (hell|angry|mad|livid|tired|useless|heart|obvious|cold|awful|ridiculous|stupid|annoying) ;
        (going to|gonna) (do it) (the dishes|my homework) ; (going to|gonna) hang (up|out|around|on|my|the) ;
        (going to|gonna) jump (off) (the|this) (call|phone|line) ;
        (going to|gonna|about to) end (the|this) (call|conversation|relationship|chat) ;
        (taken|took) (everything|all) (from me|away|out|off|on|too far|into account|the wrong way) ;
        (taken|took) all (day|night|week|morning|year|my|of my|the) (energy|strength|courage|time|money|
        confidence) ; (taken|took) too (long|much on|much time) ;
        (taken|took) (something|stuff) (from|out|back|away|to the)
"""
"""Figures of speech and ordinary business that hold the same words. Left out of account before anything
is looked for."""

ROUTINE = f"""
        (take|taken|took|taking|had|have) (my|his|her|their|our) (own|usual|normal|regular|daily|nightly|
        morning|evening|night|night time|prescribed|prescription|) {_MEDICINE} ;
        (take|taken|took|taking|had) (just|only|) (a|an|one|two|1|2|half|half a|a couple of) (of|) (my|the|his|
        her|those|) (sleeping|pain|) {_MEDICINE}
"""
MORE_THAN_ROUTINE = """
        all of ; all them ; whole ; the lot ; every ; too many ; too much ; lots ; loads ; packet ; packets ; box ;
        boxes ; bottle ; bottles ; handful ; die ; dying ; dead ; end it ; end my ; kill ; goodbye
"""
"""Medicine taken as it should be, or one or two for a headache: also left out, unless more is said with it."""

DENIALS = """
        not ; isnt ; arent ; wasnt ; never ; without ; out of ; no longer ; havent ; hasnt ; havnt ; didnt ; dont ;
        doesnt ; aint ; ddim ; nid ; nobody is ; no one is ; nobody has ; no one has ; nobodys ; no ones ; rather than ;
        dont (think|believe) (that|) (im|i am|hes|shes|theyre|were|theres) ; instead of
"""
DENIAL_LINKS = """
        in any an a at the immediate actually currently really yet ever been got have had has to even actual
        physical real going be taken took
"""
"""What clearly denies the words that follow, at once or after these links. "No" is not among them: "no, he's got a
knife" is an answer. It denies a bare noun only ("no danger", "no immediate danger")."""

WISHES = """
        think of ; think about ; thinking ; thinks ; thought ; thoughts ; dream ; dreamt ; dreams ; dreaming ;
        nightmare ; nightmares ; imagine ; imagining ; wish ; wished ; wonder ; wondering ; want ; wants ; wanted ;
        wanting ; feel like ; feels like ; felt like ; feeling like ; as if ; like im ; urge ; urges ; tempted ;
        idea ; ideas ; considered ; considering ; if i ; if he ; if she ; if you ; if im ; if hes ; if shes ;
        if theres ; if there ; if someone ; if somebody ; if anyone ; if my ; what if ; in case ; when someone ;
        scared ill ; afraid ill ; worried ill ; scared i might ; worried i might ; read that ; read about ;
        film where ; might(?! have) ; may(?! have) ; could(?! have) ; would ; worried about ; scared of ;
        afraid of ; fear of ; talked about ; talks about ; talking about ; read about ; film about ; course on ;
        leaflet about ; training on ; used to ; risk of ; what happens ; nearly ; almost ; how to ; how many ;
        how much ; planned ; planning
"""
WISH_LINKS = """
        to of about that on an a the my just it take taking get getting go going jumping have having another
        doing some more being i im id would could might will by off from in how what feel like all up was
        after when youve you happen if took taken takes take is there ever any someone somebody
        theres
"""
"""What makes a wish, a thought, a fear or a question of the words that follow."""

LONG_AGO = """
        (years|year|months|month|weeks|decades|ages) ago ; a long time ago ; years back ;
        last (year|month|week|summer|winter|spring|autumn|christmas) ; in the past ; used to ; back then ;
        back in the day ; (in|since|back in) (19|20)[0-9][0-9] ; history of ; previous ; previously ;
        as a (child|kid|teenager|teen|student) ; at (school|uni|university) ; a few times ; many times ;
        once or twice ; in my (teens|twenties|thirties|forties) ;
        when (i|he|she|we) (was|were) (a|in|at|about|only|just|) (young|younger|little|small|kid|child|teenager|
        student|school|uni|my teens|[0-9]+|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|
        fifteen|sixteen|seventeen|eighteen|nineteen|twenty) ; before
"""
"""What puts the words beside it in the past. "Last night", "yesterday" and "earlier" do not: harm done then may still
be going on."""

_WRITTEN_FOR = {
    "gonna": "gona gunna ganna gna", "going": "goin goign", "want to": "wanna", "ive": "iv", "took": "tuk",
    "some": "sum", "something": "somthing sumthing smth", "the": "teh da",
    "myself": "meself myslef mysef", "knife": "nife", "pills": "pilz",
    "tablets": "tabs tabz tablits",
    "kill": "kil kll killl", "jump": "jmp", "breathing": "breathin breething", "bleeding": "bleedin",
    "ambulance": "ambulence ambulanse",
}  # fmt: skip
_MEANT_BY = {written: meant for meant, several in _WRITTEN_FOR.items() for written in several.split()}
"""How words of danger, and those around them, are typed and said."""

_OTHER_WORDS = {"dangers", "dander", "danker", "bride", "brides", "bridle", "bridges", "bridged", "bridget"}
"""What is one letter from a word of danger and another word."""


def _slips(word: str) -> set[str]:
    """What is one slip of a finger from it: a letter too few, too many, wrong, or two of them swapped. The first letter
    is right."""
    parted = [(word[:at], word[at:]) for at in range(1, len(word) + 1)]
    letters = "abcdefghijklmnopqrstuvwxyz"
    return {
        *(head + tail[1:] for head, tail in parted if tail),
        *(head + letter + tail[skip:] for head, tail in parted for letter in letters for skip in (0, 1)),
        *(head + tail[1] + tail[0] + tail[2:] for head, tail in parted if len(tail) > 1),
    }


_SLIPS = {
    slip: word
    for word in ("danger", "knife", "overdose", "bridge")
    for slip in _slips(word)
    if slip not in _OTHER_WORDS
}  # fmt: skip
_SPELLED = re.compile(r"\b(?:[A-Za-z][ .\-]{1,2}){3,}[A-Za-z]\b")
_GAP = re.compile(r"[ .\-]+")
_ODED = re.compile(r"\b[oO]\.?[dD]\.?['’`][eE]?[dD]\b|\bODe?d\b")

_NOW = re.compile(r"\b(?:now|tonight|again|this time|right away|still)\b")
_PRESENT = re.compile(
    r"(?:ive|i have|im|i am|hes|he has|he is|shes|she has|she is|is|has|have|theyve|theyre|were|got|theres)\b"
)
_ASKED_FOR = re.compile(r"\b(?:ambulance|police|999)\b")
_NO_NOUN = re.compile(r"\bno (?:immediate |real |actual |physical |current )?$")
_NOUN = re.compile(r"(?:danger|overdose|emergency|ambulance|police|unconscious|blood)\b")
_NOT_SURE = re.compile(
    r"\b(?:sure|know|certain|tell)(?: (?:if|whether|that|im|i|am|is|its|he|hes|she|shes|they|theyve|we|were|are|theres"
    r"|or|not|havent|ive|has|taken|took|had|got|an|a))+ $"
)


def in_danger_now(text: str) -> bool:
    """Whether `text` (a transcript or a text message, any length) states danger or harm now. Never raises
    an error."""
    return met(text) is not None


def met(text: str) -> str | None:
    """The words of `text` that state danger or harm now, the first that do, as plain small words; None if none do.

    For a nurse to read beside what the person wrote, never to be kept: they are the person's own words. Never raises an
    error.
    """
    clauses = [" ".join(map(_mended, clause)) for clause in plain_clauses(_spoken(text))]
    if not any(map(_MORE.search, clauses)):
        clauses = [_ROUTINE.sub("~", clause) for clause in clauses]
    clauses = [_FIGURE.sub("~", clause) for clause in clauses]
    counting = (found.group() for clause in clauses for found in _STATED.finditer(clause) if _counts(found, clause))
    return next(counting, None)


def digest() -> str:
    """A short text that is another one as soon as any table here is changed: the second half of VERSION."""
    tables = (
        STATED, FIGURES, ROUTINE, MORE_THAN_ROUTINE, DENIALS, DENIAL_LINKS, WISHES, WISH_LINKS, LONG_AGO, _WRITTEN_FOR,
        sorted(_OTHER_WORDS), sorted(_SLIPS), _NOT_BETWEEN,
        [one.pattern for one in (_NOW, _PRESENT, _ASKED_FOR, _NO_NOUN, _NOUN, _NOT_SURE, _SPELLED, _ODED)],
    )  # fmt: skip
    return hashlib.sha256(repr(tables).encode()).hexdigest()[:8]


def _spoken(text: str) -> str:
    """With what is spelled out, letter by letter, put together, and with "OD'd" written as it is meant."""
    return _SPELLED.sub(lambda letters: _GAP.sub("", letters.group()), _ODED.sub(" overdosed ", text[:LONGEST]))


def _mended(word: str) -> str:
    return _MEANT_BY.get(word) or _SLIPS.get(word, word)


def _counts(found: re.Match[str], clause: str) -> bool:
    before, words, after = clause[: found.start()], found.group(), clause[found.end() :]
    if _NOT_SURE.search(before):
        return True
    if _DENIED.search(before) or (_NO_NOUN.search(before) and _NOUN.match(words)):
        return False
    if _ASKED_FOR.search(words) or _NOW.search(after):
        return True
    return not (
        _WISHED.search(before) or _AGO_AFTER.match(after) or (_AGO_BEFORE.search(before) and not _PRESENT.match(words))
    )


def _phrases(table: str) -> list[str]:
    return [re.sub(r"\|\s+", "|", " ".join(phrase.split())) for phrase in table.split(";")]


def _pattern(phrase: str) -> str:
    words = re.sub(r" ?\(([^()]*)\|\)", r"(?: (?:\1))?", phrase)
    words = words.replace(" * ", rf"(?: (?!(?:{_NOT_BETWEEN})\b)[a-z0-9]+){{0,3}} ")
    return re.sub(r"\((?!\?)", "(?:", words)


def _any(table: str) -> str:
    return "(?:" + "|".join(map(_pattern, _phrases(table))) + ")"


_NOT_BETWEEN = "not|never|no|thinking|thought|want|wanting|wish|dreaming|imagining|planning|about|used|nearly|almost"
"""Words that `*` does not stand for, because they turn the sentence round."""

_STATED = re.compile(rf"\b{_any(';'.join(STATED.values()))}\b")
_FIGURE = re.compile(rf"\b{_any(FIGURES)}\b")
_ROUTINE = re.compile(rf"\b{_any(ROUTINE)}\b")
_MORE = re.compile(rf"\b{_any(MORE_THAN_ROUTINE)}\b")
_DENIED = re.compile(rf"\b{_any(DENIALS)}(?: (?:{'|'.join(DENIAL_LINKS.split())}))* $")
_WISHED = re.compile(rf"\b{_any(WISHES)}(?: (?:{'|'.join(WISH_LINKS.split())}))* $")
_AGO_AFTER = re.compile(
    rf"(?: (?!(?:and|but|so|because|since|cos|then)\b)[a-z0-9]+){{0,3}} {_any(LONG_AGO)}\b(?! (?:i|he|she|it) )"
)
_AGO_BEFORE = re.compile(rf"\b{_any(LONG_AGO)}(?: (?!(?:and|but|so|because|then|ive|im|hes|shes)\b)[a-z0-9]+){{0,4}} $")
