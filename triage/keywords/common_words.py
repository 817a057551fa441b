"""English words, so that a word of the language is not taken for a slip of a keyword.

Two lists. `common`: what people say every day and above all in distress; such a word always means itself.
`known`: these and other words and first names; near a keyword they are asked about, never acted on. Whatever is
in neither list is not a word as far as this service knows, and so may be a slip.

Written by hand from general knowledge, the commonest words first, and checked for gaps against lists of word
frequency; a word that is missing is added here. Only base forms are listed: the endings are made by the rules
below, a few too many rather than too few ("goed" harms nobody). Words that suit a line as keywords may stand
here too: a service's own keywords are looked for before these lists are asked.
"""

import re
from collections.abc import Iterator
from functools import cache

_COMMON_VERBS = """
accept accuse act add admit affect afford agree aim allow annoy answer apologise apologize appear apply argue arrange
arrest arrive ask assault assess assume attack attend avoid bang bash batter beg behave believe belong bite blame
bleed block bother bottle break breathe bring bruise bully bump burn bury call calm cancel care carry catch cause
change charge chase chat cheat check choke choose claim clean clear climb close collapse come comfort complain concern
confess confuse consider contact continue control convince cook cope cost cough count cover crash crawl create cry
curse cut deal decide deserve destroy detain die disappear disappoint discharge discuss disgust disturb divorce do
dream dress drink drive drop drown drug dump dwell eat embarrass end enjoy escape evict exist expect expire explain
express face faint fail fall fear feed feel fight fill find finish fit fix float follow force forget forgive freak
freeze frighten gamble gather get give go grab greet grieve groan grow grieve guess haemorrhage hallucinate handle
hang happen harass harm hate haunt have heal hear help hesitate hide hit hold hope hug humiliate hunt hurry hurt
ignore imagine improve include inject injure insist insult intend interrupt involve isolate jail join joke judge jump
keep kick kidnap kill kiss knock know lack laugh lay lead learn leave lend let lie lift like listen live lock look
lose love make manage manipulate matter mean medicate meet mention message mind miss moan move murder nag need neglect
notice numb obsess offend offer open operate order overdose overreact overthink overwhelm own owe pace panic park pass
pay persecute phone pick plan play plead poison possess pray prefer prepare prescribe press pretend prevent promise
protect prove provoke puke pull punch punish push put question quit ramble rape reach react read realise realize
reassure receive recognise recognize recommend recover refer refuse regret reject relapse relate relax release rely
remain remember remind remove repeat reply report require rescue resent respond rest restrain result return ring risk
rock rot ruin run save scar scare scrape scratch scream section see seem sell send sense separate settle shake share
shiver shock shoot shout show shut sit slam slap slash sleep slice slip slit smack smash smell smile smoke smother
snap sniff sob solve sort sound speak spend spiral spit split squeeze stab stalk stand stare start starve stay steal
step stick stop strangle stress strike struggle study stutter succeed suck suffer suffocate suggest suicide supply
support suppose surprise survive suspect swallow swear switch take talk teach tear tease tell text thank think
threaten throw tidy tie torment torture touch traumatise trap treat tremble trick trigger trouble trust try turn twist
understand upset use visit vomit wait wake walk want warn wash waste watch weep whisper win wish withdraw wonder work
worry wound wreck write yell
"""
_COMMON_NOUNS = """
abuse abuser access accident ache acid addict addiction address adult advice age agency alarm alcohol alcoholic alley
allergy ambulance amount anger animal ankle anniversary answer antidepressant anxiety apology appetite appointment
area arm arse assessment asylum attempt attention attitude aunt auntie baby back bag bank bastard bath bathroom
beating bed bedroom beer behaviour belief belt benefit bereavement betrayal bill bipolar bit bitch blade blanket blood
body boiler bomb bone boss bottom box boy boyfriend brain breakdown breath bridge brother building burden bus business
button cancer car carer case cat cell centre chance chemist chest child childhood choice church cigarette circle city
client clinic cliff clothes cocaine coffee college comment company complaint concern condition condom confidence
connection consultant contact cop corner council counselling counsellor country couple courage court cousin crash
crime crisis crowd cruelty cup cupboard custody dad damage danger date daughter day deal death debt decision delusion
dementia demon depression desire despair detail dementia devil diagnosis difference difficulty direction disability
disaster discharge disease disorder distress doctor dog door dose doubt drawer drug drunk duty ear eating edge
education effect effort electric emergency emotion end enemy energy episode event evidence ex excuse experience eye
face fact failure family father fault favour fear feeling fight finger fire flashback flat floor fool foot friend
friendship funeral future game garden gas gift girl girlfriend glass god gran grandad granddad grandma grandmother
grandfather grandson granddaughter grief ground group guard guardian guess guilt gun guy habit hair hand hatred head
headache health heart heartbreak heating hell help heroin history hole holiday home hope hospital hostel hour house
housing husband ice idea idiot illness image impact incident infection infant information injection injury insomnia
insulin interest internet issue jail job joke journey judgement keyword kid kitchen knee knife lady landlord lawyer
ledge leg letter liar lie life ligature line list liver loneliness loss loser lot luck lunch lung machete mam man
manager marriage mate matter mattress mania manic meal meaning med medication medicine meeting meltdown memory mental
mess message method mind minute miscarriage misery mistake moment money monster mood morning mother mouth mum mummy
murder muscle music name nan nausea neck need neighbour nephew nerve niece night nightmare noise noose nose note
number nurse officer operation opinion option organ overdose pack packet pain pal panic paper paracetamol parent
parking part partner party past patient pattern payment peace people period person phone picture piece pill place plan
plaster point police policeman pound power prayer pregnancy prescription pressure prison problem professional promise
property psychiatrist psychologist psychosis punishment purpose question quiet railing railway razor reaction reality
reason relationship relative religion rent respect response result road roof room rope routine rubbish sadness safety
saint scar schizophrenia school seizure self sense sensation service session shame shelter shift shop shoulder shower
side sight sign silence sin sister situation skin smell social solicitor son song sorrow sort soul space spirit staff
stage stair state statement stepdad stepmum stomach story strain stranger street strength stress stroke stuff suicide
supermarket support surgery surprise symptom system table tablet tap tear teacher team teenager telephone television
temper tension therapist therapy thing thought threat throat time toast toilet tomorrow tongue tonight tooth top
trauma traffic train treatment trouble truth tummy tunnel twin type uncle unit university update van vein verdict
victim video view violence visit visitor voice vomit waist wall ward water way weakness weapon wedding week weekend
weight wife will window wine winner woman word work worker world worry wound wreck wrist year youth bleach tap needle
syringe spike rehab detox withdrawal methadone diazepam codeine morphine cannabis weed booze vodka whisky drink petrol
lighter match ache agony torture hatred rage fury grudge regret nobody burden waste nothing
"""
_COMMON_ADJECTIVES = """
able absolute abusive accidental actual addicted afraid aggressive alive alone amazing angry anxious apart ashamed
asleep attached available aware awake awful awkward bad basic beautiful bent big bitter black bleak blind bloody blue
bored brave brief bright brilliant broken broke brown busy calm careful certain cheap chronic clean clear clinical
close cold comfortable complete confident confused constant cool correct crap crazy critical cruel curious current
daft damn dangerous dark dead deaf dear decent deep depressed desperate different difficult direct dirty disabled
disgusting disturbed dizzy done double drunk dry due dull dumb early easy elderly embarrassed embarrassing emotional
empty entire evil exact exhausted exhausting extra extreme faint fair fake familiar fast fat final fine finished first
flat fond foreign free fresh frequent friendly frightened frightening full fucked fucking funny general gentle genuine
glad good grand grateful great green grey gross guilty half happy hard harsh heavy helpless helpful high hollow
homeless honest hopeless horrible horrid hot huge hungry hurt ill immediate important impossible inner insane intense
intentional irritable irritated jealous kind last late lazy left less light likely little local lone lonely long loose
lost loud lovely low lucky mad main massive maximum mean medical mental mere mild minor miserable missing mixed moody
nasty natural necessary negative nervous new nice noisy normal numb obvious odd okay old only open ordinary other
overwhelmed overwhelming painful pale paranoid past pathetic perfect personal physical pink plain pleased poor
positive possible powerless pregnant present pretty previous private proper proud psychotic public quick quiet rare
raw ready real recent red regular relentless responsible rich right rough rude sad safe same scared scary secret
secure self selfish senseless sensitive separate serious severe sexual shaky sharp short shy sick silent silly similar
simple single slight slow small smart sober soft sore sorry special specific stable steady stiff still straight
strange strict strong stuck stupid sudden suicidal sure suspicious sweet tearful tender tense terminal terrible
terrified terrifying thick thin thirsty tight tiny tired total tough toxic tragic traumatic trapped troubled true ugly
unable unaware unbearable uncomfortable unconscious uneasy unfair unhappy unkind unreal unsafe unstable unwanted
unwell upset urgent used useful useless usual vague valuable vile violent vulnerable warm weak weary weird well wet
white whole wicked wide wild wise withdrawn wonderful worried worse worth worthless wrong young
"""
_COMMON_PLAIN = """
say says mr mrs set sets far fun won non sex sexy fuck army wow etc mid anti two three four five six seven eight nine
ten twenty thirty forty fifty sixty hundred hundreds thousand thousands million second third fourth fifth sixth
seventh eighth ninth women woman men children feet teeth heard born begun percent probably fully truly hopefully
unfortunately basically honestly seriously literally obviously mostly constantly suffering willing boring breathing
drowning choking bleeding medical housing benefits violence haha bullshit asshole pissed knackered skint poorly
nowhere ridiculous overdosed unresponsive armed haunted sectioned sectioning a about above across actually after again
against ago ah ahead all almost along already alright also although always am an and another any anybody anyhow
anymore anyone anything anyway anywhere apparently are arent around as aside ate at away badly barely be became
because been before began begun behind being below beneath besides best better between beyond bled blew bloody both
bought bound bring brought built but by bye came cannot cant caught chosen could couldnt cos daddy daily despite did
didnt does doesnt doing done dont down drank drawn dreamt driven drove drunk due during each eaten either else enough
even ever every everybody everyday everyone everything everywhere except fallen fed fell felt few fewer fled flew for
forever forgave forgiven forgot forgotten fought found from froze frozen full further gave given goes going gone
goodbye goodnight got gotten grew grown had hadnt halfway happened hardly has hasnt have havent having he held hello
her here hers herself hey hi hid hidden him himself his how however hung i if ill im in indeed indoors inside instead
into is isnt it its itself ive just kept knew known kind laid last later least led left lent less lest let lets lied
like literally lit lost lots made many may maybe me meant meantime met might mine miles mistaken more most mostly much
must my myself naked near nearby nearly neither never nevertheless next no nobody none nonsense nor normal not nothing
now nowadays nowhere o of off often oh ok on once one ones online only onto or other others otherwise ought our ours
ourselves out outdoors outside over overnight own paid pants per perhaps please plus quite ran rang rather really rid
rode rose round rung sake sang sat saw secondly seen sent several shall shan she shes shit shook shot should shouldnt
shown shut since slept slightly slowly so sold some somebody somehow someone something sometime sometimes somewhat
somewhere soon sort sorta speaking spent spoke spoken stole stolen stood stuck such sunk sure swam swore sworn taken
taught than thanks that thats the their theirs them themselves then there therefore theres these they theyre thing
this those though thought threw through throughout thrown till to today together told tomorrow tonight too took tore
torn toward towards twice under underneath unless unlike until up upon upset upstairs downstairs us usual very via was
wasnt we wed weekly well went were werent what whatever when whenever where wherever whether which while who whoever
whole whom whose why will with within without woke woken wont wore worn worse worst would wouldnt written wrote yeah
yes yesterday yet you your youre yours yourself monday tuesday wednesday thursday friday saturday sunday january
february march april june july august september october november december christmas easter birthday eleven twelve bit
lad lass bloke mom grandparents kids tv gp ae cpn amhp cmht pip ptsd ocd adhd bpd ocd bipolar autistic autism asd nhs
bpd ed edt eupd otc tabs drunk wanna gonna gotta dunno kinda cuz tho ur gona goin nite tonite coz bcos bcuz idk rn omg
lmao ffs wtf tbh ngl btw fml pls plz thx mins hrs
"""

