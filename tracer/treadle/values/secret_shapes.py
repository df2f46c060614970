"""Secrets by their shape: what the vendors' keys, private keys, signed tokens and URLs with passwords look like.

Nearly every key is a known prefix with a run of letters and digits behind it. So the prefix's last character (`-`, `_`
or `.`) is looked for first, then the run, and the prefixes last: one alternation of all the patterns would cost twenty
times as much. No pattern reads a stretch of text more than a bounded number of times: starts are told by fixed
lookbehinds, runs are possessive or bounded, so that the work is linear in the text's size, whatever it holds.

The formats are the vendors' own, as their documentation and the rules of gitleaks and trufflehog give them.
"""

import re

LONGEST_PREFIX = 24
SHORTEST_MASKED = 16
LONGEST_WORD = 24
SHORTEST_RUN = 30
"""So many letters in a row are a key behind a key's prefix, even without a digit."""
MOST_JUDGED = 100
"""How much of a text is looked at to tell whether it is generated."""

_DASHED = (
    "sk-", "xoxa-", "xoxb-", "xoxc-", "xoxd-", "xoxe-", "xoxo-", "xoxp-", "xoxr-", "xoxs-", "xapp-", "glpat-",
    "gldt-", "glrt-", "glsoat-", "xai-", "pplx-", "pypi-", "GOCSPX-", "key-", "AGE-SECRET-KEY-", "tvly-", "nvapi-",
    "csk-", "llx-", "fc-", "PMAK-", "NRAK-", "CFPAT-", "sq0atp-", "sq0csp-", "pul-",
)  # fmt: skip
_UNDERSCORED = (
    "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "hf_", "api_org_", "gsk_", "r8_", "sk_live_", "sk_test_",
    "rk_live_", "rk_test_", "sk_", "lsv2_pt_", "lsv2_sk_", "npm_", "dop_v1_", "doo_v1_", "dor_v1_", "shpat_", "shpss_",
    "shpca_", "shppa_", "lin_api_", "lin_oauth_", "ntn_", "secret_", "figd_", "glsa_", "glc_", "pscale_tkn_",
    "pscale_pw_", "sbp_", "sb_secret_", "nfp_", "rubygems_", "pcsk_", "jina_", "tgp_v1_", "fw_", "e2b_", "wandb_v1_",
    "phx_", "pylf_v1_us_", "pylf_v1_eu_", "whsec_",
)  # fmt: skip
_DASH = re.compile(r"-(?!-)(?=[A-Za-z0-9_-]{16})")
_UNDERSCORE = re.compile(r"_(?=[A-Za-z0-9+/]{12})")
_DOTTED = re.compile(
    r"\.(?=[A-Za-z0-9_-]{16})(?:(?<=\bya29\.)|(?<=\bSG\.)|(?<=\bhv[sbr]\.)|(?<=\bdp\.[a-z]{2}\.)|(?<=\bdp\.scim\.)"
    r"|(?<=\bdp\.audit\.)|(?<=\bdt0c01\.))[A-Za-z0-9_.-]{20,300}+"
    r"|\.(?=[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27})(?<=[A-Za-z0-9_-]{23}\.)[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,45}+"
)
"""Keys with a dot behind their prefix, and the tokens of Discord's bots, whose first part names the bot."""
_RUN = re.compile(r"[A-Za-z0-9_+/=.-]{0,300}+")
_PIECES = re.compile(r"[-._/+=~:@]")
_INSIDE_A_WORD, _INSIDE_A_NAME = re.compile(r"[A-Za-z0-9]"), re.compile(r"[A-Za-z0-9_-]")

