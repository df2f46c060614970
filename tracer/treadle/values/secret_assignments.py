"""Secrets by the name that stands before them inside a text: `PASSWORD=...`, `"api_key": "..."`, `X-Api-Key: ...`.

Prose and code speak of tokens and passwords all the time, so the value decides. Masked is a literal under a secret
name (quoted; a line of an `.env` file; a parameter of a URL or a connection string; a header), and a bare word where it
looks generated. What refers to a value that is elsewhere (`getpass()`, `None`, `$TOKEN`, `settings.token`) stays.
"""

import re

from treadle.values.secret_names import is_secret_name
from treadle.values.secret_shapes import cut_out, is_reference, looks_generated

LONGEST_NAME = 40
SHORTEST_LITERAL = 6
SHORTEST_PARAMETER = 16
"""Of a value under a name that is no secret's elsewhere: `sig`, `signature`, `key`."""

_WORTH_LOOKING = re.compile(r":(?:(?<=ion:)|(?<=kie:)|(?=[ \t]{0,8}(?:[\"'\\]|\S{0,40}?\d)))")
_IN_K = re.compile(r"""k(?:ey|en(?<=token)(?!s)|ie(?<=cookie))(?=[a-z0-9_-]{0,20}+\\{0,3}+["'`]?+\]?+[ \t]{0,8}[:=])""")
_OPTION = re.compile(r"--(?P<name>[A-Za-z][A-Za-z0-9-]{2,40}+)[ ]{1,3}[\"']?(?P<value>[^\s\"')\]}]{8,500}+)")
_KEYWORDS = ("passw", "passp", "passc", "secret", "authoriz", "credential", "pwd", "signature", "sig=", "dsn")
_NAME_CHARACTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
_ASSIGNED = re.compile(
    r"""(?P<name>[A-Za-z0-9_-]{0,40}+)\\{0,3}(?P<close>["'`]?+\]?+)
    (?:[ \t]{0,3}:[ \t]{0,3}(?:str|bytes|SecretStr|Optional\[str\]|str[ ]\|[ ]None)(?=[ \t]{0,3}=))?
    (?P<separator>[ \t]{0,8}(?:=>|:=|:|=(?!=))[ \t]{0,8})
    (?:[rbuf]{0,2}(?P<quote>\\{0,3}["'`])(?!(?P=quote))(?P<quoted>[^\r\n]{1,1000}?)(?:(?P=quote)|\Z)
    |(?P<scheme>(?:Basic|Digest|Token|token|ApiKey|Negotiate|Bot)[ ]{1,3})?(?P<bare>[^\s"'`<>(){}\[\],;&|\\]{1,500}+)
    (?P<after>[(\[]?))""",
    re.VERBOSE,
)
_COOKIE = re.compile(r"[^\s=;,\"'\\]{1,100}+=[^\s=\"'\\][^\r\n\"'\\]{0,4000}+")
_UPPER_NAME = re.compile(r"[A-Z][A-Z0-9_]*\Z")
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+\Z|[A-Z]+(?:_[A-Z]+)+\Z")
_LIBPQ = re.compile(r"(?:^|[\s\"'])(?:host|dbname|user|port|sslmode|hostaddr)=")
_ASCII_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def without_assigned(text: str) -> str:
    """Return the text with values under secret names masked; the same object where there are none."""
    spans: list[tuple[int, int]] = []
    if "-" in text and "--" in text:
        spans += [found.span("value") for found in _OPTION.finditer(text) if _is_secret_option(found)]
    if "=" in text or (":" in text and _WORTH_LOOKING.search(text) is not None):
        spans += _assignments(text)
    return cut_out(text, spans)


def _is_secret_option(found: re.Match[str]) -> bool:
    return is_secret_name(found["name"]) and looks_generated(found["value"])


def _assignments(text: str) -> list[tuple[int, int]]:
    lowered = text.lower()
    if len(lowered) != len(text):
        lowered = text.translate(_ASCII_LOWER)
    spans: list[tuple[int, int]] = []
    done = 0
    for at in _keywords(lowered):
        if at >= done and (span := _assigned(text, at)) is not None:
            spans.append(span)
            done = span[1]
    return spans


def _keywords(lowered: str) -> list[int]:
    """Return where in a text stands a word that secret names are made of."""
    places = [found.start() for found in _IN_K.finditer(lowered)]
    for keyword in _KEYWORDS:
        at = lowered.find(keyword)
        while at >= 0:
            places.append(at)
            at = lowered.find(keyword, at + len(keyword))
    return sorted(places)


def _assigned(text: str, at: int) -> tuple[int, int] | None:
    """Return where the secret is that is assigned to the name around here."""
    found = _ASSIGNED.match(text, at)
    if found is None:
        return None
    head = text[max(at - LONGEST_NAME, 0) : at]
    before = head.rstrip(_NAME_CHARACTERS)
    name = head[len(before) :] + found["name"]
    if name.lower() in ("cookie", "set-cookie"):
        return _cookie(text, found)
    value, group = (found["quoted"], "quoted") if found["quoted"] is not None else (found["bare"], "bare")
    if is_reference(value) or _repeats(name, value):
        return None
    if before[-1:] in ("?", "&", ";") and "=" in found["separator"]:
        is_secret = _is_parameter(name, value)
    elif not is_secret_name(name.lstrip("-")):
        return None
    elif group == "quoted":
        is_secret = _is_literal(name, value)
    else:
        is_secret = _is_bare_secret(text, name, found)
    return found.span(group) if is_secret else None


def _repeats(name: str, value: str) -> bool:
    """Tell whether a value only says its name again: `AUTHORIZATION = "authorization"`."""
    said = re.sub("[_-]", "", value[:LONGEST_NAME].lower())
    return said.isalpha() and said in re.sub("[_-]", "", name.lower())


def _is_parameter(name: str, value: str) -> bool:
    if is_secret_name(name):
        return len(value) >= SHORTEST_LITERAL
    said = name.lower().endswith(("sig", "signature")) or name.lower() in ("key", "pwd")
    return said and len(value) >= SHORTEST_PARAMETER


def _is_literal(name: str, quoted: str) -> bool:
    if len(quoted) < SHORTEST_LITERAL or (" " in quoted.strip() and not looks_generated(quoted)):
        return False
    return looks_generated(quoted) if name.lower() == "token" else True


def _is_bare_secret(text: str, name: str, found: re.Match[str]) -> bool:
    value, separator = found["bare"], found["separator"]
    if found["after"] or len(value) < SHORTEST_LITERAL:
        return False
    if found["scheme"] is not None or "authorization" in name.lower():
        return len(value) >= 8 and (found["scheme"] is not None or looks_generated(value))
    if _IDENTIFIER.match(value):
        return False
    if separator == "=" and (_UPPER_NAME.match(name) or _is_in_a_connection_string(text, found)):
        return not value.startswith(("os.", "self.", "config.", "settings."))
    return looks_generated(value, least=SHORTEST_LITERAL if "pass" in name.lower() else 8)


def _is_in_a_connection_string(text: str, found: re.Match[str]) -> bool:
    around = text[max(found.start() - 200, 0) : found.start()], text[found.end() : found.end() + 200]
    return any(_LIBPQ.search(side) for side in around)


def _cookie(text: str, found: re.Match[str]) -> tuple[int, int] | None:
    start = found.start("quoted") if found["quoted"] is not None else found.end("separator")
    value = _COOKIE.match(text, start)
    return value.span() if value is not None and ":" in found["separator"] else None