_OTHER_VERBS = """
abandon abolish absorb accelerate accompany accomplish achieve acquire adapt adjust admire adopt advance advertise
advise alert alter amaze amuse analyse announce anticipate appeal appoint appreciate approach approve arise assemble
assign assist associate assure attach attract award bake balance ban bargain bark bathe beam bear beat beckon become
beg bend bet betray bid bill bind blast blend bless blink bloom blow blur blush board boast boil bolt book borrow
bounce bow brake breed brew bribe brighten broadcast browse brush bubble budge build bundle burst bust buy buzz
calculate camp cap capture cast celebrate challenge chant cheer chew chill chop chuck circulate clap clarify clash
click cling clip coach coast collect colour combine command commit communicate compare compete compose compress
conceal concentrate conclude conduct confirm connect consist construct consult consume contain contribute convert
convey copy correct correspond cough crack cram crave creep criticise crop cross crouch crumble crush cuddle curl
cycle damp dance dangle dare dash dawn debate declare decline decorate decrease defeat defend define delay delete
deliver demand demonstrate deny depart depend deposit describe design desert detect determine develop devote dig dim
dine dip direct disagree disclose discover dismiss display dissolve distract distribute dive divide dodge donate doze
drag drain draw drift drill drip drum dry duck earn ease echo edit educate elect eliminate emerge emit emphasise
employ enable encourage engage enhance enter entertain envy equip erase erupt establish estimate evaluate evolve
exaggerate examine exceed exchange excite exclude execute exercise expand explode explore expose extend extract fade
fan fancy farm fasten fetch file film filter fire fish flash flatter flee flick flip flood flow flush fly fold fool
forbid forecast form frame fry fulfil fund gain gallop gaze generate giggle glance glare glow glue govern grant grate
grin grind grip groom growl guarantee guide halt hammer hand harden harvest hatch haul hear heat hike hint hire hop
host house hover howl hum identify illustrate impress impose imply import incline increase indicate indulge influence
inform inherit inhale inspect inspire install instruct insure interpret interview introduce invade invent invest
investigate invite iron irritate itch jog juggle knead kneel knit label labour land launch lean leak leap lecture lick
limit link load loan locate log long loom maintain marble march mark marry mash master match mature measure melt mend
merge milk mimic mine mix mock model monitor mop mount mourn mow muddle multiply nail navigate nip nod nominate nurse
observe obtain occupy occur oppose organise organize oust outline overcome overlook oversleep pack paint pant
participate paste pat patch pause pave pedal peddle peel peep perform permit persuade pet pinch place plant please
plot plough pluck plug point poke polish pop pose post pour practise praise preach precede predict present preserve
print proceed process produce program progress project prompt pronounce propose provide publish pump purchase pursue
puzzle qualify quarrel quote race raid rain raise rank rate rattle rave reap rear rebel recall recite reckon record
recruit reduce reflect reform refresh register regulate rehearse reign reinforce rejoice relieve renew rent repair
replace represent request research resemble reserve resign resist resolve restore restrict retain retire retreat
reveal reverse review revise revive reward rid ride rinse rip rise rob roll rotate row rub rule rumble rush sack sail
salute sample satisfy scan scatter score scrub seal search season seat seek seize select serve sew shade shape shave
shed shelter shine ship shop shove shred shrink shuffle sigh sign signal sin sing sink sip ski skip slide slow snatch
sneak sneeze snore snow soak soar soften sow spare spark sparkle specify spell spill spin splash spoil sponsor spot
spray spread spring sprinkle spy squash squat squeak squirt stack stain stall stamp staple stare steer stem stir
stitch store storm stray strap stretch strip stroke stroll strum stuff stumble submit subtract sue suit sum supervise
surf surrender surround suspend sustain sway sweat sweep swell swim swing tackle talk tame tan tap target taste tattoo
tax tempt tend term test thaw thrive throb tick tickle tilt time tip tire toast toss tour trace track trade trail
train transfer transform translate transport travel trend trim trip trot trust tuck tug tumble tune twinkle type undo
undergo undertake unite unlock unpack unwind urge utter vanish vary veil venture view volunteer vote wail wallow
wander warm warp wave wear weave weigh welcome whale wheel whine whip whirl whistle widow wilt wind wink wipe wobble
wrap wrestle wrinkle yawn yearn yield zip zoom
"""
_OTHER_NOUNS = """
ability absence academy account ache acorn acre action activity actor actress adder adventure advantage advert affair
affection afternoon agenda agent agreement aid air aircraft airport aisle album alien alley alliance ally almond alpha
alphabet altar amber anchor angel angle ankle answer ant antique apartment apple appliance apricot apron arbour arch
architect archer argument arrow artist ash aspect asset assistant athlete atmosphere attic auction audience aunt
author authority autumn avenue average award axe bacon badge badger bail baker bakery balance balcony ball balloon
ballot bamboo banana band bandage banjo banker banner bar barber bargain barge bark barley barn baron barrel barrier
base basement basin basis basket bass bat batch battery battle bay beach bead beam bean bear beard beast beat beauty
beaver bee beech beef beetle beggar beginner beginning bell bench berry bet bible bicycle bike billow bin birch bird
birth birthday biscuit bishop bison bite blackberry blackbird blade blanket blast blaze blend blessing blind blizzard
block blog blossom blow bluff blunder board boat bodice bolt bond bonus book booking boom boost boot booth border
borough bottle boulder bow bowel bowl boxer bracket brake bramble branch brand brandy brass bread break breakfast
breast breed bracken breeze brewery brick bride brim bristle brook broom broth bruise brush bubble bucket buckle bud
budget buffet bug builder bull bullet bundle bunny burger burrow bush butcher butler butter buttercup butterfly buyer
buzzard cabbage cabin cabinet cable cage cake calendar calf camel camera camp campaign campus canal canary candidate
candle candy cane canoe canopy canvas canyon cap capacity cape capital captain caravan carbon card cardinal career
cargo carnation carol carpet carriage carrot cart carton cartoon cash casket cast castle casual catalogue category
cathedral cattle cauldron cause cave ceiling celebration celebrity cedar cellar cello census century cereal ceremony
chain chair chalk chamber champion channel chapel chapter character charcoal charge charity charm chart charter cheek
cheese chef cherry chess chestnut chick chicken chief chimney chin chip chocolate choir chord chorus chum chunk cider
cinema circuit circus citizen civil clam clamp clan clash class classic clause claw clay cleaner clearing clerk
climate clinic clip cloak clock cloth cloud clover clown club clue coach coal coast coat cobble cobweb cock cockle
cocoa coconut cod code coffin coil coin colander collar colleague collection colonel colony column comb comet comedy
comfort commander commission committee communication community comparison compartment compass competition complex
composer compost compound compromise computer concept concert conclusion concrete condition conference conflict
congress connection consequence constable container contest context contract contrast conversation cookie cooker
copper copy coral cord cordial core cork cormorant corn cornet corpse corridor cost costume cottage cotton couch
counter county coupon course courtyard cow coward cowboy crab cradle craft crane crate crayon cream creation creature
credit creek crescent crest crew cricket criminal critic crocus crop cross crow crown crumb crust crystal cub cube
cuckoo cuff culture curb cure currant curlew curriculum curry curtain curve cushion customer cycle cylinder daffodil
dagger dairy daisy dam dame damsel dancer dandelion dart dash data database deadline dealer dean decade deck deer
defence degree delay delight delivery demand den denial dentist department deposit depth deputy desert design desk
dessert destiny detective device dew dial diamond diary dictionary diesel diet digit dimension dinner dinosaur dip
diploma director dirt disc disco discount discovery dish disk distance district ditch diver division dock document
dollar dolphin domain donkey donor dot dough dove downpour dozen draft dragon dragonfly drain drama drawing drift
drill drive driver drought drum dryer duchess duck duet duke dune dungeon dust dwarf eagle earring earth earthquake
east eater echo eclipse edition editor eel egg elbow elder election element elephant elevator elf elk elm embassy
ember emerald emperor empire employee employer engine engineer enquiry ensemble enterprise entrance entry envelope
environment era error essay essence estate estimate ether evening ewe examination example exchange excitement exercise
exhibition exit expense expert explosion export exposure extension extent fabric facility factor factory faculty fairy
faith falcon fame fan fang fantasy fare farm farmer fashion feast feather feature federation fee fellow fence fern
ferry fever fibre fiddle field fig figure file film filter finch finding fin fir firm fish fisherman fist flag flake
flame flamingo flannel flare flash flask flavour fleece fleet flesh flight flint flock flood flour flow flower flu
fluid flute foal foam focus fog foil folder folk font football force forehead forest forge fork form formation fort
fortress fortune forum fountain fox foxglove fraction fracture frame freedom freezer fridge fringe frog front frost
fruit fuel function fund fur furnace furniture furrow gadget gale gallery gallon gang gap garage garlic garment garnet
gate gateway gazelle gear gem gene generation genius ghetto ghost giant giraffe girdle glacier glance glimpse globe
gloom glory glove glow glue gnome goal goat gold goldfinch golf goose gorge gorilla gorse government gown grace grain
gram grammar grape graph grass grasshopper gravel grave gravity gravy grazing grease greenhouse grill grin grip grocer
groom grove guest guide guild guilt guinea guitar gulf gull gum gutter gym gypsy hail hairbrush hall halo ham hamlet
hammer hammock hamster handbag handkerchief handle hanger harbour hardware hare harmony harness harp harper harrow
harvest hat hatch haven hawk hawthorn hay hazel haze header headline hearing heather heaven hedge hedgehog heel height
heir helicopter helm helmet hen herb herd hermit hero heroine heron herring highlight highway hill hilltop hind hinge
hint hip hippo historian hobby hockey holder holly hollyhock homework honey honour hood hoof hook hoop horizon horn
hornet horse hose host hostage hotel hound household hull human humour hunger hunter hurdle hurricane hut hyacinth
hydrangea hymn ibis icing icon iguana income index industry ink inn inquiry insect insight inspection inspector
instance institution instruction instrument insurance intention interview introduction invasion invention investment
invitation iris iron island isle item ivory ivy jacket jackdaw jade jaguar jam jar jasmine jaw jay jazz jeans jelly
jersey jet jewel jigsaw jockey jug juggler juice jumper jungle junior juniper jury justice kangaroo kennel kernel
kestrel kettle key kick kiln kilo kiosk kindness king kingdom kingfisher kit kite kitten kiwi knight knot knuckle
koala label labour lace ladder ladybird lagoon lake lamb lament lamp lance lane language lantern lap lapwing larch
larder lark laser latch laundry laurel lava lavender law lawn layer lead leader leaf leaflet league leak leather
lecture leek legend lemon lemonade lens lentil leopard lesson lever liberty librarian library licence lichen lid
lifeboat lighthouse lightning lilac lily limb lime limit limpet linen linnet lion lip liquid literature litter living
lizard llama load loaf loan lobby lobster loch locker locket lodge loft log lollipop lookout loop lord lorry lottery
lotus lounge lover lullaby lunar lupin lynx lyric machine magazine magic magnet magnolia magpie maid mail mailbox mall
mallard mammal management mane manner manor mansion mantle map maple marathon marble margin marigold marina marine
mark marker market marketing marlin marmalade marrow marsh marshal mask mass master mat material maths maze mayor
maypole meadow measure meat mechanic medal media medium melody melon member memo memorial menu mercy mermaid merchant
merit metal meteor meter metre midnight midwife mile milk mill miner mineral mining minister mink minnow minority mint
miracle mirror mission mist mistletoe mixture moat mobile model module mole moment monarch monastery monitor monk
monkey monument moon moonlight moor moose mop moss moth motion motive motor mould mound mount mountain mouse moustache
movement movie mud muffin mug mulberry mule museum mushroom mussel mustard mutton mystery myth nail napkin nation
nature navy necklace nectar needle neighbourhood nest net nettle network newspaper newt nickname nightingale nod node
noon north nostril notebook notion novel nursery nut nutmeg oak oar oasis oat oath object oboe ocean octopus odour
office oil ointment olive onion opening opera operator opportunity opponent opposite orange orbit orchard orchestra
orchid order organisation organization orient origin ornament orphan osprey ostrich otter outcome outfit outlet
outline output oven overall overcoat owl owner ox oxygen oyster pad paddle page pail painter painting pair palace palm
pan pancake panda panel pansy panther pantry parade paradise paragraph parcel park parrot parsley parsnip partridge
passage passenger passion password pasta paste pastor pastry pasture patch path patience patio pavement paw pea peach
peacock peak peanut pear pearl pebble pedal peel peg pelican pen penalty pencil penguin penny pension peony pepper
percentage perfume peril permission pest pet petal petrel petunia pewter pheasant philosophy phoenix photo photograph
phrase physics piano pie pier pig pigeon pile pillar pillow pilot pimple pin pine pineapple pint pioneer pipe piper
pirate pistol pit pitch pitcher pixie pizza plaice plain plane planet plank plant plaque plastic plate platform
platter player pleasure plenty plough plum plumber pocket poem poet poetry polar pole policy politician politics
pollen pond pony pool poplar poppy population porch porcelain porpoise port porter portrait position possession post
postcard poster pot potato potion potter pottery poultry powder practice prairie praise prawn preference premises
presence presentation president press price pride priest primrose prince princess principle print printer priority
privet prize procedure process produce product production profession professor profile profit program programme
project proof proportion proposal protection protest provision publication publisher pub pudding puddle puff puffin
pulse pump pumpkin punch pupil puppet puppy purchase purple purse puzzle pyramid python quail quality quantity quarrel
quarry quart quarter quartz quay queen queue quilt quince quiz quota rabbit raccoon race rack radar radiator radio
radish raft rag rage rail rain rainbow raindrop raisin ram ranch range ranger rank rapid raspberry rat rate ratio
rattle raven ray rebel recall receipt reception recipe record recording recruit reed reef reel referee refuge refund
region register rein reindeer reference regard regime rehearsal reign relation relay relief remark remedy reminder
rent repair replacement reporter representation reputation republic request requirement research reservation reserve
reservoir residence resident resource restaurant retreat revenue reverend review revolution reward rhubarb rhythm rib
ribbon rice riddle rider ridge rifle rim ringlet ripple rise rival river robbery robe robin robot rocket rod role
roman romance rook root rose rosemary rota round route rover row rowan ruby rucksack rug rugby ruler rumour runner
rush rust sack saddle saffron sage sail sailor salad salary sale salmon salon salt sample sanction sanctuary sand
sandal sandwich sapphire satellite satin sauce saucepan saucer sausage saviour saw saying scale scallop scandal
scarecrow scarf scene scenery scent schedule scheme scholar science scientist scissors scone scooter scope score scout
scrap screen screw script scroll sculpture sea seagull seal seahorse search seashell seaside season seat seaweed
second secretary section sector seed selection senate senior sentence sentry sequence sequin serenity serpent servant
server setting settlement shade shadow shallow shampoo shape shark shawl shed sheep sheet shelf shell shepherd sheriff
shield shingle ship shirt shoe shore shoreline shortage shorts shovel show shrew shrimp shrub shutter sibling sickness
siege signal signature silk silver simmer singer sink sir siren site size sketch ski skill skipper skirt skull sky
skylark slate sledge sleeve slice slide slogan slope slot slug smoke snack snail snake snow snowball snowdrop
snowflake snowman soap society sock sofa software soil soldier sole solution sonnet soup source south souvenir spade
spaniel spark sparrow speaker spear species spectrum speech speed spell sphere spice spider spinach spine spire sponge
spoon sport spot spray spread spring sprout spruce square squash squid squirrel stable stack stadium stag stake stalk
stall stamp stance standard star starfish starling starlight station statue status steak steam steel steeple stem
stepping stereo stern steward stick stigma stile stitch stock stocking stone stool storage store stork storm strand
strap strategy straw strawberry stream stretch string strip stripe student studio style subject substance suburb
success suede sugar suit suitcase suite sum summary summer summit sun sunbeam sundial sunflower sunlight sunrise
sunset sunshine supper surface surgeon surname surplus survey suspect swallow swamp swan swarm sweater sweep sweets
swell swift swing sword sycamore syllable symbol sympathy symphony syrup tack tail tailor tale talent tambourine
tangerine tank tape target tart task taste tavern tax taxi tea teapot technique technology teddy telescope temple
tenant tennis tent term terminal tern terrace territory test textbook texture theatre theft theme theory thicket thief
thigh thimble thistle thorn thread throne thrush thumb thunder thyme ticket tide tiger tile timber timer tin tinsel
tip tissue title toad tobacco toe toffee token tomato tomb ton tone tool torch tornado tortoise toss tot total toucan
tour tourist tournament towel tower town toy trace track tractor trade trader tradition trail trailer transition
transport tray treacle treasure treaty treble tree trellis trend trial triangle tribe tribute trick trickle trip
trolley troop trophy trouser trout trowel truck trumpet trunk tub tube tuft tug tulip tuna tune turban turf turkey
turn turnip turquoise turret turtle tutor tyre umbrella unicorn uniform union universe urn user valley value valve
vampire vapour variation variety vase vault vegetable vehicle veil velvet vent venture venue verb verse version vessel
vest vicar vice victory vine vinegar vineyard viola violet violin viper virtue virus vision vitamin volcano volume
vote voter voyage vulture wafer wage wagon wagtail waiter waitress wallet walnut walrus walton waltz war wardrobe
warehouse warmth warning warrior wasp watch waterfall watermelon wave wax wealth weasel weather weave web website
wedge weed weekday welfare well west whale wharf wheat wheel whip whirlwind whisker whistle wick widow widower wig
wilderness willow willpower wind windmill windscreen wing winter wire wisdom witch witness wizard wolf wonder wood
woodland woodpecker wool workshop worm wrap wren wrestler xylophone yacht yak yard yarn yew yoga yoghurt yolk zebra
zinc zone zoo harpist barbour labourer carpenter joiner glazier mason decorator electrician
"""
_OTHER_ADJECTIVES = """
abstract academic acceptable accurate active additional adequate adjacent adorable advanced alternative ample ancient
annual apparent appropriate arbitrary arctic artificial attractive automatic average bald bare bare blank blond blonde
blunt bold brisk broad burly casual central charming chilly civil classic classical clever clumsy coarse coastal
colourful commercial common compact compassionate competitive complex comprehensive concrete confidential conscious
conservative considerable consistent content conventional convenient corporate cosy costly creative crimson crisp
crooked crude crucial cunning curly cute damp definite delicate delicious democratic dense dependent detailed digital
dim distant distinct domestic dominant dramatic eager economic effective efficient elegant electric eligible enormous
equal essential eternal ethnic eventual excellent exciting exclusive exotic expensive external extraordinary fabulous
faithful famous fancy fatal favourite federal feminine fierce filthy financial firm flexible formal former fortunate
fragile frail frank fruity functional fundamental furious furry fuzzy generous giant global gloomy golden gorgeous
gracious gradual grim handy hardy healthy hearty historic historical holy hostile humble icy ideal identical idle
illegal imaginary immense inadequate incredible independent individual industrial inevitable influential informal
initial innocent intelligent intellectual internal international invisible jolly joint junior juicy keen lame large
lateral latter lavish lawful leafy lean legal legitimate level liberal limp linear liquid literary literal lively
logical loyal lucid luminous lunar magnetic magnificent major male female marginal marine marked married marvellous
massive mature maximum mechanical mellow merry messy mighty military minimal misty mobile moderate modern modest moist
moral muddy murky musical mutual mysterious naive narrow national native naughty neat neutral noble notable novel
nuclear numerous oral organic original outer outstanding overall pale parallel partial particular passive patient
peaceful peculiar permanent persistent plump polar polite political popular portable posh potential powerful practical
precious precise pregnant premium primary prime prior productive profitable prominent prompt prosperous puffy pure
purple quaint queer radical random rapid rational realistic reasonable relative relevant reliable religious reluctant
remarkable remote residential rigid ripe romantic rosy rotten royal rural rusty sacred salty sandy satisfied savage
savoury scarce scarlet scientific secondary senior sensible shallow sheer shiny significant silky silver skilled sleek
sleepy slender slim slippery smooth snowy sociable solar solid sophisticated sour southern northern eastern western
spare sparse spatial spicy spiritual splendid spontaneous square stale standard starry static statutory steep sterile
sticky stormy strategic striking stubborn subsequent substantial subtle successful sufficient suitable sunny superb
superior supreme surplus swift symbolic tall tame tasty technical temporary terrific theoretical thorough tidy
traditional transparent tremendous tropical typical ultimate underlying unexpected uniform unique universal unlikely
unusual upper upright urban utter vacant vain valid various vast verbal vibrant vicious virtual visible visual vital
vivid vocal volcanic voluntary wealthy weekly wholesome widespread windy wooden wool woolly yellow zany
"""
_OTHER_PLAIN = """
art arts cent pre pro sub tech mode accent alder alum arose auntie barrow beagle billow boundary breach bobbing bony
breezy burch burst cannon canon canton caste chanel cheery choral closet clove cloves cove copped coney craven
cemetery comic cue deacon dell dill docket dole dolly dome dope dude dungeon dunk embed fable fabled farrow fart fawn
fetal fiddler fistful flinch folly formica frenetic frown gable galley gasket glover heathen hinder hone honed horde
hypo inland kidney laughter lapping lily linger locus manga maven middle mull mistrial mellowed nestle niece oily oval
orb palsy panty patrol pawn pearly peer penal petty petrel pinot pistil pivot plumb plume prose pune punk puffing
quell rancour resin riot ripen robber rouse rove ruse sable sabre saloon scorn seam segment silvery sift sill skylar
sliver slum socket span spite spar sparkly spam stark starring startle startling stirling subset symphonic tango teal
teen thrash thrust tinder tanner topper torment toll trumped usable veal volley valour warden warble welder adorn
babble badly bladder blackboard bridal brittle bubbly buffoon bugger bugged causal cleaver combo cordon corral fillet
gardener golfer hamper islander lolly marketer meaty mundane orderly pecan preamble primer racket ramen reopen satchel
sequel sherry shelled sterling styling toner tourney towed treatise valet violate billow rotter badder templar wily
winch wizened zeal fissure fissile tuition clobber pestle ankles arches household hooligan hearth sunday news york
months forward heading limited addition interesting knowledge construction favorite levels administration chosen named
military defense analysis color colour structure village grade background completed development description
responsibility issued article cultural investigation parliament leadership center growth level regional festival arts
attorney minimum intelligence honor environmental email muslim asia asian focused identity distribution temperature
distributed delivered assembly capable combination solo educational entertainment goods statistics assistance
circumstance gender pacific resolution dedicated possibility bunch chemical opposition constitution employment
importance personnel perspective catholic electronic existence expression interior legislation maintenance personality
resistance retail championship expansion multi western protein retirement unknown automatically license presidential
representative democracy approval convention equivalent graduate neighborhood regulation contemporary criticism
extensive improvement inch topic auto partnership soccer audio clothing complicated format immigration impressive
province recognition elsewhere founder infrastructure offensive package poverty formula math photography arrival
component expectation explanation fiction lieutenant mini saving commissioner commitment custom electricity horror
iphone android architecture behalf comic economics electrical establishment islam islamic jewish jew christian racist
sexy trash bureau evolution inspiration promotion trans buddy congratulations ownership vacation fitness lifetime
makeup mortgage narrative occasionally occasion reduction translation amendment defensive efficiency experiment
increasing journalist pope agriculture commerce currency fraud immigrant legacy survival achievement consent
destruction fate frequency gaming headquarters heritage initiative landscape logic objective privacy ambassador app
banking chemistry consumption corruption epic exception impression input luxury manufacturer poll removal terrorist
theater virgin agricultural blues contribution genetic instant progressive veteran compensation composition
conservation density elementary guidance instagram facebook twitter youtube google participation proven transmission
wildlife communist component diversity feedback humanity innovation manual ongoing preparation railroad registration
underground versus amongst announcement arsenal biological discrimination documentary dynamic engagement footage
implementation laboratory psychology restriction racial accounting certificate default dialogue execution framework
franchise integrated interaction lifestyle lighting recommendation sacrifice worship worthy butt characteristic
collaboration consideration dual galaxy intent judgment logo prevention tourism chaos concentration corp earnings
hilarious quest radiation utility anime conspiracy controversy encounter equality exam intervention mainstream offense
seventh sooner abortion accuracy copyright conversion destination divine gay mama municipal naval nope suggestion
suspension terrorism treasury upgrade warrant civilian coalition controversial discipline graphic instantly laptop
legendary mario queensland syndrome ultra usage amateur cruise departure handsome imagination integrity interpretation
magical motivation pleasant socialist transaction unemployment unity advocate continuous creator criteria excess
imperial negotiation occupation pollution prisoner privilege punk slavery slave transformation convict beta villa
wireless gray favor heating aboard hereto abroad accordingly aground airborne aloud altogether amid among arisen aye
barefoot beaten became become bent bet bitten blown bred broadcast burst cheerio clung consequently couple cow crept
dealt dug drew fairly flown forth fourteen fifteen sixteen seventeen eighteen nineteen fortnight furthermore geese
hence hereon herein hooray hurrah ie knelt leapt learnt likewise london england wales scotland ireland britain british
english welsh scottish irish france french germany german spain spanish italy italian europe america american india
indian china chinese japan african latin greek roman leant lid meanwhile men mice mislaid moreover namely newly oxen
oddly overheard overtook partly plenty portsmouth southampton cowes ryde newport venice quid reddit regarding ridden
risen said sewn shone shrank shrunk slid smelt sought spelt spilt sprang sprung spun sank sang stank strode struck
stung sung swept swept swollen swung sown throughout thereby thus tick trod trodden underway understood undid undone
unto upside whereas whereby wherever whilst wholly withdrew wove woven wound aaron abigail adam adele adrian agnes
aidan alan albert alex alexander alexandra alfie ali alice alison alistair allan amanda amelia amy andrea andrew
angela angus anita ann anna annabel anne annie anthony antonia april archie arthur audrey barbara barry beatrice becky
belinda ben benjamin bernard bernie bert bess beth betty bev beverley bill billy bob bobby brad bradley brandon brenda
brian bridget bruce bryan callum cameron carl carla carly carol caroline carrie catherine cathy celia charles charlie
charlotte chelsea cheryl chloe chris christian christina christine christopher claire clara clare clive colin connor
conor craig cynthia daisy damian dan daniel danielle danny darren dave david dawn dean deb debbie deborah declan
denise dennis derek diana diane dom dominic don donald donna doreen doris dorothy doug douglas duncan dylan eddie
edith edward edwin eileen elaine eleanor elijah elizabeth ella ellen ellie elliot elsie emily emma eric erica erin
ethan eva evan eve evelyn fatima felix fergus fiona florence fran frances francis frank fraser fred freddie freya
gabriel gareth gary gavin gemma geoff geoffrey george georgia gerald geraldine gerry gill gillian gina glen gloria
gordon grace graham greg gregory gwen hannah harold harriet harrison harry harvey hayley hazel heather hector helen
henry hilary holly howard hugh hugo ian imogen irene iris isaac isabel isabella isla ivan ivy jack jackie jackson
jacob jacqueline jade jake james jamie jan jane janet janice jason jasmine jasper jay jean jeff jeffrey jemma jen
jenna jennifer jenny jeremy jerry jess jessica jessie jill jim jimmy jo joan joanna joanne joe joel john johnny jon
jonathan jordan joseph josh joshua joy joyce judith judy julia julian julie karen kate katherine kathleen kathryn
kathy katie katy kay keith kelly ken kenneth kerry kevin kieran kim kirsty kirk kyle laura lauren laurence leah leanne
lee len leo leon leonard les leslie lewis liam lilian lily linda lindsay lisa liz logan lorna lorraine louis louise
lucas lucy luke lydia lynn mabel maddie madeleine maggie malcolm mandy marc marcus margaret maria marian marie marilyn
marion marjorie mark marlene marlon martha martin martyn mary mason matilda matt matthew maureen maurice max maxine
may megan mel melanie melissa mia michael michelle mick miguel mike mildred millie miranda miriam mo moira molly
mohammed muhammad monica morgan muriel myra nadia nancy naomi natalie natasha nathan neil nell nellie niall nicholas
nick nicky nicola nicole nigel nina noah noel nora norma norman oliver olivia oscar owen pam pamela pat patricia
patrick paul paula pauline penny percy perry pete peter phil philip philippa phoebe phyllis polly priya rachel ralph
ray raymond rebecca reg reggie reuben rhys richard rick ricky rita rob robert roberta rodney roger roland ron ronald
ronnie rory rosalind rose rosie ross rowan roy ruby rupert russell ruth ryan sally sam samantha samuel sandra sara
sarah scott sean sebastian shane shannon sharon shaun sheila shelley shirley sian sid sidney silvia simon sonia sophia
sophie stacey stan stanley stella stephanie stephen steve steven stewart stuart sue summer susan susie suzanne sylvia
tamsin tania tanya tara ted teresa terri terry thelma theo theresa thomas tim timothy tina toby todd tom tommy toni
tony tracey tracy trevor tristan una ursula val valerie vanessa vera verity veronica vicky victor victoria vince
vincent viola violet vivian walter warren wayne wendy wilfred will william willie wilson winifred winston yasmin
yvette yvonne zac zachary zara zoe bailey barney berlin bonnie cora dane gordon hilda lila olga saul wanda willy wally
molly jupiter huron fisher hooper cooper carter turner parker barker walker wallace watson morris harris hughes
edwards green simpson thompson johnson robinson robertson hudson dawson hunter porter foster butler barton burton
horton
"""

