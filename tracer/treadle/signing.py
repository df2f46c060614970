"""Signatures that tell what this user recorded from what somebody changed or forged.

Keyed BLAKE2b (RFC 7693) with a 16-byte digest and the user's own key, which lives outside every store, mode 0600.
What is signed is told in `docs/journal.md`. Without a key, records are unsigned and replay asks for `--trust`.
"""

import hmac
import json
import os
import secrets
from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

import orjson

from treadle.kinds import ASKED_KINDS
from treadle.model import Chunk, KeptSource, Process, RecordedCall

LAUNCH = ("argv", "cwd", "executable", "main", "path")
"""The fields of a process record that say what a replay starts."""
KEY_BYTES = 32
DIGEST_BYTES = 16
SHORT = 4096

Signer = blake2b


def key_path() -> Path:
    """Return where the user's key is: `TREADLE_KEY_FILE`, else `treadle/key` in the user's data folder (XDG).

    Raises:
        RuntimeError: it would be in the user's home folder, and there is none.

    """
    named = os.environ.get("TREADLE_KEY_FILE")
    if named:
        return Path(named)
    data_home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data_home) / "treadle" / "key"


def load_key(*, create: bool) -> bytes | None:
    """Return the user's key, or None where there is none to be had.

    A key file that others can read is not used: what it signed could be anybody's.
    """
    try:
        path = key_path()
        status = path.stat()
        if status.st_mode & 0o077 or status.st_uid != os.getuid():
            return None
        key = path.read_bytes()
        return key if len(key) == KEY_BYTES else None
    except FileNotFoundError:
        return _create_key(path) if create else None
    except (OSError, RuntimeError):
        return None


@lru_cache(maxsize=1)
def signer_of(key: bytes) -> Signer:
    """Return a hash that has taken the key in: a copy of it costs half of a new one."""
    return blake2b(key=key, digest_size=DIGEST_BYTES)


def sign(signer: Signer, head: bytes, payload: bytes) -> str:
    """Return the signature over a head and a payload, in hex."""
    running = signer.copy()
    if len(payload) < SHORT:
        running.update(head + payload)  # once costs less than twice
    else:
        running.update(head)
        running.update(payload)
    return running.hexdigest()


def sign_process(signer: Signer, *, process: str, launch: Mapping[str, Any]) -> str:
    """Sign a process record: how a replay starts the program again, by the keys of `LAUNCH`."""
    chosen = {name: launch[name] for name in LAUNCH if launch.get(name)}
    return sign(signer, f"process\n{process}\n".encode(), json.dumps(chosen, sort_keys=True).encode())


def sign_start(
    signer: Signer,
    *,
    process: str,
    trace: str,
    span: str,
    place: str,
    function: str,
    payload: bytes,
    cells: bytes = b"",
) -> str:
    """Sign a start record: what was called, where, with what; `place` is parent, kind and ordinal."""
    begins = "start over cells" if cells else "start"
    told = f"{begins}\n{process}\n{trace}\n{span}\n{place}\n{function}\n".encode(errors="replace")
    return sign(signer, b"%b%b\n" % (told, cells) if cells else told, payload)


def sign_end(
    signer: Signer,
    *,
    trace: str,
    span: str,
    status: str,
    chunks_digest: str,
    payload: bytes,
    attributes: bytes | None = None,
) -> str:
    """Sign an end record: what came back; `attributes`, as `told_attributes` writes them, of what they alone tell."""
    begins = "end" if attributes is None else "end over attributes"
    told = f"{begins}\n{trace}\n{span}\n{status}\n{chunks_digest}\n".encode()
    return sign(signer, told if attributes is None else b"%b%b\n" % (told, attributes), payload)


def told_attributes(kind: str, attributes: Mapping[str, Any], *, has_function: bool) -> bytes | None:
    """Return the attributes of both records of a call as they are signed; None where no replay reads them.

    Of a model's span without a function they are what it is asked again by.
    """
    if has_function or kind not in ASKED_KINDS:
        return None
    return orjson.dumps(attributes, option=orjson.OPT_SORT_KEYS)


def sign_source(
    signer: Signer, *, process: str, file: str, number: int | None, text: str, redacted: bool = False
) -> str:
    """Sign a source record: which code ran, as which cell."""
    begins = "redacted source" if redacted else "source"
    told = f"{begins}\n{process}\n{file}\n{'' if number is None else number}\n"
    return sign(signer, told.encode(errors="replace"), text.encode())


def digest_chunks(chunks: tuple[Chunk, ...]) -> str:
    """Return the digest that an end record carries over its stream's chunks; empty where there are none."""
    if not chunks:
        return ""
    running = blake2b(digest_size=DIGEST_BYTES)
    for chunk in chunks:
        running.update(b"%d %s\n" % (chunk.at_ns, chunk.payload))
    return running.hexdigest()


def verify_process(key: bytes, process: Process) -> bool:
    """Tell whether this user recorded this program, started this way."""
    main = {"module": process.main_module, "file": process.main_file, "notebook": process.main_notebook}
    launch = {
        "argv": list(process.argv),
        "cwd": process.cwd,
        "executable": process.executable,
        "main": {name: value for name, value in main.items() if value},
        "path": list(process.path),
    }
    expected = sign_process(signer_of(key), process=process.process_id, launch=launch)
    return hmac.compare_digest(expected, process.signature or "")


def verify_source(key: bytes, source: KeptSource) -> bool:
    """Tell whether this user ran this code, in this process and as this cell."""
    expected = sign_source(
        signer_of(key),
        process=source.process_id,
        file=source.file,
        number=source.number,
        text=source.text,
        redacted=source.redacted,
    )
    return hmac.compare_digest(expected, source.signature or "")


def verify_start(key: bytes, call: RecordedCall) -> bool:
    """Tell whether this user recorded these arguments for this function, made over these variables."""
    function = f"{call.function.module}:{call.function.qualname}" if call.function else call.name
    expected = sign_start(
        signer_of(key),
        process=call.process_id,
        trace=call.trace_id,
        span=call.span_id,
        place=f"{call.parent_span_id or ''} {call.kind} {call.ordinal}",
        function=function,
        payload=call.input_tagged,
        cells=call.cells or b"",
    )
    return hmac.compare_digest(expected, call.start_signature or "")


def verify_end(key: bytes, call: RecordedCall) -> bool:
    """Tell whether this user recorded this answer, chunk by chunk, and the attributes where they are signed."""
    expected = _end_of(key, call, _told_by(call))
    return hmac.compare_digest(expected, call.end_signature or "")


def _told_by(call: RecordedCall) -> bytes | None:
    attributes = call.attributes if isinstance(call.attributes, dict) else {}
    try:
        return told_attributes(call.kind, attributes, has_function=call.function is not None)
    except TypeError:  # nested deeper, or larger, than anything that was signed
        return b""


def _end_of(key: bytes, call: RecordedCall, attributes: bytes | None) -> str:
    return sign_end(
        signer_of(key),
        trace=call.trace_id,
        span=call.span_id,
        status=call.status,
        chunks_digest=digest_chunks(call.chunks),
        payload=call.output_tagged or b"",
        attributes=attributes,
    )


def _create_key(path: Path) -> bytes | None:
    """Write a new key; where another process was first, use theirs."""
    key = secrets.token_bytes(KEY_BYTES)
    newborn = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(newborn, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(key)
        try:
            os.link(newborn, path)
        except FileExistsError:
            return load_key(create=False)
        finally:
            newborn.unlink()
    except OSError:
        return None
    return key
