"""The store of a test, from inside and from outside: its index, a client of it, an owner that ends with the test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import treadle_storage
from owners import end_owner
from storage.journals import JournalWriter, write_example
from treadle_storage.index import Index
from treadle_storage.store import Store


@pytest.fixture
def index(store: Path) -> Iterator[Index]:
    """Open an index on the store."""
    index = Index(store)
    yield index
    index.close()


@pytest.fixture
def opened(store: Path) -> Iterator[Store]:
    """Return a client of an empty store; its owner ends with the test."""
    with treadle_storage.open(store, create=True) as client:
        yield client
    end_owner(store)


@pytest.fixture
def place(store: Path) -> Iterator[Path]:
    """Return an empty store, whose owner ends with the test."""
    store.mkdir()
    yield store
    end_owner(store)


@pytest.fixture(scope="module")
def walled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """Open an index on a store beside files that are nobody's business."""
    outside = tmp_path_factory.mktemp("outside")
    store = outside / "walled"
    with JournalWriter(store) as writer:
        write_example(writer)
    (outside / "secret.txt").write_text("the key")
    (outside / "secret.csv").write_text("a,b\n1,2\n")
    (outside / "secret.json").write_text('{"a":1}')
    opened_index = Index(store)
    opened_index.ingest()
    yield opened_index
    opened_index.close()
