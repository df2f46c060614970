"""Secrets of every kind, made up from parts so that no scanner believes them, and texts that only look like them."""

import re
from base64 import b64decode
from dataclasses import dataclass

LETTERS = "aB3dE5fG7hJ9kL2mN4pQ6rS8tU1vW0xYzA2bC4dE6fG8hJ0kM3nP5qR7sT9uV1wX"
HEX = "0f1e2d3c4b5a69788796a5b4c3d2e1f00123456789abcdef0123456789abcdef"
UUID = "a1b2c3d4-e5f6-4a7b-8c9d-0e1f2a3b4c5d"
BASE64_BODY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"


@dataclass(frozen=True)
class Planted:
    """A text with a secret in it, and the part of it that must not be written."""

    kind: str
    text: str
    secret: str


def _key(kind: str, prefix: str, rest: str) -> Planted:
    return Planted(kind, f"{prefix}{rest}", rest)


def _in(kind: str, before: str, secret: str, after: str = "") -> Planted:
    return Planted(kind, f"{before}{secret}{after}", secret)


def _pem(name: str, header: str = "") -> Planted:
    body = f"{BASE64_BODY}{name.replace(' ', '')}\n{BASE64_BODY[::-1]}"
    text = f"-----BEGIN {name}-----\n{header}{body}\n-----END {name}-----"
    return Planted(name.lower(), text, body.partition("\n")[0])


