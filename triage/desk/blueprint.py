"""The blueprint every staff page belongs to. Alone in its module, so that the views can add themselves to it."""

from flask import Blueprint

pages = Blueprint("pages", __name__)
