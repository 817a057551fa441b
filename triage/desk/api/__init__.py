"""The JSON API under `/api/v1`, for other systems: the same services as behind the pages.

Signed in by bearer token only, never by cookie, so it needs no protection against forged forms.
"""

from importlib.metadata import version
from typing import Final

import msgspec
from flask import Flask, Response

from triage.desk.api import car_calls, contact_calls, door, handing_calls, openapi, problems, staff_calls, wall_calls

BLUEPRINT: Final = "api"  # for whoever guards forms: this blueprint takes none
_CALLS = (staff_calls, contact_calls, handing_calls, car_calls, wall_calls)  # importing them fills the table


def attach(app: Flask) -> None:
    """Serve the API and its description."""
    api = door.blueprint()
    description = msgspec.json.encode(openapi.document(version("nowrongdoor")))

    @api.get("/openapi.json", endpoint="openapi_json")
    def described() -> Response:
        """The description. Open to everybody: it says nothing of anyone."""
        return Response(description, content_type="application/json", headers={"Cache-Control": "public, max-age=300"})

    app.register_blueprint(api)
    problems.attach(app, "/api")