KEYS = [
    _key("openai", "sk-", LETTERS[:48]),
    _key("openai project", "sk-proj-", f"{LETTERS[:40]}_T3BlbkFJ-{LETTERS[5:45]}"),
    _key("openai service account", "sk-svcacct-", LETTERS[1:60]),
    _key("anthropic", "sk-ant-api03-", f"{LETTERS[2:50]}-{LETTERS[3:30]}AA"),
    _key("openrouter", "sk-or-v1-", HEX),
    _key("langfuse", "sk-lf-", UUID),
    _key("langsmith", "lsv2_pt_", f"{HEX[:32]}_{HEX[32:42]}"),
    _key("langsmith service", "lsv2_sk_", f"{HEX[1:33]}_{HEX[33:43]}"),
    _key("github classic", "ghp_", LETTERS[:36]),
    _key("github oauth", "gho_", LETTERS[1:37]),
    _key("github user", "ghu_", LETTERS[2:38]),
    _key("github server", "ghs_", LETTERS[3:39]),
    _key("github refresh", "ghr_", LETTERS[4:40]),
    _key("github fine-grained", "github_pat_", f"11{LETTERS[:20]}_{LETTERS[:59]}"),
    _key("gitlab", "glpat-", f"{LETTERS[:10]}-{LETTERS[20:29]}"),
    _key("slack bot", "xoxb-", f"123456789012-1234567890123-{LETTERS[:24]}"),
    _key("slack user", "xoxp-", f"123456789012-123456789012-1234567890123-{HEX[:32]}"),
    _key("slack app", "xapp-", f"1-A01BCDEFGHI-1234567890123-{HEX}"),
    _in("slack webhook", "https://hooks.slack.com/services/", f"T01ABCDEF/B01ABCDEF/{LETTERS[:24]}"),
    _in("discord webhook", "https://discord.com/api/webhooks/", f"123456789012345678/{LETTERS}"),
    _key("stripe", "sk_live_", LETTERS[:24]),
    _key("stripe restricted", "rk_live_", LETTERS[1:25]),
    _key("stripe webhook", "whsec_", LETTERS[2:34]),
    _key("google api", "AIza", f"Sy{LETTERS[:33]}"),
    _key("google oauth", "ya29.", f"a0{LETTERS[:50]}"),
    _key("google client secret", "GOCSPX-", f"{LETTERS[:20]}-{LETTERS[30:37]}"),
    _key("hugging face", "hf_", LETTERS[5:39]),
    _key("replicate", "r8_", LETTERS[6:43]),
    _key("groq", "gsk_", LETTERS[:52]),
    _key("xai", "xai-", LETTERS[7:]),
    _key("perplexity", "pplx-", LETTERS[:48]),
    _key("npm", "npm_", LETTERS[8:44]),
    _key("pypi", "pypi-", f"AgEIcHlwaS5vcmcCJ{LETTERS}{LETTERS[:60]}"),
    _key("docker", "dckr_pat_", f"{LETTERS[:9]}-{LETTERS[10:27]}"),
    _key("digitalocean", "dop_v1_", HEX),
    _key("sendgrid", "SG.", f"{LETTERS[:22]}.{LETTERS[:43]}"),
    _key("twilio key", "SK", HEX[:32]),
    _key("twilio account", "AC", HEX[1:33]),
    _key("mailgun", "key-", HEX[2:34]),
    _in("telegram", "123456789:", f"AA{LETTERS[:33]}"),
    _in("discord bot", "MTIzNDU2Nzg5MDEyMzQ1Njc4.", f"GaBcDe.{LETTERS[:38]}"),
    _key("shopify", "shpat_", HEX[:32]),
    _key("databricks", "dapi", HEX[3:35]),
    _key("doppler", "dp.pt.", LETTERS[:43]),
    _key("linear", "lin_api_", LETTERS[:40]),
    _key("notion", "ntn_", LETTERS[9:55]),
    _key("notion old", "secret_", LETTERS[10:53]),
    _key("vault", "hvs.", f"CAES{LETTERS}"),
    _key("aws access key", "AKIA", "IOSFODNN7EXAMPLE"),
    _key("aws temporary key", "ASIA", "Y34FZKBOKMUTVV7A"),
    _key("age", "AGE-SECRET-KEY-", f"1{LETTERS[:58].upper()}"),
    Planted("jwt", JWT, JWT),
    _pem("PRIVATE KEY"),
    _pem("RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,3F17F5316E2BAC89\n\n"),
    _pem("EC PRIVATE KEY"),
    _pem("OPENSSH PRIVATE KEY"),
    _pem("PGP PRIVATE KEY BLOCK", "Version: GnuPG v2\n\n"),
]
URLS = [
    _in("postgres", "postgresql://ann:", "hunter2hunter2", "@db.example.com/app"),
    _in("mysql", "mysql+pymysql://root:", "Tr0ub4dor&3", "@db:3306/app"),
    _in("mongodb", "mongodb+srv://ann:", "p@ss:w0rd!", "@cluster0.mongodb.net/app"),
    _in("redis", "redis://:", "hunter2redis9", "@cache:6379/0"),
    _in("amqp", "amqps://guest:", "s0mething-l0ng", "@mq.example.com/vhost"),
    _in("basic auth url", "https://ann:", "letmein-42", "@example.com/feed"),
    _in("sentry dsn", "https://", HEX[4:36], "@o12345.ingest.sentry.io/4501"),
    _in("oracle", "jdbc:oracle:thin:scott/", "tiger4tiger", "@//db.example.com:1521/orcl"),
    _in("jdbc", "jdbc:postgresql://db/app?user=ann&password=", "h0rse-battery", "&ssl=true"),
    _in("query api key", "https://api.example.com/v1?api_key=", "k3y0f4ll", "&q=1"),
    _in("query access token", "https://api.example.com/v1?q=1&access_token=", "t0k3n0f4ll"),
    _in("query token", "https://api.example.com/hook?token=", "abc123def456"),
    _in("azure sas", "https://a.blob.core.windows.net/c?sv=2022&sig=", "uZ5nYq%2FVv0Kx3fGh%2Bpw%3D", "&se=2030"),
    _in("aws signed url", "https://b.s3.amazonaws.com/k?X-Amz-Signature=", HEX[5:]),
    _in("azure storage", "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=", f"{LETTERS}ab==", ";"),
    _in("azure bus", "Endpoint=sb://a.servicebus.windows.net/;SharedAccessKey=", f"{LETTERS[:42]}="),
    _in("ado.net", "Server=tcp:db,1433;Database=app;User Id=ann;Password=", "correct-horse", ";Encrypt=True"),
    _in("libpq", "host=db.example.com dbname=app user=ann password=", "staplestaple", " sslmode=require"),
]
ASSIGNED = [
    _in("env line", "DB_PASSWORD=", "correcthorsebattery"),
    _in("exported", "export MISTRAL_API_KEY=", LETTERS[:32]),
    _in("aws secret", "aws_secret_access_key = ", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    _in("aws secret env", "AWS_SECRET_ACCESS_KEY=", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzzz12"),
    _in("json", '{"client_id": "me", "client_secret": "', "horse-battery-staple", '"}'),
    _in("digits in json", '{"user": "ann", "password": "', "9081726354", '"}'),
    _in("json in json", '{"body": "{\\"password\\": \\"', "horse-battery-77", '\\"}"}'),
    _in("yaml", "cohere:\n  api_key: ", "Zk3v9QpL0sWx8Yt2"),
    _in("python", 'client = Client(api_key="', "0123abcd4567", '")'),
    _in("python typed", 'password: str = "', "letmeinplease", '"'),
    _in("python item", 'headers["X-Api-Key"] = "', "9f8e7d6c5b", '"'),
    _in("repr", "Config(user='ann', password='", "open-sesame", "')"),
    _in("option", "deploy --token ", "f00ba4f00ba4"),
    _in("authorization basic", "Authorization: Basic ", "YW5uOmh1bnRlcg=="),
    _in("authorization bearer", "authorization: Bearer ", "0123456789abcdef"),
    _in("authorization token", "Authorization: Token ", "9944b09199c62bcf"),
    _in("curl", "curl -H 'Authorization: Bearer ", "abcDEF123456789", "' https://example.com"),
    _in("api key header", "POST / HTTP/1.1\r\nX-Api-Key: ", "my1pretty2key3"),
    _in("cookie", "Cookie: ", "sessionid=38afes7a8; theme=dark"),
    _in("set-cookie", "Set-Cookie: ", "id=a3fWa0uV; Secure; HttpOnly"),
]
SECRETS = [*KEYS, *URLS, *ASSIGNED]

LOOK_ALIKES = [
    "You have used 4096 tokens; max_tokens: 1024, prompt_tokens=2048, token_count = 17",
    "Please choose a new password: it must have 12 characters and a digit.",
    "To reset your password, choose Forgot password and follow the link.",
    "The secret of good soup: patience. The key to it: salt.",
    "The bearer of bad news, and the bearer authentication-scheme of RFC 6750",
    "Authorization: see chapter 4 of RFC 9110",
    "password = getpass()",
    "password = getpass.getpass('Password: ')",
    "client = OpenAI(api_key=None, timeout=30)",
    "def login(user: str, password: str, token: str | None = None) -> Session:",
    'key = os.environ["OPENAI_API_KEY"]',
    "api_key=os.environ['OPENAI_API_KEY'], token=settings.token2, secret=self.config.secret_1",
    'export OPENAI_API_KEY=$MY_KEY && curl -H "Authorization: Bearer $TOKEN"',
    "Authorization: Bearer YOUR_ACCESS_TOKEN_HERE",
    'curl "https://api.example.com?api_key=YOUR_API_KEY"',
    "api_key: <your key>, password: ${PASSWORD}, token: {token}",
    "OPENAI_API_KEY=sk-... python app.py",
    "secret_santa: true",
    "authorizationCode: OAuthFlowAuthorizationCode | None = None; cookie: http.cookies.BaseCookie[str] = make()",
    "in the form https://user:pass@host:port/path?query#fragment",
    'AUTHORIZATION = "authorization"; PASSWORD_SAFE = "".join(characters)',
    '{"token": "Hello", "logprob": -0.12}',
    '{"next_page_token": "CAUQAA", "total": 3}',
    '{"type": "object", "properties": {"password": {"type": "string"}, "token": {"type": "string"}}}',
    "for token in tokens: print(token, len(token))",
    "tokenizer.decode(tokens[i1:i2], skip_special_tokens=True)",
    "if token == '</s>': break",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "commit 2cee5793f6a0c8d0b1e2f3a4b5c6d7e8f9a0b1c2",
    "trace 65fb1f2710979f9377779f5f2df194fe span ee57886d0ab34c11",
    "id 123e4567-e89b-12d3-a456-426614174000",
    "2024-11-05T13:45:59.123456+00:00 and 2024-11-05 13:45",
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7",
    "gpt-4o-2024-08-06, claude-sonnet-4-20250514, text-embedding-3-small, o3-mini",
    "call_aB3dE5fG7hJ9kL2mN4pQ6rS8 and chatcmpl-9kL2mN4pQ6rS8tU1vW0xYzA2bC4d",
    "msg_01XFDUDYJgAACzvnptvVoYEL run_abc123def456ghi789 thread_9kL2mN4pQ6rS8tU1",
    "sk-learn-contrib and sk-toggleable__content sk-estimator-doc-link sk-text-repr-fallback",
    "ask-me-anything-about-this-topic, task-123456789012345678901234567890",
    "risk-assessment-for-the-whole-quarter, desk-booking-2024-11-05-floor-12",
    "https://example.com:8080/path?at=me@example.com&key=value&page_token=2",
    "ssh://git@github.com:22/org/repo, git@github.com:org/repo.git, mailto:ann@example.com",
    "postgresql://{user}:{password}@{host}:5432/app",
    "/home/ann/.ssh/id_ed25519.pub, C:\\Users\\ann\\secrets\\readme.txt, ./tokens/token_1.json",
    "pypi-publish, npm_config_registry, hf_transfer, gh_pages, key-value-store-configuration-item",
    "Paste it with the line -----BEGIN PRIVATE KEY----- and the line at the end, then save the file.",
    "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBa\n-----END CERTIFICATE-----",
    "see eyJ in the text; JWTs begin with eyJhbGci",
    "code_verifier must have 43 characters, code_challenge_method=S256",
    "self.client.with_raw_response.create(model=self.model_name, messages=messages)",
    ".secret-panel { color: #1a2b3c } .token.keyword:hover { content: 'token' }",
    "| --- | ---- | -------------------- | ==================== |",
    "ratio 3:2:1, at 10:30:59, host:8080, a::b::c, x := 5, lambda x: x",
    "SKU SK1234, ACME AC/DC, AKIA is a prefix, AIza too, SG.com, dapible",
    "Cookie: a small, sweet, baked good",
    "user_id=12345 session=default region=eu-west-1 password_hint=dog name, key=primary",
]


def with_base64_read(written: bytes) -> bytes:
    """Return what is written, and behind it what its strings say that are base64."""
    strings = re.findall(rb'"([A-Za-z0-9+/]{4,}={0,2})"', written)
    return b"\n".join([written, *(b64decode(string) for string in strings if len(string) % 4 == 0)])
