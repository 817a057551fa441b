"""A carrier between a scripted service and people with phones."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from twilio.rest import Client

from telephony.carrier.server import Server
from telephony.carrier.settings import Line, Settings
from tests.telephony.carrier.carrier_lab import (
    ACCOUNT,
    LINE,
    NURSE,
    TOKEN,
    Control,
    RewritingHttpClient,
    Service,
)
from tests.telephony.judges.api import check_exchange


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    yield service
    service.stop()
    assert service.unsigned == [], "every webhook must carry a signature the stock validator accepts"


@pytest.fixture(scope="session")
def one_server() -> Iterator[Server]:
    """One carrier for all the tests of a worker; each starts it afresh."""
    server = Server(Settings(ACCOUNT, TOKEN, port=0, speed=40, phonebook=[{"name": "Ana, nurse", "number": NURSE}]))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def server(one_server: Server, service: Service) -> Iterator[Server]:
    """A carrier with one line and the browsers' address, all leading to the service."""
    settings = one_server.carrier.settings
    settings.numbers[LINE] = Line(
        voice_url=f"{service.url}/voice",
        voice_fallback_url=f"{service.url}/fallback",
        status_callback=f"{service.url}/status",
        sms_url=f"{service.url}/sms",
        name="Test line",
    )
    settings.twiml_app = Line(voice_url=f"{service.url}/staff")
    yield one_server
    settings.deliver_to.clear()
    settings.calls_per_second = 0
    one_server.carrier.start_afresh()


@pytest.fixture
def control(server: Server) -> Control:
    return Control(server.port)


@pytest.fixture(scope="session")
def judge() -> None:
    """Read the API description before any call's clock runs."""
    check_exchange("GET", f"/2010-04-01/Accounts/{ACCOUNT}/Queues.json", judge_request=False)


@pytest.fixture
def client(judge: None, server: Server) -> Iterator[Client]:
    transport = RewritingHttpClient(server.url)
    yield Client(ACCOUNT, TOKEN, http_client=transport)
    if transport.session:
        transport.session.close()
    assert transport.faults == [], "every answer must be one Twilio could have given"