_MAY_DOUBLE = re.compile(r"[^aeiou][aeiou][bdfgklmnprstvz]$|^[aeiou][dgmnpt]$|[^aeiou]u[aeiou]l$")


def common(word: str) -> bool:
    """Said every day, or above all in distress: it means itself, alone or with a keyword near."""
    return word in _common()


def known(word: str) -> bool:
    """A word of the language or a name, as far as this service knows."""
    return word in _known()


@cache
def _common() -> frozenset[str]:
    return frozenset(_forms(_COMMON_VERBS, _COMMON_NOUNS, _COMMON_ADJECTIVES, _COMMON_PLAIN))


@cache
def _known() -> frozenset[str]:
    return _common().union(_forms(_OTHER_VERBS, _OTHER_NOUNS, _OTHER_ADJECTIVES, _OTHER_PLAIN))


def _forms(verbs: str, nouns: str, adjectives: str, plain: str) -> Iterator[str]:
    yield from plain.split()
    for noun in nouns.split():
        yield from (noun, plural(noun))
    for verb in verbs.split():
        yield from (verb, *inflections(verb))
        yield from (form for ending in ("er", "ers") for form in _joined(verb, ending))
    for adjective in adjectives.split():
        yield adjective
        yield from (form for ending in ("er", "est") for form in _joined(adjective, ending))
        yield from (_adverb(adjective), f"{adjective}ness".replace("yness", "iness"))


