"""Every sentence the line speaks or texts by itself, named, in one place. Administrators may replace any of them
(`[wording]` in the service file); the names in braces are filled in.

Who approved what: the defaults are a draft for the deploying trust's clinical safety officer and service users' group.
The greeting is kept under 35 words (about 13 seconds spoken), so that with the silence after it anyone is waiting for a
nurse within 25 seconds of the call being answered.
"""

from collections.abc import Mapping
from typing import Final

from callflows import welsh

WRITTEN: Final[Mapping[str, Mapping[str, str]]] = {"cy": welsh.SENTENCES}
"""The other languages in which texts are written, by code."""

SENTENCES: Final[dict[str, str]] = {
    # the call
    "greeting": "This is {service}. If there is danger now, ring 999, press star, or say danger. "
    "If you know your area's keyword, say it or key it now. Otherwise, stay on the line.",
    "greeting_professional": "This is {service}, the line for professionals. A nurse will answer. Stay on the line.",
    "danger": "If you can, hang up and ring 999 now. You can also stay on this line: people in danger now go before everybody else.",
    "keyword_known": "Thank you. {word}. You are waiting for a mental-health nurse for {locality}.",
    "keyword_check": "{word}. Say yes, or press 1, if that is right.",
    "keyword_which": "Press 1 for {first}, 2 for {second}.",
    "keyword_not_known": "I do not know that word. You are waiting for a mental-health nurse all the same. Stay on the line.",
    "holding": "You are waiting for a mental-health nurse. Stay on the line.",
    "back_to_waiting": "The nurse's line was lost. You have kept your place, and somebody will be with you as soon as we can.",
    "joining": "A nurse is here.",
    "goodbye": "Thank you for calling. You can ring again at any time. Goodbye.",
    "goodbye_unheard": "We are sorry. This call is ending before a nurse could talk with you. If there is danger now, ring 999. "
    "You can ring us again at any time. Goodbye.",
    "goodbye_ring_back": "We are sorry. This call is ending before a nurse could talk with you. We will ring you on this number. "
    "If there is danger now, ring 999. You can also ring us again at any time. Goodbye.",
    # while waiting; every one of these must be true when it is said
    "wait_next": "You are next.",
    "wait_one_ahead": "One person is before you.",
    "wait_ahead": "{ahead} people are before you.",
    "wait_no_nurse": "No nurse is free yet. In danger now, ring 999.",
    "wait_minutes": "It is {minutes} minutes since you first rang.",
    "wait_danger": "If you can, ring 999 now. Press 4 if you cannot talk.",
    "wait_choice_call_back": "Press 1 to be called back, keeping your place.",
    "wait_choice_text": "Press 2 for local help by text.",
    "wait_choices": "Press 3 if you call for someone else, 4 if you cannot talk, star for danger now.",
    "wait_quiet": "You are still in the queue. We are here.",
    "choice_call_back": "We will ring you on this number, and you keep your place. Keep your phone near you. "
    "You can also ring again at any time. Goodbye.",
    "choice_no_call_back": "We cannot ring you on the number you are calling from, or it is hidden from us. Please stay on the line.",
    "choice_text": "We are sending you a text about help near you.",
    "choice_no_text": "We cannot text this number. Please stay on the line.",
    "choice_carer": "Thank you. The nurse will know that you are calling for someone else.",
    "choice_cannot_talk": "That is all right. The nurse will ask questions you can answer with keys: 1 for yes, 2 for no.",
    "choice_unknown": "That key does nothing here. You are still in the queue.",
    # ringing somebody back: says nothing of the service to a stranger or an answerphone
    "call_back_check": "Hello. If you asked for a call, press 1.",
    "call_back_over": "Thank you. Goodbye.",
    "call_back_nurse_gone": "Sorry, we lost the other side of this call. We will try again. Goodbye.",
    # nurses
    "nurse_offer": "{what} Press 1 to take this call, or hang up.",
    "nurse_text": "The conversation is yours. It is on your desk now.",
    "nurse_not_rung_back": "This person has rung off, and the line does not ring their number. It stays on your desk as "
    "owed. Goodbye.",
    "nurse_taken": "Thank you. Somebody else has this call already.",
    "nurse_no_key": "No key was pressed. The call goes to somebody else.",
    "nurse_connecting": "Connecting you now.",
    "nurse_ready": "Thank you. You are ready, and we will ring this number when somebody waits. Goodbye.",
    "nurse_not_known": "This number is not one of our nurses'. If you need help, ring the main line. In danger, ring 999.",
    "nurse_over": "The call is over. Log the outcome on your desk. Goodbye.",
    "nurse_reach_ready": "Press 1, and we ring the person you are texting with. They do not see your number.",
    "nurse_reach_ringing": "Ringing them now.",
    "nurse_reach_no_key": "No key was pressed, so nobody was rung. Goodbye.",
    "nurse_reach_over": "The text conversation is still on your desk. Goodbye.",
    "nurse_nobody": "Nobody is with you now. Press take next on your desk, and stay ready.",
    # people on duty
    "person_offer": "This is {service}. {what}. Press 1 to say you have it.",
    "person_has_it": "Thank you. It is yours now. The board has the details. Goodbye.",
    "person_no_key": "No key was pressed. Somebody else is rung. Goodbye.",
    # crews who ring
    "crew_key": "Crew line. Key your answer. 1 accept, 2 cannot, 3 moving, 4 there, 5 with person, 6 leaving, 7 arrived, "
    "8 clear, 9 help.",
    "crew_offer": "This is {service}. {what} Press 1 to accept, 2 if you cannot, 0 to hear it again.",
    "crew_no_key": "No key was pressed, so nothing is noted. Goodbye.",
    "crew_keys": "Press 3 moving, 4 there, 5 with person, 6 leaving, 7 arrived, 8 clear, 9 help.",
    "crew_more": "0 to hear the job, star to speak with the person.",
    "crew_texted": "Where it is comes to the car's telephone as a text.",
    "crew_not_texted": "This car's telephone stopped our texts, so where it is cannot come as one. Text START from it to this "
    "number, or ask the control room.",
    "crew_rung_back": "We ring this car's telephone now, and put you through to the person. Please hang up.",
    "crew_ready": "This is {service}, about job {tag}. Press 1 to be put through to the person. They do not see your number.",
    "crew_ringing": "Ringing the person now.",
    # the person, rung for the crew: says nothing of the service to a stranger or an answerphone
    "crew_person_check": "Hello. If you are expecting somebody, press 1 to speak with them now.",
    "crew_person_joined": "This is the response car from {service}. You can speak now.",
    # texts
    "text_first": "This is {service}. If there is danger now, ring 999. A nurse will read this and answer you here.",
    "text_first_place": "This is {service}. If there is danger now, ring 999. A nurse for {locality} will read this and answer "
    "you here.",
    "text_stays": "Our texts stay on this phone until you delete this conversation.",
    "text_who": "This is {service}.",
    "text_danger": "If there is danger now, ring 999, or text 999 if you have registered for that. "
    "People in danger now go before everybody else: a nurse will answer you here as soon as we can.",
    "text_danger_with_nurse": "If there is danger now, ring 999, or text 999 if you have registered for that. "
    "The nurse you are texting sees this.",
    "text_help": "This is {service}. If there is danger now, ring 999. A nurse reads this and will answer you here.",
    "text_place": "Thank you. A nurse for {locality} will answer you here.",
    "text_offer_local": "Text LOCAL for help near you.",
    "text_which": "Did you mean {words}? Text the word back, or yes if there is one. Either way, a nurse will answer you here.",
    "text_which_first": "Did you mean {words}? Text the word back.",
    "text_or": "or",
    "text_language": "Our automatic texts to you are in English from now on. The nurse sees that you chose it.",
    # roughly how long, after the first answer; every one of these must be true when it is sent
    "text_wait_no_nurse": "No nurse is free yet.",
    "text_wait_next": "You are next.",
    "text_wait_one": "One person is before you.",
    "text_wait_ahead": "{ahead} people are before you.",
    "text_wait_lately": "Lately people waited about {minutes} minutes.",
    "text_wait_not_known": "We cannot say how long it will be.",
    "text_call_back": "We will ring you on this number. Keep your phone near you. A nurse also reads what you write here. "
    "In danger now, ring 999.",
    "text_no_call_back": "We cannot ring the number you are texting from. A nurse will answer you here. In danger now, ring 999.",
    "text_promise_soon": "I will ring you on this number soon. Keep your phone near you. In danger now, ring 999.",
    "text_promise_by": "I will ring you on this number by {time}. Keep your phone near you. In danger now, ring 999.",
    "text_go_on": "Hello. We go on here by text, as we agreed. Write when you can. In danger now, ring 999.",
    "text_silence": "We are still here. Text back whenever you can, there is no hurry. In danger now, ring 999.",
    "text_still_waiting": "We have not forgotten you. You still have your place, and a nurse will answer you here. "
    "In danger now, ring 999.",
    "text_ending": "{next} You can text here again at any time. In danger now, ring 999.",
    "text_back": "We have your text, and a nurse will read it. You can tell us more while you wait. In danger now, ring 999.",
    "text_after": "Was talking with us helpful? Text 1 (not at all) to 5 (very), then anything you want to say. "
    "A nurse does not read this at once. In danger, ring 999.",
    "text_after_thanks": "Thank you. If you need somebody, text here again: a nurse reads that. In danger now, ring 999.",
    "text_tried_to_ring": "We tried to ring you. We will try again soon, or ring us back when it suits you.",
    "text_car_accepted": "Somebody is coming to you, as you asked. We text you again when they are near. In danger now, ring 999.",
    "text_car_near": "Whoever is coming to you should be there in about five minutes.",
    "text_car_moving": "Whoever is coming to you is on the way now.",
    "text_car_not_coming": "We are sorry: nobody is coming to you now after all. A nurse will ring you. In danger now, ring 999.",
    # what begins on our side may be read by others on a locked screen: nothing of the service in the first 40 characters
    "text_local_help": "These are the places near you, as you asked: {help}. {service}",
    "text_no_local_help": "You asked us to text you whom to ring. Samaritans: 116 123, day and night. In danger ring 999. "
    "You can ring us again at any time. {service}",
}


BEGUN_BY_US: Final = frozenset({
    "text_tried_to_ring", "text_car_accepted", "text_car_near", "text_car_moving", "text_car_not_coming", "text_local_help",
    "text_no_local_help", "text_go_on", "text_silence", "text_still_waiting", "text_after",
})  # fmt: skip
"""Texts to somebody who did not text us just now: discreet on a locked screen, which shows about 40 characters."""


def words(overrides: Mapping[str, str], name: str, language: str | None = None, /, **filled: object) -> str:
    """The sentence called `name`, the administrators' if they wrote one. Raises KeyError for a name that is not ours.

    In `language` where it is written in that one, else in English. The administrators' Welsh is kept as "cy." and the
    sentence's name.
    """
    written = WRITTEN.get(language or "", {})
    sentence = overrides.get(f"{language}.{name}") or written.get(name) or overrides.get(name) or SENTENCES[name]
    for key, value in filled.items():
        sentence = sentence.replace("{" + key + "}", str(value))
    return " ".join(sentence.split())
