"""Sentences that state danger now, and sentences that do not. Written as people say them, without the tables in view."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callflows.danger import in_danger_now

NOW = """
danger
Danger!
I'm in danger
I am in danger right now
we're in danger
she's in danger
overdose
I've taken an overdose
I took an overdose an hour ago
I took an overdose last night
my son has taken an overdose
she's overdosed
I've taken tablets
I've taken loads of tablets
I have swallowed all my pills
he's taken a whole packet of paracetamol
I've taken too many
I took everything in the cupboard
I've drunk bleach
mum's taken all her medication
he's got a knife
He has got a knife
my brother's got a gun
there's a man with a knife
she's holding a knife to her throat
I've got a rope
I've cut myself and it won't stop
I've cut my wrists
I've cut myself
it won't stop bleeding
I'm bleeding a lot
there's blood everywhere
I'm on the bridge
I'm standing on the bridge
I'm on the edge of the roof
he's on the railway line
I'm sat on the train tracks
she's up on the roof of the car park
going to jump
I'm going to jump
I'm gonna jump
I'm about to kill myself
I'm going to kill myself tonight
I'm going to do it
he's trying to kill himself
he's got a belt round his neck
she's hanged herself
I found her unconscious
he's not breathing
she's stopped breathing
I can't breathe
he won't wake up
she's collapsed
my husband is hitting me
he's strangling her
he won't stop hitting me
he's trying to get in
he's going to kill me
he's kicking the door down
I've been stabbed
I've been raped
I'm being attacked
he won't let me leave
the house is on fire
I've poured petrol on myself
it's an emergency
I need an ambulance
could I get an ambulance please
please call the police
I'm not safe
I'm not sure if I'm in danger
I don't know if he's taken an overdose
no I'm in danger
no he's got a knife
No. He's got a knife
I want help I've taken an overdose
he left me last week and I've taken all my tablets
since my mum died I can't go on I've taken tablets
I took an overdose last year and I've done it again now
when I was out he took all his tablets
I used to be fine but he's got a knife
i want to die im on the bridge
Hi, it's Sam. I'm on the bridge and I don't know what to do
DANGER 😭
dаnger
I've taken 40 paracetamol
im od'ing
i've just necked a box of co-codamol
I've had about thirty pills
my daughter's taken something and she's really drowsy
she's slit her wrists
my partner is threatening me with a knife
he's pulled a knife on me
he's smashing the house up
someone's broken in
I'm in the sea
I'm stood on the wrong side of the railings
I'm by the tracks and there's a train coming
I'm about to jump
I want to die and I've taken pills
I think I've taken too many tablets
I might have taken too many
I'm scared he's going to kill me
my son is on the roof and he won't come down
he says he's going to kill himself now
she's going to jump
I'm cutting myself
I can't stop the bleeding
I'm losing blood
she's having a fit
he's unconscious
my dad's having a heart attack
I've injected too much insulin
there's a rope round my neck
he's locked us in
my boyfriend is beating me up
they're hurting me
help he's here
he's outside and he's got an axe
I've set fire to the flat
I've turned the gas on
I feel like dying and I've cut my arms really badly
send someone he's going to hurt the kids
I took a load of my mum's tablets
it's too late I've already done it
I've done something stupid
I'm in danger of being killed
he tried to strangle me tonight
my ex is kicking my door
I've got a blade in my hand
I never wanted this but I've taken them all
not sure whether to ring 999 he's taken an overdose
last year I was fine now I'm on the bridge
don't hang up I'm on the bridge
I can't do this I'm going to jump
no one knows I've taken an overdose
no I'm not he's got a knife
are you safe no im not hes got a knife
I've taken my tablets, all of them
I've taken my tablets and I want to die
took my whole packet of sertraline
I drank white spirit
hes hit my mum
he has just punched me
she swallowed a magnet
i am going to walk into the sea
gonna step in front of a lorry
I'm going to crash my car into a tree
he ran out into the traffic
she's jumped into the river
there's somebody inside my house
someone's trying to get in
there is a fire in the kitchen
my little boy is not moving
my wife is fitting
d.a.n.g.e.r
D A N G E R
im in dagner
im in dangre
hes got a knfie
hes got a kinfe
shes on the brigde
iv took an ovrdose
im gna kill myself
I can't keep her safe tonight
I don't think I'm safe
it's a matter of life and death
ambulance now
police please
I've got razor blades here
he's armed and he's outside
my dad's hitting my mum
he's strangling my sister
I've got all the pills lined up
I've just taken them all
I OD'd an hour ago
I've swallowed razor blades
he's standing by the edge
there are people in my house and they've got bats
I've made a noose
I'm burning myself
he's set himself on fire
i'm bleeding really heavily
help me she's stopped breathing
I can't tell if he's breathing he's gone blue
I know I said I wouldn't but I've taken them
he's hurting the kids
she's stood in the road
I'm not sure if there's a fire
I've OD'd
just od'd on my meds
dangerr
danjer
ambulance
ambulance please
there's a fire
I'm unsafe
I can't keep myself safe
taken 40 tablets
took pills
taken tabs
I've already taken them
drunk a bottle of bleach
swallowed a battery
it's too late I've taken them
I'm hurting myself
I'm self harming right now
I've cut too deep
I've tied a noose
I want to kill myself and I've got the tablets here
goin to kill myself
im on teh bridge
I'm walking into the sea
on top of a multi storey
standing at the edge
going to drive into a wall
he's attacking mum
someone in my house has got a knife
my baby isn't moving
""".strip().splitlines()

NOT_NOW = """
hello
harbour
I need somebody to talk to
I can't go on
I want to die
I want to kill myself
I wish I was dead
I don't want to be here any more
I've been thinking about suicide
I keep thinking about taking an overdose
I've had thoughts of jumping off a bridge
I want to jump off a bridge
I think about jumping in front of a train all the time
I feel like cutting myself
I feel suicidal
sometimes I wonder what would happen if I took an overdose
I'm scared of what I might do
my husband hurt me
he hit me last year
I don't feel safe at home
nobody would miss me
I can't cope
I'm so tired of everything
not in danger
I'm not in danger
I'm not in any danger
I am not in immediate danger
no danger
there's no danger
no immediate danger
out of danger
she's out of danger now
nobody is in danger
we're no longer in danger
I haven't taken any tablets
I haven't taken an overdose
I didn't take any pills
he hasn't got a knife
I'm not going to jump
I'm not going to kill myself
I'm not bleeding
I'm not on the bridge
I took an overdose last year
I took an overdose when I was sixteen
I took an overdose about three years ago
years ago I took an overdose
in the past I overdosed
I've taken overdoses before
I used to cut myself
I cut myself when I was a teenager
I have a history of overdose
my brother died of an overdose
I nearly took an overdose
I've taken my medication this morning
I'm in danger of losing my job
I'm in danger of being evicted
it's not an emergency
it isn't an emergency I just want to talk
can I have the number for emergency accommodation
I need to jump in the shower and then I'll ring back
I have a blood test on Friday
I'm drowning in debt
I'm on the bus
I'm by the harbour
I'm on edge all the time
he took everything from me
it's taken all my strength to ring you
I'm dying to see my grandchildren
bloody hell
I'm going to hang up now
I'm going to cut my hair
my daughter's missing
my mum has dementia and keeps getting lost
I'm calling from the ambulance station about a referral
what do I do if he hurts himself
I'm worried about my son
I'm ringing about my appointment
can a nurse call me back
I used to self harm
I self harm sometimes
my friend took an overdose in 2019
I read about overdose on the internet
he was violent to me years ago
I'm thinking of ending my life
I have plans to end my life next week
I feel unsafe
I don't feel safe with my own thoughts
he shouts at me every day
my ex used to hit me
I take tablets for depression
I take my tablets every morning
I've been taking sertraline for a year
my tablets aren't working
I ran out of tablets
I can't get my tablets until Monday
can I take paracetamol with sertraline
I've taken a day off work
I've taken up running
I'm on the train
I work on the railway
I live near the bridge
my flat is by the river
I'm having a panic attack
my chest is tight
I'm scared of heights
I'm scared of dying
I don't want to die
I'm not thinking of killing myself
no I haven't taken anything
no tablets no
I have never taken an overdose
my dad died by suicide
she jumped off a bridge ten years ago
the police were here last week
the ambulance crew told me to ring you
I was in hospital after an overdose last month
I got discharged after an overdose
my nurse asked if I was in danger
they said ring 999 if I'm in danger
we lost our son to suicide
I had a knife in the drawer but I gave it to my mum
he is not violent
I'm not being hurt
he's not going to hurt me
I'm hurting inside
it's killing me
my back is killing me
no
yes
1
STOP
I took it badly when he left
I've taken it all on board
I drank a glass of wine
I've had a glass of water
I had two glasses of wine
I'm sitting on the edge of my bed
he's not moving out until June
she's not responding to my messages
I'm going to crash on the sofa
I'm going in the car to my mum's
I've been running in the park by the river
I went for a walk by the canal
I'm walking home along the road
I took my meds this morning like normal
had my night time tablets already
I've had a couple of paracetamol for my back
I took an aspirin
she took her insulin before dinner
the nurse took my tablets away
I rang 999 earlier this week and they were lovely
they advised me to call 999
I'd call 999 if it got worse
if I was in danger I'd say
in case there's danger what do I do
I read that overdose is common
nobody is in danger here
no one's in danger
I don't believe I'm in danger
there isn't a fire
there was a fire at work in March
fire alarm woke me up
my kitchen is being fitted on Monday
a man in my flat block shouts
I lost my job and took loads of time off
my ex used to be armed forces
he cut me off the phone
you're cutting out
I'm cutting down on smoking
I'm going to walk into town
I can't let go of the past
he let go of my hand
I'm attacking this problem
I was shooting star tattoo
the bride was late
stop bridging the gap
I felt odd
I'm odd
it's odd
I'm on a tight rope at work
the tablets they gave me have side effects
I've taken on too much at work
I've done it all before
the police haven't rung back
I rang the police last month
my mum drank bleach when I was six
he strangled me years ago
I was stabbed in 2015
I had a knife collection as a teenager
do you think I should take my tablets
can I take two ibuprofen with alcohol
I forgot to take my pills
I'd never hurt anyone
I'm scared I might overdose one day
my brother works on the railway
I live by the bridge
we were talking about suicide at work
I'm so tired of living
I wanna die
i want to kill myself
I wish I could end it all
what happens if I ring 999
I've taken my tablets
I've taken my tablets today
two paracetamol for my headache
I took one of my sleeping tablets
I rang 999 yesterday
they told me to ring 999 if I was in danger
if there is danger I'd ring 999
what should I do if someone takes an overdose
nobody's in danger
I'm on the edge of tears
I can't breathe through my nose
I'm shooting pool
I read that someone took an overdose
I don't think I'm in danger
""".strip().splitlines()


@pytest.mark.parametrize("said", NOW)
def test_danger_stated_now_is_heard(said):
    assert in_danger_now(said)
    assert in_danger_now(said.upper())
    assert in_danger_now(f"hello, um, {said}, please help me")


@pytest.mark.parametrize("said", NOT_NOW)
def test_wishes_the_past_denials_and_ordinary_talk_are_left_to_the_nurse(said):
    assert not in_danger_now(said)


def test_danger_counts_wherever_it_stands_in_a_story():
    story = "I've been low since the summer. My tablets don't work. I'm not eating. "
    assert not in_danger_now(story)
    assert in_danger_now(story + "I've taken the whole packet. " + story)


@given(st.text(max_size=3000))
def test_any_text_has_an_answer(text):
    assert in_danger_now(text) in (True, False)


@given(
    st.sampled_from(NOW),
    st.sampled_from(["", ".", "!!", " 🙏", "...", "\n\n"]),
    st.sampled_from(["", " ", "...", "\t"]),
)
def test_punctuation_changes_nothing(said, after, before):
    assert in_danger_now(before + said + after)