def plural(word: str) -> str:
    """With its s: "daisies", "leaves", "churches", "harbours"."""
    if word.endswith("y") and word[-2:-1] not in tuple("aeiou"):
        return f"{word[:-1]}ies"
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return f"{word}es"
    if word.endswith(("af", "lf")):
        return f"{word[:-1]}ves"
    return f"{word}s"


def inflections(verb: str) -> Iterator[str]:
    """A verb's other regular forms: "stops", "stopped", "stopping"."""
    yield plural(verb)
    yield from (form for ending in ("ed", "ing") for form in _joined(verb, ending))


def _joined(word: str, ending: str) -> Iterator[str]:
    """A word with an ending that begins with a vowel: "tried", "making", "dying", and both "opened" and "stopped"."""
    if word.endswith("ie") and ending == "ing":
        yield f"{word[:-2]}ying"
    elif word.endswith("e"):
        yield (word if word.endswith("ee") and ending == "ing" else word[:-1]) + ending
    elif word.endswith("y") and ending[0] == "e" and word[-2:-1] not in tuple("aeiou"):
        yield f"{word[:-1]}i{ending}"
    else:
        yield word + ending
        if _MAY_DOUBLE.search(word):
            yield word + word[-1] + ending


def _adverb(adjective: str) -> str:
    if adjective.endswith("le"):
        return f"{adjective[:-1]}y"
    return f"{adjective[:-1]}ily" if adjective.endswith("y") else f"{adjective}ly"
