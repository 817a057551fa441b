"""English words that are said alike and spelled differently, as plain data, in the speech of southern England.

Metaphone (see `sound`) leaves the vowels out and so needs the spelling to agree as well; "bury" and "berry" have
too little in common for that. Written by hand from general knowledge; a pair that is missing is added here. Words
joined here are one word to a listener: they collide, and each is recognised for the other.
"""

import re
from collections.abc import Sequence
from functools import cache

_SETS = """
abel able | addition edition | aerial ariel | air heir ere | aisle isle | alley ally | aloud allowed | altar alter |
anti auntie | ants aunts | arc ark | ascent assent | ate eight | aunt arent | awe oar or ore | bail bale | ball bawl |
band banned | bard barred | bare bear | baron barren | base bass | batten baton | bay bey | bazaar bizarre | be bee |
beach beech | bean been | beat beet | beau bow | beer bier | bell belle | berry bury | berth birth | bite byte |
blew blue | bloc block | boar bore | board bored | bold bowled | bolder boulder | boos booze | born borne |
borne bourne | borough burrow | bough bow | boy buoy | braid brayed | brake break | braking breaking | bread bred |
brewed brood | brews bruise | bridal bridle | broach brooch | brows browse | build billed | but butt | buy by bye |
cache cash | cain cane | carat carrot karat | cast caste | caught court | caw core corps | ceiling sealing |
cell sell | cellar seller | censor sensor | cent scent sent | cereal serial | chased chaste | cheap cheep |
check cheque | chilli chilly | choir quire | chord cord cored | chute shoot | cite sight site | clause claws |
climb clime | coal kohl cole | coarse course | coat cote | colonel kernel | complement compliment | coop coupe |
cosy cozy | council counsel | cousin cozen | creak creek | cream creme | crews cruise | cue queue kew |
currant current | curser cursor | cygnet signet | cymbal symbol | dam damn | days daze | dear deer | descent dissent |
dew due | die dye | doe dough | done dun | doughnut donut | draft draught | drier dryer | dual duel jewel | earn urn |
ewe yew you | ewes use yews | eye i aye | faint feint | fair fare | fairy ferry | farther father | fate fete |
faun fawn | feat feet | ferrous ferris | few phew | fill phil | find fined | finish finnish | fir fur | flair flare |
flaw floor | flea flee | flew flu flue | floe flow | flour flower | for fore four | foreword forward | forth fourth |
foul fowl | franc frank | frees freeze | freeze frieze | friar fryer | gait gate | gamble gambol | gays gaze |
gene jean | genes jeans | gilt guilt | gnaw nor | gnome nome | gorilla guerrilla | grate great | grave graven |
grease greece | green greene | grey gray | grisly grizzly | groan grown | guessed guest | guise guys | hail hale |
hair hare | hall haul | hangar hanger | harold herald | hart heart | haw hoar whore | hay hey | heal heel |
hear here | heard herd | heroin heroine | hew hue hugh | hi high | higher hire | him hymn | hoard horde |
hoarse horse | hole whole | holey holy wholly | hostel hostile | hour our | hues hughes | idle idol | in inn |
incite insight | jam jamb | jean gene | judgement judgment | key quay | knave nave | knead need | kneel neil |
knew new gnu | knight night | knit nit | knocks knox | knot not | know no | knows nose | lac lack | lain lane |
lam lamb | laps lapse | larva lava | law lore | lay ley | lead led | leads leeds | leak leek | leased least |
leicester lester | lessen lesson | levee levy | liar lyre | lichen liken | light lite | lime lyme | links lynx |
lion lyon | load lode | loan lone | loch lock | loot lute | made maid | mail male | main mane | maize maze |
mall maul | manner manor | mantel mantle | mare mayor | marshal martial | mask masque | maw more moor | mead meed |
meat meet mete | medal meddle | metal mettle | mews muse | might mite | mind mined | miner minor mynah | missed mist |
moan mown | moat mote | mode mowed | molly mollie | moose mousse | morning mourning | muscle mussel |
mustard mustered | naval navel | nay neigh | niall nile | oh owe | one won | paced paste | packed pact | pail pale |
pain pane | pair pare pear | palate palette pallet | passed past | pause paws pores pours | paw poor pore pour |
pea pee | peace piece | peak peek pique | peal peel | pearce pierce | pearl purl | peat pete | pedal peddle |
peer pier | pi pie | place plaice | plain plane | plait plat | pleas please | plough plow | plum plumb |
point pointe | pole poll | practice practise | praise prays preys | pray prey | prince prints | principal principle |
profit prophet | quarts quartz | rain reign rein | rained reigned | raining reigning | raise rays raze | rap wrap |
raw roar | read red | read reed | reads reeds | real reel | reek wreak | rest wrest | review revue | rhodes roads |
rhyme rime | right rite wright write | ring wring | road rode rowed | roam rome | roe row | role roll |
rood rude rued | root route | rose rows roes | rosie rosy | rota rotor | rough ruff | rouse rows | rung wrung |
rye wry | sail sale | sauce source | saw soar sore | scene seen | sea see | seam seem | sear seer | seas sees seize |
seeks sikhs | seoul soul | sew so sow | shake sheikh | shear sheer | shepherd sheppard | shoe shoo | shone shown |
side sighed | sighs size | sign sine | sink sync | slay sleigh | sleight slight | sloe slow | soared sword |
sole soul | some sum | son sun | sort sought | spade spayed | staid stayed | stair stare | stake steak | stalk stork |
stationary stationery | steal steel | stile style | storey story | straight strait | suede swayed | suite sweet |
sundae sunday | swat swot | tacks tax | tail tale | talk torque | tare tear | taught taut tort | tea tee | team teem |
teas tease | tern turn | their there theyre | threw through | throne thrown | thyme time | tide tied | tighten titan |
tire tyre | to too two | toad toed towed | toe tow | told tolled | ton tun | tonnes tons | tor tore | troop troupe |
trussed trust | undo undue | vain vane vein | vale veil | vial vile | wade weighed | wail wale whale | wain wane |
waist waste | wait weight | waited weighted | waive wave | wales whales wails | wall waul | war wore |
ware wear where | warn worn | wart wort | watt what | wax whacks | way weigh whey | we wee | weak week |
weakly weekly | weather wether whether | weir were | weld welled | wet whet | wheel weal | wheeled wield |
which witch | whig wig | while wile | whine wine | whirl whorl | whirled world | whiskey whisky | whit wit |
white wight | whos whose | wild wilde | woe whoa | wolf woolf | wood would | yoke yolk | yore your youre |
billie billy | carrie kerry | catherine katherine kathryn | christal crystal krystal | derek derrick | dillon dylan |
eddie eddy | jasmin jasmine yasmin | katie katy | lewis louis | lillie lilly lily | robbin robin robyn | rohan rowan |
sami sammy | shaun sean | sofia sophia | stewart stuart | toni tony
"""
"""Sets of words parted by |. Names with more than one spelling stand at the end."""

