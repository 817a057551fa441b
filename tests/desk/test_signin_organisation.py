"""The organisation's own sign-in, against a real OpenID provider: what its word is worth here, and what it is not."""

import urllib.parse
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.desk.provider import ISLA, Provider
from tests.desk.signin_lab import Browser, SigningLab
from triage import signing_in
from triage.account_models import Account
from triage.desk.organisation import proves_second_factor


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    made = Provider()
    yield made
    made.close()


@pytest.fixture
def make_lab(new_database: Callable[[str], str], provider: Provider) -> Iterator[Callable[..., SigningLab]]:
    made: list[SigningLab] = []

    def make(**over: Any) -> SigningLab:
        made.append(SigningLab(new_database("sqlite"), organisation=provider.organisation(**over)))
        return made[-1]

    yield make
    for lab in made:
        lab.close()


def comes_back(
    lab: SigningLab, provider: Provider, who: str, at: Browser | None = None, **over: str
) -> tuple[Browser, TestResponse]:
    at = at or lab.browser()
    asked = at.get("/sign-in/organisation")
    assert asked.status_code == 302, asked.text
    return at, at.get(provider.says(asked.location, who, **over))


def test_the_page_offers_it_by_its_name(make_lab: Callable[..., SigningLab]) -> None:
    assert "Sign in with Solent Trust" in make_lab(name="Solent Trust").browser().get("/sign-in").text


@pytest.mark.parametrize("who", ["ana-with-mfa", "ana-with-card"])
def test_a_proven_second_factor_signs_in_and_the_account_is_bound(
    make_lab: Callable[..., SigningLab], provider: Provider, who: str
) -> None:
    lab = make_lab()
    at, answer = comes_back(lab, provider, who)
    assert answer.location == "/desk", answer.text
    assert at.is_in()
    assert lab.account("ana").oidc_subject == f"{provider.issuer} {who}"
    assert lab.happened("organisation_bound", "signed_in") == ["organisation_bound", "signed_in"]


def test_roles_never_come_from_the_claim(make_lab: Callable[..., SigningLab], provider: Provider) -> None:
    at, _ = comes_back(make_lab(), provider, "ana-with-mfa")
    assert at.get("/accounts").status_code == 403


def test_without_a_proven_second_factor_ours_is_asked(make_lab: Callable[..., SigningLab], provider: Provider) -> None:
    lab = make_lab()
    lab.enrol("ana")
    at, answer = comes_back(lab, provider, "ana-password-only")
    assert answer.location == "/sign-in/second-factor"
    assert not at.is_in()
    assert at.code(lab.code("ana")).status_code == 303
    assert at.is_in()


def test_without_any_second_factor_nobody_is_let_in(make_lab: Callable[..., SigningLab], provider: Provider) -> None:
    at, answer = comes_back(make_lab(), provider, "ana-password-only")
    assert answer.location == "/sign-in/second-factor"
    at.get("/sign-in/second-factor")
    assert at.post("/sign-in/second-factor", code="123456").status_code == 422
    assert not at.is_in()


@pytest.mark.parametrize("who", ["somebody-calling-herself-ana", "ana-without-a-word-on-it", "nameless"])
def test_an_address_nobody_vouches_for_is_refused(
    make_lab: Callable[..., SigningLab], provider: Provider, who: str
) -> None:
    at, answer = comes_back(make_lab(), provider, who)
    assert answer.status_code == 422
    assert "vouch" in answer.text
    assert not at.is_in()


def test_whoever_does_not_work_here_is_refused(make_lab: Callable[..., SigningLab], provider: Provider) -> None:
    at, answer = comes_back(make_lab(), provider, "stranger")
    assert answer.status_code == 422
    assert not at.is_in()


def test_a_disabled_account_stays_out(make_lab: Callable[..., SigningLab], provider: Provider) -> None:
    lab = make_lab()
    comes_back(lab, provider, "ana-with-mfa")
    with lab.database.transaction() as db:
        signing_in.disable(db, db.get_one(Account, lab.staff("ana").id), by="operator", now=lab.clock())
    at, answer = comes_back(lab, provider, "ana-with-mfa")
    assert answer.status_code == 422
    assert not at.is_in()


def test_the_address_given_to_somebody_else_later_is_not_enough(
    make_lab: Callable[..., SigningLab], provider: Provider
) -> None:
    lab = make_lab()
    comes_back(lab, provider, "ana-with-mfa")
    at, answer = comes_back(lab, provider, "ana-with-card")
    assert answer.status_code == 422
    assert not at.is_in()
    assert lab.happened("sign_in_refused") == ["sign_in_refused"]


def test_another_claim_may_name_the_person(make_lab: Callable[..., SigningLab], provider: Provider) -> None:
    lab = make_lab(email_claim="upn")
    at, answer = comes_back(lab, provider, "isla-by-upn")
    assert answer.status_code == 303, answer.text
    assert at.is_in()
    assert lab.account("isla").oidc_subject
    assert lab.email("isla") == ISLA


