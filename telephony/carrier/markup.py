"""Reading a document the service answered with: is it well-formed, and is every part of it something Twilio
knows?
"""

import re
from dataclasses import dataclass, field
from xml.etree import ElementTree

from .grammar import CONTEXTS, INSIDE, MESSAGING, VOICE, Rule
from .webhooks import LONGEST_DOCUMENT

KEPT_AS_WRITTEN = frozenset({"Message", "Body"})
"""A text keeps its line breaks; spoken words and addresses do not."""
XML_TYPES = frozenset({"text/xml", "application/xml"})


class DocumentFailed(Exception):
    """The document cannot be used at all: 12100 not well-formed, 12200 not a Response, 12300 wrong Content-
    Type.
    """

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code


@dataclass
class Verb:
    """One element: its name, its attributes as written, its words, and what stands in it."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    text: str = ""
    children: list["Verb"] = field(default_factory=list)

    def get(self, name: str, usual: str = "") -> str:
        """An attribute, or what Twilio takes when it is absent."""
        return self.attributes.get(name, usual)

    def true(self, name: str, usual: bool) -> bool:
        """A boolean attribute."""
        return self.attributes.get(name, str(usual).lower()) == "true"

    def number(self, name: str, usual: int) -> int:
        """A whole-number attribute; `usual` where it is absent or a word."""
        value = self.attributes.get(name, "")
        return int(value) if value.isdecimal() else usual


@dataclass
class Document:
    """A document ready to be carried out, and what was wrong in it but did not stop it (Twilio's 12200)."""

    verbs: list[Verb]
    warnings: list[str] = field(default_factory=list)


def read(body: bytes, content_type: str, context: str) -> Document:
    """The document in `body` for one of the grammar's contexts. Raises DocumentFailed."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in XML_TYPES:
        raise DocumentFailed(12300, f"Content-Type {kind or 'missing'}")
    if len(body) > LONGEST_DOCUMENT:
        raise DocumentFailed(11750, "longer than 64 KB")
    if re.search(rb"<!DOCTYPE|<!ENTITY", body):
        raise DocumentFailed(12100, "a document type is not allowed")
    try:
        root = ElementTree.fromstring(body)  # noqa: S314 - size bounded, entities refused above
    except (ElementTree.ParseError, ValueError, LookupError):
        raise DocumentFailed(12100, "not well-formed XML") from None
    if root.tag != "Response":
        raise DocumentFailed(12100, "the root element is not Response")
    reading = _Reading(context)
    return Document(reading.response(root), reading.warnings)


class _Reading:
    def __init__(self, context: str) -> None:
        self.context = context
        self.warnings: list[str] = []
        self._top = MESSAGING if context == "message" else VOICE

    def response(self, root: ElementTree.Element) -> list[Verb]:
        if root.attrib:
            self.warnings.append("Response takes no attributes")
        if (root.text or "").strip() and self.context != "message":
            self.warnings.append("words directly under Response are not said")
        verbs = []
        for element in root:
            rule = self._top.get(element.tag)
            if rule is None or element.tag not in CONTEXTS[self.context]:
                known = "is not allowed in" if element.tag in VOICE | INSIDE | MESSAGING else "is not known in"
                self.warnings.append(f"{element.tag} {known} a {self.context} document")
            elif (verb := self._verb(element, rule)) is not None:
                verbs.append(verb)
        if self.context == "message" and not verbs and (root.text or "").strip():
            verbs.append(Verb("Message", {}, (root.text or "").strip()))
        return verbs

    def _verb(self, element: ElementTree.Element, rule: Rule) -> Verb:
        name = element.tag
        attributes = {}
        for raw, value in element.attrib.items():
            key = raw.replace("{http://www.w3.org/XML/1998/namespace}", "xml:")
            check = rule.attributes.get(key)
            if check is None:
                self.warnings.append(f"{name} has no attribute {key}")
            elif not check(value):
                self.warnings.append(f"{name} {key} has a value that is not allowed")
            else:
                attributes[key] = value
        children = []
        for child in element:
            inner = INSIDE.get(child.tag) or self._top.get(child.tag)
            if child.tag not in rule.children or inner is None:
                self.warnings.append(f"{child.tag} is not allowed in {name}")
            else:
                children.append(self._verb(child, inner))
        text = "".join(element.itertext()) if name == "Say" else element.text or ""
        if text.strip() and not rule.text:
            self.warnings.append(f"{name} takes no words")
        words = text.strip() if name in KEPT_AS_WRITTEN else " ".join(text.split())
        return Verb(name, attributes, words, children)
