"""Attacks on other people's records by somebody who works here: signed in, with a role, and reaching further than it.

Ana nurses the island and reaches no other place. Carys has a texter of Southampton, for whom a car is out; Femi has
another, for whom no car can go. Everything is tried on the really started service, on each database.
"""

import http.cookiejar
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.harness.stack import EXAMPLE, Answer
from tests.harness.waiting import wait_until
from tests.journeys.conftest import Town

WHY = "Their mother rang: they are on the bridge."
WORDS = "my brother shouts at night"
NUMBERS = {"hers": "+447700900151", "no_car": "+447700900152", "own": "+447700900153", "before": "+447700900154",
           "glass": "+447700900156", "glass_too": "+447700900157"}  # fmt: skip
MORE = """
[[staff]]
email = "ida@example.org"
name = "Ida of the island"
roles = ["dispatcher"]
localities = ["iow"]
[[staff]]
email = "rhea@example.org"
name = "Rhea who reads figures"
roles = ["reader"]
"""


@dataclass
class Scene:
    """Who is there, by first name, and the ids of what is theirs."""

    town: Town
    ask: Callable[..., Answer]
    hers: str  # a texter of Southampton, with Carys
    no_car: str  # another, with Femi
    own: str  # a texter of the island, with Ana
    incident: str  # the car that goes to `hers`
    dispatch: str
    promise: str  # somebody must decide about `no_car`
    glass: str  # of Southampton, for Ana to break the glass on
    glass_too: str  # and for Leila
    browsers: dict[str, "Browser"]

    def refuses(self, status: int, who: str, method: str, path: str, body: Any = None) -> str:
        """The refusal's sentence. It gives nothing of the person away."""
        answer = self.ask(who, method, path, body)
        assert answer.status == status, answer
        for secret in (WORDS, "bandstand", *NUMBERS.values(), *(number[-6:] for number in NUMBERS.values())):
            assert secret not in answer.body
        return str(answer.json()["detail"])

    def gets(self, who: str, path: str) -> Any:
        answer = self.ask(who, "GET", path)
        assert answer.status == 200, answer
        return answer.json()

    def browser(self, who: str) -> "Browser":
        if who not in self.browsers:
            self.browsers[who] = Browser(self.town.stack.web_url, self.gets(who, "/me")["id"])
        return self.browsers[who]


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class Browser:
    """Somebody at the pages, with a session."""

    def __init__(self, url: str, staff_id: str) -> None:
        self.url = url
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), jar, _Stay())
        self.token = self._token(self.open("/sign-in"))
        assert self.open("/sign-in", staff=staff_id).status == 303
        self.token = self._token(self.open("/service"))

    @staticmethod
    def _token(page: Answer) -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', page.body)
        return found[1] if found else ""

    def open(
        self, path: str, *, script: bool = False, given: list[tuple[str, str]] | None = None, **fields: str
    ) -> Answer:
        sent = given if given is not None else list({"csrf_token": self.token, **fields}.items()) if fields else None
        data = urllib.parse.urlencode(sent).encode() if sent is not None else None
        asked = urllib.request.Request(self.url + path, data=data, headers={"HX-Request": "true"} if script else {})
        try:
            with self.opener.open(asked, timeout=15) as got:
                return Answer(got.status, got.read().decode(), dict(got.headers))
        except urllib.error.HTTPError as got:
            with got:
                return Answer(got.code, got.read().decode(errors="replace"), dict(got.headers))