_SPELLINGS = (
    (re.compile(r"(?<=[a-z]{3})our$"), "or"),
    (re.compile(r"(?<=[a-z]{2}[^aeiou])re$"), "er"),
    (re.compile(r"(?<=[a-z]{3})is(?=e|ing|ed|ation)"), "iz"),
    (re.compile(r"ogue$"), "og"),
    (re.compile(r"(?<=[a-z]{3})ence$"), "ense"),
    (re.compile(r"ae(?=[^l])|oe(?=[s])"), "e"),
)
"""British spellings, and the American ones a carrier's transcript may have for them."""


def said_like(words: Sequence[str]) -> str:
    """One spelling for all that is said like these words, run together: "blew door" and "blue door" give the same."""
    return "".join(_one(word) for word in words)


def _one(word: str) -> str:
    if there := _first().get(word):
        return there
    if len(word) > 3 and word.endswith("s") and (there := _first().get(word[:-1])):
        return f"{there}s"
    for spelling, instead in _SPELLINGS:
        word = spelling.sub(instead, word)
    return word


@cache
def _first() -> dict[str, str]:
    """Each word with the first of those said like it. Sets that share a word are one."""
    first: dict[str, str] = {}
    for words in map(str.split, _SETS.split("|")):
        named = next((first[word] for word in words if word in first), words[0])
        merged = {first.get(word, word) for word in words}
        first |= {word: named for word, there in first.items() if there in merged}
        first |= dict.fromkeys(words, named)
    return first