def test_state_of_another_browser_is_refused(make_lab: Callable[..., SigningLab], provider: Provider) -> None:
    lab = make_lab()
    attacker, victim = lab.browser(), lab.browser()
    back = provider.says(attacker.get("/sign-in/organisation").location, "ana-with-mfa")
    victim.get("/sign-in")
    assert victim.get(back).status_code == 422
    assert not victim.is_in()


def test_an_answer_works_once(make_lab: Callable[..., SigningLab], provider: Provider) -> None:
    lab = make_lab()
    at = lab.browser()
    back = provider.says(at.get("/sign-in/organisation").location, "ana-with-mfa")
    assert at.get(back).status_code == 303
    assert at.get(back).status_code == 422


def test_a_code_put_into_another_sign_in_is_refused_by_its_nonce(
    make_lab: Callable[..., SigningLab], provider: Provider
) -> None:
    lab = make_lab()
    attacker, victim = lab.browser(), lab.browser()
    stolen = provider.says(attacker.get("/sign-in/organisation").location, "ana-with-mfa")
    code = urllib.parse.parse_qs(stolen.partition("?")[2])["code"][0]
    at, answer = comes_back(lab, provider, "stranger", at=victim, code=code)
    assert answer.status_code == 422
    assert "did not prove" in answer.text
    assert not at.is_in()


@pytest.mark.parametrize("over", [{"iss": "https://evil.example.org"}, {"state": "made-up"}, {"code": "made-up"}])
def test_what_another_provider_or_nobody_said_is_refused(
    make_lab: Callable[..., SigningLab], provider: Provider, over: dict[str, str]
) -> None:
    at, answer = comes_back(make_lab(), provider, "ana-with-mfa", **over)
    assert answer.status_code == 422
    assert not at.is_in()


def test_a_provider_that_calls_itself_something_else_is_not_asked(
    make_lab: Callable[..., SigningLab], provider: Provider
) -> None:
    assert make_lab(issuer=provider.issuer + "/").browser().get("/sign-in/organisation").status_code == 422


def test_a_refusal_over_there_is_one_here(make_lab: Callable[..., SigningLab], provider: Provider) -> None:
    at, answer = comes_back(make_lab(), provider, "deny")
    assert answer.status_code == 422
    assert not at.is_in()


def test_a_provider_that_is_away_leaves_the_password(
    make_lab: Callable[..., SigningLab], free_port: Callable[[], int]
) -> None:
    lab = make_lab(issuer=f"http://127.0.0.1:{free_port()}")
    lab.enrol("ana")
    assert "does not answer" in lab.browser().get("/sign-in/organisation").text
    assert lab.sign_in("ana").is_in()


def test_pkce_state_and_nonce_go_along_and_the_person_is_asked_for(make_lab: Callable[..., SigningLab]) -> None:
    asked = urllib.parse.urlsplit(make_lab().browser().get("/sign-in/organisation").location)
    query = dict(urllib.parse.parse_qsl(asked.query))
    assert query["code_challenge_method"] == "S256"
    assert {"state", "nonce", "code_challenge"} <= set(query)
    assert query["prompt"] == "login"
    assert query["redirect_uri"] == "http://localhost/sign-in/organisation/back"


def test_where_there_is_none_its_pages_are_not_there(new_database: Callable[[str], str]) -> None:
    lab = SigningLab(new_database("sqlite"))
    assert lab.browser().get("/sign-in/organisation").status_code == 404
    assert lab.browser().get("/sign-in/organisation/back").status_code == 404
    lab.close()


def test_a_private_key_proves_us_instead_of_a_secret(make_lab: Callable[..., SigningLab], provider: Provider) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    lab = make_lab(client_secret="", private_key=key.decode())
    with lab.app.test_request_context():
        from triage.desk import organisation

        client = organisation._client(provider.organisation())
        assert client.client_kwargs["token_endpoint_auth_method"] == "private_key_jwt"


@pytest.mark.parametrize(
    ("claims", "proves"),
    [
        ({"amr": ["pwd", "mfa"]}, True), ({"amr": "mfa"}, True), ({"acr": "AAL3_ANY"}, True), ({"acr": "AAL1"}, False),
        ({"authentication_assurance_level": 2}, True), ({"authentication_assurance_level": "1"}, False),
        ({"amr": ["pwd"]}, False), ({"amr": []}, False), ({}, False), ({"amr": None, "acr": None}, False),
        ({"acr": {"mfa": 1}}, False), ({"amr": [["mfa"]]}, False),
    ],
)  # fmt: skip
def test_what_proves_a_second_factor(provider: Provider, claims: dict[str, Any], proves: bool) -> None:
    assert proves_second_factor(provider.organisation(), claims) is proves