@pytest.fixture(scope="module")
def scene(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Three texters with nurses, one car out, and one that cannot come."""
    file: Path = tmp_path_factory.mktemp("service") / "service.toml"
    file.write_text(EXAMPLE.read_text(encoding="utf-8") + MORE, encoding="utf-8")
    (file.parent / "outline.geojson").write_bytes(EXAMPLE.with_name("outline.geojson").read_bytes())
    town.stack.command("apply", str(file))
    tokens: dict[str, str] = {}

    def ask(who: str, method: str, path: str, body: Any = None) -> Answer:
        if who not in tokens:
            tokens[who] = town.stack.token(f"{who}@example.org")
        return town.stack.api(method, path, tokens[who], body)

    def must(who: str, method: str, path: str, body: Any = None) -> Any:
        answer = ask(who, method, path, body)
        assert answer.status < 300, answer
        return answer.json() if answer.body else None

    def texter(name: str, keyword: str, nurse: str) -> str:
        phone = town.caller(NUMBERS[name])
        phone.texts(keyword)
        query = f"/contacts?number={urllib.parse.quote(NUMBERS[name])}"
        found = wait_until(lambda: next((one for one in must("isla", "GET", query) if one["state"] == "waiting"), None),
                           20, what=f"{name} waits")  # fmt: skip
        phone.texts(WORDS)
        must(nurse, "PUT", "/me/presence", {"state": "ready", "via": "browser"})
        assert must(nurse, "POST", "/queue/next")["contact_id"] == found["id"]
        return str(found["id"])

    must("grace", "PUT", "/units/SO01", {"state": "available"})
    hers = texter("hers", "marigold", "carys")
    car = must("carys", "POST", f"/contacts/{hers}/incidents", {"address": "The bandstand"})
    no_car = texter("no_car", "compass", "femi")
    must("femi", "POST", f"/contacts/{no_car}/incidents", {"address": "The bandstand"})
    owed = next(one for one in must("grace", "GET", "/promises") if one["contact_id"] == no_car)
    over = {}
    for name in ("before", "glass", "glass_too"):
        over[name] = texter(name, "marigold", "dev")
        must("dev", "POST", f"/contacts/{over[name]}/finish")
    own = texter("own", "harbour", "ana")
    yield Scene(town, ask, hers, no_car, own, car["id"], car["dispatches"][0]["id"], owed["id"],
                over["glass"], over["glass_too"], {})  # fmt: skip
    failed = [line for line in town.stack.logs() if line.get("level") in ("error", "critical") or "unparsed" in line]
    assert not failed, failed[:5]


# --- another locality's contact ------------------------------------------------------------------------------------------


def test_reading_another_localitys_contact(scene: Scene) -> None:
    assert "break the glass" in scene.refuses(403, "ana", "GET", f"/contacts/{scene.hers}")


def test_guessing_ids_of_contacts_tells_nothing(scene: Scene) -> None:
    near = scene.hers[:-1] + ("0" if scene.hers[-1] != "0" else "1")
    for guess in (near, scene.hers.upper() + "0", "0" * 32, "1", scene.hers + "%20", "..%2f" + scene.hers):
        scene.refuses(404, "ana", "GET", f"/contacts/{guess}")


def test_an_incidents_id_is_no_contacts(scene: Scene) -> None:
    for path in (f"/contacts/{scene.incident}", f"/contacts/{scene.promise}", f"/incidents/{scene.hers}"):
        scene.refuses(404, "isla", "GET", path)


def test_logging_an_outcome_for_another_localitys_contact(scene: Scene) -> None:
    scene.refuses(403, "ana", "POST", f"/contacts/{scene.hers}/outcomes", {"disposition": "signposted"})
    assert [one["recorded_by"] for one in scene.gets("carys", f"/contacts/{scene.hers}")["outcomes"]] == [
        "Carys Penhale"
    ]


def test_texting_another_localitys_contact(scene: Scene) -> None:
    scene.refuses(403, "ana", "POST", f"/contacts/{scene.hers}/messages", {"body": "I know who you are"})


def test_sending_a_car_to_another_localitys_contact(scene: Scene) -> None:
    scene.refuses(403, "ana", "POST", f"/contacts/{scene.no_car}/incidents", {"address": "Somewhere else"})


def test_finishing_another_nurses_contact(scene: Scene) -> None:
    scene.refuses(403, "ana", "POST", f"/contacts/{scene.hers}/finish")
    scene.refuses(409, "bola", "POST", f"/contacts/{scene.own}/finish")
    assert scene.gets("ana", "/me")["holding"]["contact_id"] == scene.own


def test_giving_back_another_nurses_contact(scene: Scene) -> None:
    scene.refuses(403, "ana", "POST", f"/contacts/{scene.hers}/give-back")
    scene.refuses(409, "bola", "POST", f"/contacts/{scene.own}/give-back")
    assert scene.gets("carys", "/me")["holding"]["contact_id"] == scene.hers


def test_texting_over_another_nurses_head(scene: Scene) -> None:
    scene.refuses(409, "bola", "POST", f"/contacts/{scene.own}/messages", {"body": "Do not believe her"})


def test_an_outcome_by_another_nurse_is_named_hers_whatever_is_claimed(scene: Scene) -> None:
    body = {"disposition": "signposted", "recorded_by": scene.gets("ana", "/me")["id"]}
    scene.refuses(422, "bola", "POST", f"/contacts/{scene.own}/outcomes", body)


def test_a_draft_in_another_nurses_contact(scene: Scene) -> None:
    for who, contact in (("bola", scene.own), ("ana", scene.hers)):
        answer = scene.browser(who).open(f"/desk/contacts/{contact}/draft", script=True, **{"outcome-notes": "mine"})
        assert answer.status == 409, answer
        assert "mine" not in answer.body


def test_holding_classing_or_noting_on_another_localitys_record(scene: Scene) -> None:
    for who, page, fields in (
        ("ana", "class", {"kind": "adult"}),
        ("ana", "rights", {"kind": "correction", "words": "It was a Tuesday"}),
        ("ana", "hold", {"reason": "Keep it"}),
        ("leila", "class", {"kind": "child", "born": "2015"}),
        ("leila", "hold", {"reason": "Keep it"}),
        ("leila", "hold/lift", {"x": ""}),
    ):
        assert scene.browser(who).open(f"/contacts/{scene.hers}/{page}", **fields).status == 403, (who, page)


def test_the_page_of_another_localitys_contact_shows_a_wall_and_no_person(scene: Scene) -> None:
    answer = scene.browser("ana").open(f"/contacts/{scene.hers}")
    assert answer.status == 403
    assert f"/contacts/{scene.hers}/break-glass" in answer.body
    assert not any(secret in answer.body for secret in (WORDS, NUMBERS["hers"][-3:] + "<", "marigold", "bandstand"))


# --- numbers ----------------------------------------------------------------------------------------------------------------


def test_revealing_a_number_of_another_locality(scene: Scene) -> None:
    answer = scene.browser("ana").open(f"/contacts/{scene.hers}/number", reason="call_back")
    assert answer.status == 403
    assert NUMBERS["hers"] not in answer.body


def test_revealing_without_a_reason_or_with_one_of_ones_own(scene: Scene) -> None:
    for reason in ("", "curious", "call_back "):
        answer = scene.browser("ana").open(f"/contacts/{scene.own}/number", reason=reason)
        assert answer.status == 303
        assert NUMBERS["own"] not in scene.browser("ana").open(f"/contacts/{scene.own}").body


def test_revealing_the_number_of_a_person_who_is_with_another_nurse_is_told(scene: Scene) -> None:
    assert NUMBERS["own"] in scene.browser("bola").open(f"/contacts/{scene.own}/number", reason="call_back").body
    told = [one for one in scene.gets("isla", "/notices") if one["kind"] == "revealed"]
    assert [(one["by"], one["contact_id"]) for one in told] == [("Bola Adewright", scene.own)]
    assert "Bola Adewright" in scene.browser("isla").open("/contacts").body


def test_earlier_contacts_behind_a_wall_are_a_number_and_no_more(scene: Scene) -> None:
    scene.town.caller(NUMBERS["before"]).texts("harbour")
    query = f"/contacts?number={urllib.parse.quote(NUMBERS['before'])}&locality=iow"
    found = wait_until(lambda: scene.gets("ana", query), 20, what="they text again")
    seen = scene.gets("ana", f"/contacts/{found[0]['id']}")
    assert (seen["earlier"], seen["earlier_elsewhere"]) == ([], 1)
    assert len(scene.gets("isla", f"/contacts/{found[0]['id']}")["earlier"]) == 1


# --- incidents, cars, promises ---------------------------------------------------------------------------------------------


def test_reading_another_localitys_incident(scene: Scene) -> None:
    for who in ("ana", "ida"):
        scene.refuses(403, who, "GET", f"/incidents/{scene.incident}")


def test_sending_a_unit_to_another_localitys_incident(scene: Scene) -> None:
    scene.refuses(403, "ida", "POST", f"/incidents/{scene.incident}/dispatches", {"call_sign": "IW01"})


def test_standing_down_another_localitys_car(scene: Scene) -> None:
    for who in ("ida", "ana", "leila"):
        scene.refuses(403, who, "POST", f"/incidents/{scene.incident}/stand-down", {"reason": "Not needed"})
    assert scene.gets("grace", f"/incidents/{scene.incident}")["state"] == "offered"


def test_a_nurse_stands_down_a_car_that_another_nurse_asked_for(scene: Scene) -> None:
    scene.refuses(403, "dev", "POST", f"/incidents/{scene.incident}/stand-down", {"reason": "Not needed"})


def test_speaking_for_another_localitys_crew(scene: Scene) -> None:
    for action in ("acknowledge", "decline", "emergency", "clear"):
        scene.refuses(403, "ida", "POST", f"/dispatches/{scene.dispatch}/actions", {"action": action})


def test_a_nurse_speaks_for_a_crew(scene: Scene) -> None:
    scene.refuses(403, "carys", "POST", f"/dispatches/{scene.dispatch}/actions", {"action": "acknowledge"})


def test_taking_another_localitys_unit_off_the_road(scene: Scene) -> None:
    for call_sign in ("SO01", "SO02", "PO01"):
        scene.refuses(403, "ida", "PUT", f"/units/{call_sign}", {"state": "off_duty"})
    scene.refuses(403, "carys", "PUT", "/units/SO01", {"state": "off_duty"})


def test_owning_or_settling_another_localitys_promise(scene: Scene) -> None:
    for who in ("ida", "ana", "leila"):
        scene.refuses(403, who, "POST", f"/promises/{scene.promise}/attempts", {"result": "It is mine"})
        scene.refuses(403, who, "POST", f"/promises/{scene.promise}/settle", {"how": "Never mind"})
    assert any(one["id"] == scene.promise for one in scene.gets("grace", "/promises"))


# --- lists and searches ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["ana", "ida", "leila"])
def test_lists_hold_nothing_of_another_locality(scene: Scene, who: str) -> None:
    lists = {"/incidents", "/units", "/promises", "/queue"} - ({"/queue"} if who == "ida" else set())
    for path in lists:
        seen = str(scene.gets(who, path))
        for theirs in (scene.hers, scene.no_car, scene.incident, scene.promise, "bandstand"):
            assert theirs not in seen, (path, theirs)


def test_a_search_by_whole_number_finds_nobody_of_another_locality(scene: Scene) -> None:
    known, unknown = (urllib.parse.quote(number) for number in (NUMBERS["hers"], "+447700900999"))
    assert scene.ask("ana", "GET", f"/contacts?number={known}").body == "[]"
    assert scene.ask("ana", "GET", f"/contacts?number={unknown}").body == "[]"


def test_searching_through_the_last_digits_finds_only_ones_own(scene: Scene) -> None:
    for ending in range(100, 200, 7):
        scene.gets("ana", f"/contacts?number={ending}")
    found = {one["id"] for ending in (151, 152, 153) for one in scene.gets("ana", f"/contacts?number={ending}")}
    assert found == {scene.own}


def test_searching_with_wildcards_or_without_a_term(scene: Scene) -> None:
    for query in ("", "?number=", "?number=%25", "?number=___", "?keyword=%20", "?limit=200"):
        answer = scene.ask("ana", "GET", f"/contacts{query}")
        assert answer.status == 422 or answer.json() == [], (query, answer)
    for keyword in ("%25", "mari%25", "marigol_"):
        assert scene.gets("isla", f"/contacts?keyword={keyword}") == []


def test_searching_by_place_and_time_stays_within_reach(scene: Scene) -> None:
    for query in ("locality=southampton", "keyword=marigold", "since=2020-01-01T00:00:00Z&limit=200"):
        found = {one["id"] for one in scene.gets("ana", f"/contacts?{query}")}
        assert not found & {scene.hers, scene.no_car}, query


def test_the_search_page_stays_within_reach(scene: Scene) -> None:
    page = scene.browser("ana").open("/contacts", number=NUMBERS["hers"])
    assert scene.hers not in page.body
    assert "Nobody fits" in page.body


# --- roles ------------------------------------------------------------------------------------------------------------------


def test_a_reader_of_figures_opens_nothing_else(scene: Scene) -> None:
    for path in (f"/contacts/{scene.own}", "/contacts?locality=iow", "/queue", "/incidents", "/units", "/promises",
                 f"/incidents/{scene.incident}", "/notices", "/who-saw-what?staff=ana@example.org"):  # fmt: skip
        scene.refuses(403, "rhea", "GET", path)
    assert scene.hers not in str(scene.gets("rhea", "/figures"))
    pages = scene.browser("rhea")
    assert [pages.open(path).status for path in ("/desk", "/board", "/service", f"/contacts/{scene.own}", "/figures")] == [
        403, 403, 403, 403, 200,
    ]  # fmt: skip


def test_an_administrator_opens_no_record(scene: Scene) -> None:
    for path in (f"/contacts/{scene.own}", "/queue", "/incidents", "/promises", "/units"):
        scene.refuses(403, "kit", "GET", path)


def test_a_dispatcher_reads_no_contact(scene: Scene) -> None:
    scene.refuses(403, "grace", "GET", f"/contacts/{scene.own}")
    scene.refuses(403, "grace", "GET", "/contacts?locality=iow")


def test_a_nurse_looks_into_who_saw_what_and_the_figures(scene: Scene) -> None:
    scene.refuses(403, "ana", "GET", "/who-saw-what?staff=isla@example.org")
    scene.refuses(403, "ana", "GET", "/figures")


def test_each_verb_with_the_wrong_role(scene: Scene) -> None:
    for who, method, path, body in (
        ("grace", "POST", "/queue/next", None),
        ("jonah", "PUT", "/me/presence", {"state": "ready"}),
        ("kit", "POST", f"/contacts/{scene.own}/outcomes", {"disposition": "signposted"}),
        ("grace", "POST", f"/contacts/{scene.own}/messages", {"body": "Hello"}),
        ("rhea", "POST", f"/contacts/{scene.own}/incidents", {"address": "x"}),
        ("isla", "POST", "/notices/nothing/acknowledge", None),
        ("ana", "POST", "/notices/nothing/acknowledge", None),
        ("kit", "PUT", f"/contacts/{scene.own}/telephone", {"kind": "payphone"}),
    ):
        assert scene.ask(who, method, path, body).status == (404 if who == "isla" else 403), (who, path)


# --- what is sent -----------------------------------------------------------------------------------------------------------


def test_giving_oneself_roles_localities_or_states(scene: Scene) -> None:
    for path, method, body in (
        ("/me/presence", "PUT", {"state": "ready", "roles": ["supervisor"], "localities": ["southampton"]}),
        (f"/contacts/{scene.own}/outcomes", "POST", {"disposition": "signposted", "contact_id": scene.hers}),
        (f"/contacts/{scene.own}/incidents", "POST", {"address": "x", "locality": "southampton", "state": "clear"}),
        (f"/contacts/{scene.own}/break-glass", "POST", {"reason": WHY, "open_until": "2099-01-01T00:00:00Z"}),
        (f"/contacts/{scene.own}/break-glass", "POST", {"reason": WHY, "staff_id": "somebody"}),
    ):
        scene.refuses(422, "ana", method, path, body)
    me = scene.gets("ana", "/me")
    assert (me["roles"], me["localities"]) == (["nurse"], ["iow"])


def test_one_parameter_given_twice(scene: Scene) -> None:
    for query in ("locality=iow&locality=southampton", "number=153&number=151"):
        scene.refuses(422, "ana", "GET", f"/contacts?{query}")
    scene.refuses(422, "leila", "GET", "/who-saw-what?staff=ana@example.org&staff=kit@example.org")
    token = scene.browser("ana").token
    twice = [("csrf_token", token), ("reason", ""), ("reason", WHY)]
    assert scene.browser("ana").open(f"/contacts/{scene.no_car}/break-glass", given=twice).status == 422


def test_a_form_without_its_token_breaks_no_glass(scene: Scene) -> None:
    for given in ([("reason", WHY)], [("reason", WHY), ("csrf_token", "forged")]):
        assert scene.browser("ana").open(f"/contacts/{scene.no_car}/break-glass", given=given).status == 400
    scene.refuses(403, "ana", "GET", f"/contacts/{scene.no_car}")


# --- who is one person ------------------------------------------------------------------------------------------------------


def test_joining_a_walled_contact_to_ones_own_to_see_it(scene: Scene) -> None:
    for one, other in ((scene.own, scene.hers), (scene.hers, scene.own)):
        scene.refuses(403, "ana", "POST", f"/contacts/{one}/links", {"other": other, "same": True, "reason": WHY})
    assert scene.gets("ana", f"/contacts/{scene.own}")["earlier"] == []


def test_marking_what_is_known_of_another_localitys_person(scene: Scene) -> None:
    scene.refuses(403, "ana", "PUT", f"/contacts/{scene.hers}/telephone", {"kind": "payphone"})
    scene.refuses(403, "ana", "PUT", f"/contacts/{scene.hers}/anonymous")


# --- breaking the glass -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["", "          ", "because", "\t\n"])
def test_breaking_the_glass_without_a_reason(scene: Scene, reason: str) -> None:
    scene.refuses(422, "ana", "POST", f"/contacts/{scene.no_car}/break-glass", {"reason": reason})
    scene.refuses(403, "ana", "GET", f"/contacts/{scene.no_car}")


def test_breaking_the_glass_with_a_role_that_may_not(scene: Scene) -> None:
    for who in ("kit", "rhea"):
        scene.refuses(403, who, "POST", f"/contacts/{scene.hers}/break-glass", {"reason": WHY})


def test_broken_glass_opens_one_record_to_one_person_and_is_told(scene: Scene) -> None:
    assert scene.ask("ana", "POST", f"/contacts/{scene.glass}/break-glass", {"reason": WHY}).status == 201
    assert scene.gets("ana", f"/contacts/{scene.glass}")["acting_for"] == "southampton"
    scene.refuses(403, "ana", "GET", f"/contacts/{scene.no_car}")
    scene.refuses(403, "leila", "GET", f"/contacts/{scene.glass}")
    [told] = [one for one in scene.gets("isla", "/notices") if one["contact_id"] == scene.glass]
    assert (told["kind"], told["by"]) == ("break_glass", "Ana Fernsby")
    assert "bridge" not in str(told)
    seen = scene.gets("isla", "/who-saw-what?staff=ana@example.org")
    assert {"glass_broken", "read"} <= {one["what"] for one in seen if one["contact_id"] == scene.glass}
    assert told["id"] not in str(scene.gets("leila", "/notices"))  # she supervises another place
    scene.refuses(403, "leila", "POST", f"/notices/{told['id']}/acknowledge")
    scene.refuses(403, "ana", "POST", f"/notices/{told['id']}/acknowledge")
    assert scene.ask("isla", "POST", f"/notices/{told['id']}/acknowledge").status == 200
    assert told["id"] not in str(scene.gets("jonah", "/notices"))


def test_a_supervisor_acknowledges_her_own_breaking_of_the_glass(scene: Scene) -> None:
    assert scene.ask("leila", "POST", f"/contacts/{scene.glass_too}/break-glass", {"reason": WHY}).status == 201
    [told] = [one for one in scene.gets("isla", "/notices") if one["contact_id"] == scene.glass_too]
    assert told["id"] not in str(scene.gets("leila", "/notices"))
    assert "somebody else" in scene.refuses(403, "leila", "POST", f"/notices/{told['id']}/acknowledge")
    assert scene.browser("leila").open(f"/notices/{told['id']}/acknowledge", x="").status == 403
    assert any(one["id"] == told["id"] for one in scene.gets("isla", "/notices"))


def test_the_queue_hands_over_nobody_of_a_place_whose_nurses_are_there(scene: Scene) -> None:
    scene.town.caller("+447700900155").texts("marigold")
    query = f"/contacts?number={urllib.parse.quote('+447700900155')}&keyword=marigold"
    found = wait_until(lambda: scene.gets("isla", query), 20, what="they wait")
    assert found[0]["id"] not in str(scene.gets("ana", "/queue"))
    scene.refuses(403, "ana", "GET", f"/contacts/{found[0]['id']}")
    assert scene.ask("ana", "POST", "/queue/next").json()["contact_id"] == scene.own
