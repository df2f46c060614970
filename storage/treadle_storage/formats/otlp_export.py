"""Traces to an OTLP file: JSON lines as the collector's file exporter writes them, or one protobuf message."""

from __future__ import annotations

import gzip
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

import orjson

from treadle.errors import StoreError
from treadle.otel.protobuf import resource_spans_bytes
from treadle_storage.formats.otlp_writing import resource_spans_of, with_base64_ids
from treadle_storage.formats.recorded_spans import read_groups

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from treadle_storage.formats.choosing import Chosen
    from treadle_storage.formats.cleaning import Cleaning
    from treadle_storage.store import Store

_PROTOBUF = frozenset({".pb", ".binpb", ".bin"})
_FIELD = b"\x0a"


def is_protobuf(path: Path) -> bool:
    """Tell by its name whether a file is to hold protobuf."""
    return not _PROTOBUF.isdisjoint(path.suffixes)


def write_otlp(
    store: Store,
    chosen: Chosen,
    cleaning: Cleaning,
    file: IO[bytes],
    *,
    protobuf: bool,
    on_progress: Callable[[int], None],
) -> int:
    """Write traces as OTLP; return how many spans there were."""
    written = 0
    for group in read_groups(store, chosen, cleaning):
        for held in resource_spans_of(group):
            file.write(_protobuf(held) if protobuf else orjson.dumps({"resourceSpans": [held]}) + b"\n")
        written += len(group.spans)
        on_progress(written)
    return written


def _protobuf(resource_spans: dict[str, Any]) -> bytes:
    data = resource_spans_bytes(with_base64_ids(resource_spans))
    return _FIELD + _varint(len(data)) + data


def _varint(number: int) -> bytes:
    groups = bytearray()
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*groups, number])


@contextmanager
def new_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a file to be written, compressed where its name ends in `.gz`; it has its name once it is whole."""
    newborn = path.with_name(f".{path.name}.tmp")
    try:
        with newborn.open("wb") as raw:
            if path.suffix == ".gz":
                with gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as file:
                    yield file  # type: ignore[misc]
            else:
                yield raw
        newborn.replace(path)
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        newborn.unlink(missing_ok=True)