_BEGINNING_WITH_A = re.compile(
    r"A(?<![A-Za-z0-9]A)(?:(?:KIA|SIA)[A-Z0-9]{16}|Iza[A-Za-z0-9_-]{35}|C[0-9a-f]{32})(?![A-Za-z0-9])"
    r"|ATATT3(?<![A-Za-z0-9]ATATT3)[A-Za-z0-9_=-]{50,300}+"
)
"""Amazon, Google, Twilio and Atlassian."""
_TWILIO = re.compile(r"SK(?<![A-Za-z0-9]SK)[0-9a-f]{32}(?![A-Za-z0-9])")
_DATABRICKS = re.compile(r"dapi(?<![A-Za-z0-9]dapi)[0-9a-f]{32}(?:-\d)?(?![A-Za-z0-9])")
_DOCKER = re.compile(r"dckr_(?<![A-Za-z0-9]dckr_)[po]at_[A-Za-z0-9_-]{20,60}+")
_TELEGRAM = re.compile(r":(?<=[0-9]{8}:)A[A-Za-z0-9_-]{34}(?![A-Za-z0-9_-])")
_SIGNED_TOKEN = re.compile(r"eyJ(?<![A-Za-z0-9_-]eyJ)[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]{8,}+(?:\.[A-Za-z0-9_-]*+){0,3}")
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----(?=(?:[\s|>]|\\{1,4}[nr]){0,40}+"
    r"(?:[A-Za-z-]{3,20}: [^\n\\]{0,200}(?:[\s|>]|\\{1,4}[nr]){1,40}+){0,6}[A-Za-z0-9+/]{16})"
    r".*?(?:-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----|\Z)",
    re.DOTALL,
)
_IN_PATHS = (
    ("hooks.", re.compile(r"hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9/_-]{20,200}+")),
    ("webhooks/", re.compile(r"webhooks/(?<=api/webhooks/)\d{15,22}/[A-Za-z0-9_-]{40,200}+")),
    ("1//0", re.compile(r"1//0(?<![A-Za-z0-9/]1//0)[A-Za-z0-9_-]{38,300}+")),
)
_USERINFO = re.compile(r"://(?:(?P<user>[^\s:/@?#\"'<>]{0,200}+):)?(?P<secret>[^\s/?#\"'<>]{1,500})(?=@)")
_BEARER = re.compile(r"earer (?P<secret>[A-Za-z0-9._~+/=-]{8,}+)")
_ORACLE = re.compile(r"jdbc:oracle:thin:(?P<user>[^\s/@:]{1,60}+)/(?P<secret>[^\s@\"'<>]{1,200})(?=@)")
_SHORTEST = {"secret_": 32, "sk_": 32, "key-": 32, "fc-": 32, "r8_": 30, "fw_": 20, "pypi-": 50}
_HEX = frozenset({"key-", "fc-"})
_REFERENCES = ("$", "{", "<", "%", "your", "[", "xxx", "example", "placeholder", "insert", "replace")
_NOTHING = frozenset(
    {
        "", "none", "null", "nil", "true", "false", "undefined", "required", "optional", "string", "str", "changeme",
        "redacted", "hidden", "masked", "password", "pass", "passwd", "secret", "token", "bearer", "basic", "default",
        "number", "object",
    }
)  # fmt: skip
"""Values that say only that there is none, or what it would be."""


def without_shapes(text: str) -> str:
    """Return the text with what has the shape of a secret masked; the same object where nothing has."""
    # Written out: a loop over a table of gates costs as much as the gates.
    text = _without_prefixed(text)
    if "A" in text:
        text = _BEGINNING_WITH_A.sub(_masked, text)
    if "K" in text and "SK" in text:
        text = _TWILIO.sub(_masked, text)
    if "J" in text and "eyJ" in text:
        text = _SIGNED_TOKEN.sub(_masked, text)
    if "dapi" in text:
        text = _DATABRICKS.sub(_masked, text)
    if "earer " in text:
        text = _BEARER.sub(_without_bearer, text)
    if ":" in text:
        text = _TELEGRAM.sub(_masked, text)
    return _without_paths(text) if "/" in text else text


def _without_paths(text: str) -> str:
    for literal, shape in _IN_PATHS:
        if literal in text:
            text = shape.sub(_masked, text)
    if "://" in text:
        text = _USERINFO.sub(_without_password, text)
    return _ORACLE.sub(_without_password, text) if "jdbc:oracle" in text else text


def mask(secret: str) -> str:
    """Return what is shown of a secret: enough to tell which one it was."""
    return f"{secret[:3]}…" if len(secret) > SHORTEST_MASKED else "…"


