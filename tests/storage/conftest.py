"""The store of a test, from inside and from outside: its index, a client of it, an owner that ends with the test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import treadle_storage
from owners import end_owner
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
