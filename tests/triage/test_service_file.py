"""What an administrator is told about a service file, line by line, and what a right one becomes."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import triage.local
from triage.service_file import Problem, ServiceFileError, read, read_text

EXAMPLE = Path(triage.local.__file__).parent / "example.toml"

CONTRACT = """\
[service]
name = "Solent Crisis Line"
[[locality]]
code = "iow"
name = "Isle of Wight"
[[line]]
number = "+441632960111"
locality = "iow"          # optional: where a caller is placed before any keyword
route = "111"             # 111 | direct | professional | crew | nurse
[[keyword]]
word = "harbour"
locality = "iow"
sounds_like = ["harbor", "arbour"]
agreed_by = "Island service users' forum"
agreed_on = 2026-03-01
[[staff]]
email = "ana@example.org"
name = "Ana"
roles = ["nurse"]         # nurse | dispatcher | supervisor | administrator
localities = ["iow"]
phone = "+447700900201"
skills = ["cyp"]
[[unit]]
call_sign = "IW01"
locality = "iow"
phone = "+447700900301"
crew = ["paramedic", "mental health nurse"]
"""


def problems_of(written: str) -> list[Problem]:
    with pytest.raises(ServiceFileError) as caught:
        read_text(written)
    return caught.value.problems


def told(written: str) -> list[Problem]:
    """What is said about a file; nothing when it reads."""
    try:
        read_text(written)
    except ServiceFileError as error:
        return error.problems
    return []


def test_the_contracts_own_example_reads_clean():
    service = read_text(CONTRACT)
    assert service.service.name == "Solent Crisis Line"
    assert [(line.number, line.locality, line.route) for line in service.lines] == [("+441632960111", "iow", "111")]
    (keyword,) = service.keywords
    assert (keyword.word, keyword.sounds_like) == ("harbour", ("harbor", "arbour"))
    assert (keyword.agreed_by, keyword.agreed_on) == ("Island service users' forum", date(2026, 3, 1))
    assert service.staff[0].roles == ("nurse",)
    assert service.units[0].crew == ("paramedic", "mental health nurse")


def test_a_car_stands_at_a_position_or_a_postcode():
    crew = 'crew = ["paramedic", "mental health nurse"]'
    for base in ("50.7010, -1.2930", "SZ 500 890", "PO30 1AA"):
        assert read_text(CONTRACT.replace(crew, f'base = "{base}"')).units[0].base == base
    [problem] = problems_of(CONTRACT.replace(crew, 'base = "the depot"'))
    assert "is not a place" in str(problem)


def test_the_example_service_shows_everything():
    service = read(EXAMPLE)
    assert len(service.localities) == 3
    assert {line.route for line in service.lines} == {"111", "direct", "crew", "nurse"}
    assert len(service.staff) == 12
    assert {role for person in service.staff for role in person.roles} == {
        "nurse", "dispatcher", "supervisor", "administrator",
    }  # fmt: skip
    assert len(service.units) == 4
    assert service.directory
    harbour = next(keyword for keyword in service.keywords if keyword.word == "harbour")
    assert (harbour.locality, harbour.sounds_like) == ("iow", ("harbor", "arbour"))


def test_a_file_may_be_small():
    assert read_text('[service]\nname = "A line"').lines == ()


def test_numbers_addresses_and_names_are_kept_in_one_form():
    service = read_text(
        '[service]\nname = " A line "\n[[locality]]\ncode = "iow"\nname = "Wight"\n[[line]]\nnumber = "01632 960111"\n'
        '[[staff]]\nemail = "Ana@Example.ORG"\nname = "Ana"\nroles = ["administrator"]\nphone = "07700 900201"\n'
        '[[directory]]\nname = "Samaritans"\nlocality = "iow"\nwhat = "A listening ear"\nphone = "116 123"\n'
        '[[hours]]\nspans = ["mon-fri 09:00-17:00", "sat-sun 20:00-02:00"]\n[wording]\ngreeting = "Hello."\n'
        "[order]\nwait_climb_minutes = 20\n"
    )
    assert service.service.name == "A line"
    assert service.lines[0].number == "+441632960111"
    assert (service.staff[0].email, service.staff[0].phone) == ("ana@example.org", "+447700900201")
    assert service.directory[0].phone == "116123"
    assert service.hours_of("iow") == ("mon-fri 09:00-17:00", "sat-sun 20:00-02:00")
    assert service.wording == {"greeting": "Hello."}
    assert (service.order.wait_climb_minutes, service.order.ack_deadline_s) == (20, None)


def test_a_keyword_is_coming_then_in_use_then_retired():
    dates = "agreed_on = 2026-03-01\nvalid_from = 2026-04-01\nvalid_to = 2026-06-30"
    (keyword,) = read_text(CONTRACT.replace("agreed_on = 2026-03-01", dates)).keywords
    assert [keyword.state_on(date(2026, *day)) for day in [(3, 31), (4, 1), (6, 30), (7, 1)]] == [
        "coming", "in_use", "in_use", "retired",
    ]  # fmt: skip


ONE_MISTAKE = [
    # what is written instead of what, the line it stands on, and what is said
    ('name = "Solent Crisis Line"', 'nmae = "x"\nname = "y"', 2, 'A service has no field called "nmae"; did you mean name?'),
    ('name = "Solent Crisis Line"', "", 1, "This service has no name; add a line name = ..."),
    ('name = "Solent Crisis Line"', 'name = ""', 2, "name must not be empty; write it or leave the line out."),
    ('name = "Solent Crisis Line"', "name = 7", 2, "name must be text in quotes, not a number."),
    ("[[locality]]", "[[lokality]]", 3, 'There is no section called "lokality"; did you mean locality?'),
    ("[[unit]]", "[unit]", 23, "Write [[unit]] with double brackets, once for each."),
    ("[service]", "[[service]]", 1, "Write [service] once, with single brackets."),
    ('code = "iow"', 'code = "Isle of Wight"', 4, "code must be a short code in quotes"),
    ('locality = "iow"          #', 'locality = "iwo"  #', 8, 'There is no locality "iwo"; did you mean iow?'),
    ('localities = ["iow"]', 'localities = ["leeds"]', 20, 'There is no locality "leeds"; add a [[locality]]'),
    ('route = "111"', 'route = "nures"', 9, 'route cannot be "nures"; use 111, direct, professional, crew or nurse; did you mean nurse?'),
    ('number = "+441632960111"', 'number = "999"', 7, "number cannot be 999, an emergency number"),
    ('number = "+441632960111"', "number = 441632960111", 7, "number must be written in quotes, not as a number."),
    ('number = "+441632960111"', 'number = "the office"', 7, 'number cannot be "the office"; write a telephone number'),
    ('number = "+441632960111"', 'number = "+44163296011100000"', 7, "write the whole number and nothing else"),
    ('phone = "+447700900201"', 'phone = "112"', 21, "phone cannot be 112, an emergency number"),
    ('phone = "+447700900301"', 'phone = "111"', 26, "phone cannot be 111, a short number"),
    ('phone = "+447700900301"', 'phone = "+441632960111"', 26, "+441632960111 is already used on line 7; each line, person and car"),
    ('phone = "+447700900301"', 'phone = "07700 900201"', 26, "+447700900201 is already used on line 21"),
    ('word = "harbour"', 'word = "stop"', 11, '"stop" is a word the telephone company acts on'),
    ('word = "harbour"', 'word = "danger"', 11, '"danger" has "danger" in it, which must always mean what it says'),
    ("agreed_on = 2026-03-01", 'agreed_on = "March"', 15, "agreed_on must be a date without quotes, such as 2026-03-01."),
    ("agreed_on = 2026-03-01", "", 10, "This keyword has no agreed_on; add a line agreed_on = ..."),
    ('sounds_like = ["harbor", "arbour"]', 'sounds_like = "harbor"', 13, "sounds_like must be a list in square brackets, not text."),
    ('sounds_like = ["harbor", "arbour"]', 'sounds_like = ["harbor", "harbor"]', 13, 'sounds_like has "harbor" twice; keep one.'),
    ('email = "ana@example.org"', 'email = "ana"', 17, "email must be an e-mail address in quotes"),
    ('roles = ["nurse"]', 'roles = ["nurs"]', 19, 'roles cannot be "nurs"; use nurse, dispatcher'),
    ('roles = ["nurse"]', "roles = []", 19, "roles is empty; give at least one of nurse"),
    ('localities = ["iow"]\n', "", 16, "A nurse needs at least one locality"),
    ('call_sign = "IW01"', 'callsign = "IW01"', 24, 'A unit has no field called "callsign"; did you mean call_sign?'),
    ('name = "Isle of Wight"', 'name = "Isle of Wight"\noverflow = ["iow"]', 6, '"iow" cannot overflow into itself'),
    ("agreed_on = 2026-03-01", "agreed_on = 2026-03-01\nvalid_from = 2026-05-01\nvalid_to = 2026-04-01", 17, "valid_to is before valid_from"),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "line", "sentence"), ONE_MISTAKE)
def test_each_mistake_has_its_line_and_a_sentence(right, wrong, line, sentence):
    found = problems_of(CONTRACT.replace(right, wrong, 1))
    assert any(problem.line == line and sentence in problem.sentence for problem in found), found
    assert all(problem.sentence[-1] in ".?" or problem.sentence.endswith("...]") for problem in found)


MORE = [
    ('[[line]]\nnumber = "01632 960111"', 2, "+441632960111 is already a line on line 7; keep one."),
    ('[[staff]]\nemail = "ANA@example.org"\nname = "A"\nroles = ["administrator"]', 2, "ana@example.org is already a member of staff on line 17"),
    ('[[unit]]\ncall_sign = "iw01"\nlocality = "iow"\nphone = "+447700900302"', 2, "iw01 is already a unit on line 24"),
    ('[[locality]]\ncode = "iow"\nname = "W"', 2, "iow is already a locality on line 4"),
    ('[[keyword]]\nword = "harbours"\nlocality = "iow"\nagreed_by = "x"\nagreed_on = 2026-01-01', 2, "(lines 11 and 29)."),
    ('[[keyword]]\nword = "arbor"\nlocality = "iow"\nagreed_by = "x"\nagreed_on = 2026-01-01', 2, "list one under sounds_like of the other (lines 11 and 29)."),
    ('[wording]\nGreeting = "Hello."', 2, 'There is no sentence called "Greeting".'),
    (f'[wording]\ntext_first = "{"x" * 307}"', 2, "text_first is 3 texts long; shorten it to 2."),
    (f'[wording.cy]\ntext_first = "{"w" * 140}\u0175"', 2, "text_first is 3 texts long (a letter outside the alphabet"),
    ("[wording.cy]\ntext_who = 3", 2, "text_who must be text in quotes, not a number."),
    ('[wording]\ncy = "Dyma"\n[texts]\none_breath_s = 121', 4, "one_breath_s must be a whole number from 0 to 120"),
    ('[[line]]\nnumber = "01632 960112"\nlanguage = "fr"', 3, 'language cannot be "fr"; use en or cy'),
    ('[[keyword]]\nword = "Welsh"\nlocality = "iow"\nagreed_by = "x"\nagreed_on = 2026-01-01', 2, "a word this line acts on"),
    ("[wording]\ngreeting = 3", 2, "greeting must be text in quotes, not a number."),
    ("[order]\nack_deadline_s = 5", 2, "ack_deadline_s must be a whole number from 30 to 900"),
    ("[car]\nwelfare_s = 5", 2, "welfare_s must be a whole number from 120 to 3600"),
    ("[car]\nstill_warn_s = 600", 2, "make still_warn_s the smaller"),
    ("[car]\nstill_alert_s = 180", 2, "make still_warn_s the smaller"),
    ('[[hours]]\nspans = ["daily 08:00-20:00"]\n[[hours]]\nspans = ["daily 09:00-20:00"]', 3, "There are hours for every"),
    ('[[hours]]\nspans = ["weekdays"]', 2, 'spans cannot be "weekdays"; write it like "mon-fri 09:00-17:00"'),
    ('[[directory]]\nname = "x"\nlocality = "iow"\nwhat = "y"\nphone = "ring us"', 5, 'phone cannot be "ring us"'),
    ("colour = 1\n[service2]", 1, 'A unit has no field called "colour"'),
]  # fmt: skip


@pytest.mark.parametrize(("added", "line", "sentence"), MORE)
def test_what_is_added_wrongly_is_found_in_its_place(added, line, sentence):
    found = problems_of(f"{CONTRACT}{added}\n")
    assert any(problem.line == 27 + line and sentence in problem.sentence for problem in found), found


def test_every_mistake_is_told_at_once_in_the_order_of_the_lines():
    wrong = CONTRACT
    for right, instead, _, _ in (ONE_MISTAKE[at] for at in (-1, 0, 8, 11, 25)):
        wrong = wrong.replace(right, instead, 1)
    found = problems_of(wrong)
    assert len(found) == 5
    assert found == sorted(found)


def test_a_sentence_that_may_be_worded_anew_is_known_by_its_name():
    written = '[service]\nname = "A"\n[wording]\ngreting = "Hello."'
    assert read_text(written).wording == {"greting": "Hello."}
    with pytest.raises(
        ServiceFileError, match=r'line 4: There is no sentence called "greting"; did you mean greeting\?'
    ):
        read_text(written, wording_names={"greeting", "goodbye"})


def test_sentences_are_worded_anew_in_welsh_by_the_same_names_where_there_are_texts():
    written = '[service]\nname = "A"\n[wording]\ntext_who = "We are {service}."\n[wording.cy]\ntext_who = "Ni yw {service}."\n'
    names = {"greeting", "text_who", "text_first"}
    assert read_text(written, wording_names=names).wording == {
        "text_who": "We are {service}.", "cy.text_who": "Ni yw {service}.",
    }  # fmt: skip
    with pytest.raises(ServiceFileError) as caught:
        read_text(f'{written}greeting = "Helo."\ntext_frist = "Helo."', wording_names=names)
    assert [(problem.line, problem.sentence) for problem in caught.value.problems] == [
        (7, 'There is no sentence called "greeting" in that language.'),
        (8, 'There is no sentence called "text_frist" in that language; did you mean text_first?'),
    ]


@pytest.mark.parametrize("name", ["fr", "cy"])
def test_a_language_that_is_not_one_of_ours_is_no_table_of_sentences(name):
    written = f'[service]\nname = "A"\n[wording.{name}]\ntext_who = "x"\n'
    if name == "cy":
        assert read_text(written, wording_names={"text_who"}).wording == {"cy.text_who": "x"}
    else:
        with pytest.raises(ServiceFileError, match='There is no sentence called "fr"'):
            read_text(written, wording_names={"text_who"})


@pytest.mark.parametrize(
    ("written", "line"),
    [
        ('[service]\nname = "A', 2),
        ("[service]\nname = A", 2),
        ("[service\n", 1),
        ('[service]\nname = "A"\nname = "B"', 3),
        ("\x00", 1),
    ],
)
def test_what_is_not_toml_is_told_by_its_line(written, line):
    (found,) = problems_of(written)
    assert found.line == line
    assert found.sentence.startswith("This is not TOML: ")


def test_lines_are_right_below_texts_and_lists_of_many_lines():
    written = CONTRACT + (
        '[[directory]]\nname = "Lamp Room"\nlocality = "iow"\nwhat = """\nA place to be.\n[[unit]]\nphone = 1\n"""\n'
        '[[directory]]\nname = "a \\" b # c"\nlocality = "iow"\nwhat = \'x\'\nopne = "daily"\n'
        "[[staff]]\nemail = 'z@example.org'\nname = 'Z'\nroles = [\n  'supervisor',  # ] not yet\n  'administrator',\n]\n"
        "skils = []\n"
    )
    assert [problem.line for problem in problems_of(written)] == [40, 48]


def test_a_file_that_cannot_be_read_is_told_so(tmp_path):
    with pytest.raises(ServiceFileError, match=r"line 1: The file cannot be read: No such file"):
        read(tmp_path / "service.toml")
    (tmp_path / "latin.toml").write_bytes('[service]\nname = "Café"'.encode("latin-1"))
    with pytest.raises(ServiceFileError, match=r"line 2: There is a letter here that is not UTF-8"):
        read(tmp_path / "latin.toml")


def test_a_file_from_windows_reads_the_same(tmp_path):
    (tmp_path / "service.toml").write_bytes(b"\xef\xbb\xbf" + CONTRACT.replace("\n", "\r\n").encode())
    assert read(tmp_path / "service.toml") == read_text(CONTRACT)


@given(st.data())
def test_any_damage_is_told_and_nothing_else_is_raised(data):
    """Pieces of a right file cut out, doubled or swapped: it reads, or every problem has a line of the file."""
    lines = CONTRACT.splitlines()
    for _ in range(data.draw(st.integers(1, 4))):
        at, other = (data.draw(st.integers(0, len(lines) - 1)) for _ in range(2))
        lines[at] = data.draw(
            st.sampled_from(["", lines[other], lines[at][: len(lines[at]) // 2], "x = {a = 1}", "[x.y]", "[[staff.x]]"])
        )
    for problem in told("\n".join(lines)):
        assert 1 <= problem.line <= len(lines)