def looks_generated(text: str, *, least: int = 8) -> bool:
    """Tell whether a text looks as if no person had made it up: a piece of it mixes letters with digits.

    `gpt-4o-2024-08-06`, `token_count_2`, `password1` and dates do not.
    """
    if len(text) < least:
        return False
    return any(_is_mixed(piece) for piece in _PIECES.split(text[:MOST_JUDGED]))


def is_wording(text: str) -> bool:
    """Tell whether a text is made of words: `well-known`, `YOUR_ACCESS_TOKEN`, `settings.token`."""
    return all(len(piece) < LONGEST_WORD and (piece.isalpha() or not piece) for piece in _PIECES.split(text))


def is_reference(text: str) -> bool:
    """Tell whether a text stands for a value that is elsewhere: `$TOKEN`, `{key}`, `<your key>`, `xxxx`, `sk-...`."""
    lowered = text.lower()
    return (
        lowered.startswith(_REFERENCES)
        or lowered.strip("\"'") in _NOTHING
        or "..." in text
        or "…" in text
        or len(set(lowered)) <= 2
    )


def _is_mixed(piece: str) -> bool:
    if len(piece) < 6 or piece.isalpha() or piece.isdigit():
        return False
    digits = sum(map(str.isdigit, piece))
    return digits >= 3 or (digits > 0 and not piece.rstrip("0123456789").isalpha())


def _without_prefixed(text: str) -> str:
    spans: list[tuple[int, int]] = []
    if "-" in text:
        spans += [span for found in _DASH.finditer(text) if (span := _prefixed(text, found.end(), _DASHED))]
        if "PRIVATE KEY" in text:
            spans += [found.span() for found in _PRIVATE_KEY.finditer(text)]
    if "_" in text:
        spans += [span for found in _UNDERSCORE.finditer(text) if (span := _prefixed(text, found.end(), _UNDERSCORED))]
        if "dckr_" in text:
            spans += [found.span() for found in _DOCKER.finditer(text)]
    if "." in text:
        spans += [found.span() for found in _DOTTED.finditer(text)]
    return cut_out(text, spans)


def _prefixed(text: str, at: int, prefixes: tuple[str, ...]) -> tuple[int, int] | None:
    """Return where a key is whose prefix ends here, unless the prefix is the end of a word."""
    head = text[max(at - LONGEST_PREFIX, 0) : at]
    if not head.endswith(prefixes):
        return None
    prefix = max((prefix for prefix in prefixes if head.endswith(prefix)), key=len)
    start = at - len(prefix)
    inside = _INSIDE_A_NAME if prefix in _HEX else _INSIDE_A_WORD
    if start and inside.match(text, start - 1):
        return None
    run = _RUN.match(text, at)
    assert run is not None
    end = at + len(run.group().rstrip(".="))
    return (start, end) if _is_key(prefix, text[at:end]) else None


def _is_key(prefix: str, rest: str) -> bool:
    least = _SHORTEST.get(prefix, 16)
    if len(rest) < least:
        return False
    if prefix in _HEX:
        return all(character in "0123456789abcdef" for character in rest[:32])
    return looks_generated(rest) or (len(rest) >= SHORTEST_RUN and _PIECES.search(rest[:SHORTEST_RUN]) is None)


def cut_out(text: str, spans: list[tuple[int, int]]) -> str:
    """Return the text with stretches of it masked; the same object where there are none."""
    if not spans:
        return text
    kept = []
    done = 0
    for start, end in sorted(spans):
        if start >= done:
            kept += [text[done:start], mask(text[start:end])]
        done = max(done, end)
    return "".join((*kept, text[done:]))


def _masked(found: re.Match[str]) -> str:
    return mask(found.group())


def _without_password(found: re.Match[str]) -> str:
    secret, user = found["secret"], found["user"]
    if is_reference(secret) or (user is None and not looks_generated(secret, least=20)):
        return found.group()
    return f"{found.group()[: found.start('secret') - found.start()]}…"


def _without_bearer(found: re.Match[str]) -> str:
    secret = found["secret"]
    is_long = len(secret) >= SHORTEST_MASKED and not is_wording(secret) and not is_reference(secret)
    return f"earer {mask(secret)}" if is_long or looks_generated(secret) else found.group()
