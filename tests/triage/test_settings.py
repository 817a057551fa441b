"""Settings: every missing or unsafe one stops the start and is named, all at once."""

from pathlib import Path

import pytest

from tests.harness.databases import local_settings
from triage import settings
from triage.settings import SettingsError, load

REQUIRED = (
    "PUBLIC_BASE_URL", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "SECRET_KEY", "FIELD_KEYS", "FALLBACK_NUMBER",
)  # fmt: skip


def faults(**over: str) -> list[str]:
    try:
        load({**local_settings(), **over})
    except SettingsError as error:
        return error.faults
    return []


def test_the_settings_of_one_machine_are_right() -> None:
    assert faults() == []
    assert load(local_settings()).is_local


def test_nothing_set_names_everything_needed_at_once() -> None:
    with pytest.raises(SettingsError) as error:
        load({})
    assert [fault.split()[0] for fault in error.value.faults] == list(REQUIRED)
    assert all("not set" in fault for fault in error.value.faults)


@pytest.mark.parametrize("name", REQUIRED)
def test_each_missing_one_is_named(name: str) -> None:
    for empty in ("", "   "):
        [fault] = faults(**{name: empty})
        assert fault.startswith(f"{name} is not set")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SERVICE_MODE", "staging"),
        ("PUBLIC_BASE_URL", "line.example.org"),
        ("PUBLIC_BASE_URL", "http://line.example.org"),
        ("PUBLIC_BASE_URL", "https://user@line.example.org"),
        ("PUBLIC_BASE_URL", "https://line.example.org?x=1"),
        ("PUBLIC_BASE_URL", "ftp://line.example.org"),
        ("TWILIO_API_BASE_URL", "https://api.example.org"),
        ("TWILIO_API_BASE_URL", "http://127.0.0.1.example.org"),
        ("TWILIO_API_BASE_URL", "nonsense"),
        ("TWILIO_ACCOUNT_SID", "AC123"),
        ("TWILIO_ACCOUNT_SID", "SK" + "0" * 32),
        ("TWILIO_AUTH_TOKEN", "short"),
        ("SECRET_KEY", "changeme"),
        ("SECRET_KEY", "x" * 15),
        ("SECRET_KEY", "a" * 40),
        ("SECRET_KEY", "changemechangeme"),
        ("FIELD_KEYS", "k1:" + "!" * 43),
        ("DATABASE_URL", "garbage"),
        ("DATABASE_URL", "mysql://db/line"),
        ("REDIS_URL", "garbage"),
        ("PORT", "99999"),
        ("PORT", "0"),
        ("TWILIO_AUTH_TOKEN_SECONDARY", "short"),
        ("FIELD_KEYS", "not a key"),
        ("FIELD_KEYS", "a:c2hvcnQ="),
        ("FIELD_KEYS", "a:" + "A" * 20 + ",b:" + "A" * 43 + "="),
        ("FALLBACK_NUMBER", "01632 960999"),
        ("FALLBACK_NUMBER", "999"),
        ("PORT", "eighty"),
    ],
)
def test_each_unsafe_one_is_named_with_a_sentence(name: str, value: str) -> None:
    [fault] = faults(**{name: value})
    assert fault.startswith(name)
    assert fault.endswith(".")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FLASK_DEBUG", "1"),
        ("FLASK_DEBUG", "true"),
        ("PYTHONDEVMODE", "1"),
        ("REDIS_URL", "redis://redis.example.org/0"),
        ("REDIS_URL", "rediss://redis.example.org:6380/0"),
        ("DATABASE_URL", "postgresql://line@db.example.org/line"),
        ("DATABASE_URL", "postgresql+psycopg://line@/line?host=db.example.org"),
    ],
)
def test_what_is_open_to_others_stops_a_start_in_production(name: str, value: str) -> None:
    assert faults(**{name: value}) == []
    [fault] = faults(SERVICE_MODE="production", **{name: value})
    assert fault.startswith(name)
    assert fault.endswith(".")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FLASK_DEBUG", "0"),
        ("REDIS_URL", "redis://127.0.0.1:6379/0"),
        ("REDIS_URL", "rediss://:long-and-made-by-a-machine@redis.example.org/0"),
        ("DATABASE_URL", "postgresql://line@127.0.0.1/line"),
        ("DATABASE_URL", "postgresql://line:word@db.example.org/line"),
        ("DATABASE_URL", "postgresql://line@db.example.org/line?passfile=/etc/line/pgpass"),
        ("DATABASE_URL", "postgresql://line@/line?host=/run/postgresql"),
    ],
)
def test_what_is_closed_or_on_this_machine_starts_in_production(name: str, value: str) -> None:
    assert faults(SERVICE_MODE="production", **{name: value}) == []


def test_the_softphone_has_all_its_settings_or_none() -> None:
    some = {"TWILIO_API_KEY": "SK" + "0" * 32, "TWILIO_API_SECRET": "", "TWILIO_TWIML_APP_SID": ""}
    assert [fault.split()[0] for fault in faults(**some)] == ["TWILIO_API_SECRET", "TWILIO_TWIML_APP_SID"]


def test_a_second_token_that_is_short_is_refused_too() -> None:
    [fault] = faults(TWILIO_AUTH_TOKEN_SECONDARY="short")
    assert "TWILIO_AUTH_TOKEN" in fault


def test_all_faults_come_together() -> None:
    assert len(faults(SERVICE_MODE="x", PORT="x", SECRET_KEY="x", FALLBACK_NUMBER="x")) == 4


def test_without_a_word_on_it_the_mode_is_production() -> None:
    given = {**local_settings(), "PUBLIC_BASE_URL": "https://line.example.org/"}
    del given["SERVICE_MODE"]
    ours = load(given)
    assert (ours.mode, ours.is_local, ours.public_base_url) == ("production", False, "https://line.example.org")


def test_two_tokens_are_kept_while_one_replaces_the_other() -> None:
    assert len(load({**local_settings(), "TWILIO_AUTH_TOKEN_SECONDARY": "f" * 32}).auth_tokens) == 2


def test_no_secret_is_shown() -> None:
    ours = load(local_settings())
    for secret in (*ours.auth_tokens, ours.api_secret, ours.secret_key, ours.field_keys):
        assert secret not in repr(ours)
        assert secret not in str(ours)


@pytest.mark.parametrize(
    ("host", "ours"),
    [("localhost", True), ("127.1.2.3", True), ("::1", True), ("10.0.0.1", False), ("", False), ("x", False)],
)
def test_this_machine_is_known_by_its_address(host: str, ours: bool) -> None:
    assert settings.is_loopback(host) is ours


# --- signing in -------------------------------------------------------------------------------------------------------

OIDC = {"OIDC_ISSUER": "https://sign-in.example.org", "OIDC_CLIENT_ID": "line", "OIDC_CLIENT_SECRET": "hush hush"}


def test_an_organisations_sign_in_is_all_of_it_or_none() -> None:
    assert load(local_settings()).organisation is None
    organisation = load({**local_settings(), **OIDC, "OIDC_MFA": "mfa, ngcmfa"}).organisation
    assert organisation is not None
    assert (organisation.email_claim, organisation.mfa_values) == ("email", {"mfa", "ngcmfa"})
    assert "hush hush" not in repr(organisation)
    for name in OIDC:
        [fault] = faults(**{**OIDC, name: ""})
        assert fault.startswith(name)
    assert faults(OIDC_NAME="Solent Trust")


@pytest.mark.parametrize("issuer", ["http://sign-in.example.org", "sign-in.example.org", "https://x.example.org/?a=b"])
def test_an_issuer_that_others_can_speak_for_is_refused(issuer: str) -> None:
    [fault] = faults(**{**OIDC, "OIDC_ISSUER": issuer})
    assert fault.startswith("OIDC_ISSUER")
    assert faults(**{**OIDC, "OIDC_ISSUER": "http://127.0.0.1:9400"}) == []


def test_a_client_proves_itself_one_way(tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_text("a key")
    assert faults(**{**OIDC, "OIDC_PRIVATE_KEY_FILE": str(key)})
    assert faults(**{**OIDC, "OIDC_CLIENT_SECRET": "", "OIDC_PRIVATE_KEY_FILE": str(key)}) == []
    [fault] = faults(**{**OIDC, "OIDC_CLIENT_SECRET": "", "OIDC_PRIVATE_KEY_FILE": str(tmp_path / "none")})
    assert "cannot be read" in fault


def test_the_key_before_is_as_hard_to_guess_and_a_breached_file_is_there(tmp_path: Path) -> None:
    assert faults(SECRET_KEY_PREVIOUS="changeme")[0].startswith("SECRET_KEY_PREVIOUS")
    assert load({**local_settings(), "SECRET_KEY_PREVIOUS": "x9-another-long-one-y"}).secret_keys_previous
    assert faults(BREACHED_PASSWORDS_FILE=str(tmp_path / "none"))[0].startswith("BREACHED_PASSWORDS_FILE")


@pytest.mark.parametrize(
    "address",
    [
        "http://maps.example.org/table/v1/driving", "https://maps.example.org/", "maps.example.org/table/v1/driving",
        "https://a:b@maps.example.org/sources_to_targets", "https://maps.example.org/sources_to_targets?x=1",
        "file:///table/v1/driving",
    ],
)  # fmt: skip
def test_positions_go_only_to_a_routing_server_of_a_known_kind_and_safely(address: str) -> None:
    assert faults(ROUTING_URL=address)[0].startswith("ROUTING_URL")


def test_a_routing_server_may_be_on_this_machine_or_behind_https() -> None:
    assert faults(ROUTING_URL="http://127.0.0.1:5000/table/v1/driving") == []
    assert faults(ROUTING_URL="https://maps.example.org/sources_to_targets") == []
    assert load(local_settings()).routing_url is None
