"""A foreign program that takes a store's database file, as a `duckdb` shell does, keeps it a while, and lets go.

`python foreign.py DATABASE SECONDS`: it prints `ready` when it tries, `held` when it has the file, and `free` when it
has let go.
"""

import sys
import time

import duckdb

PATIENCE_S = 60


def connected() -> duckdb.DuckDBPyConnection:
    """Try until the owner is gone: whoever starts the next one is slower."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return duckdb.connect(sys.argv[1])
        except duckdb.IOException:
            if time.monotonic() > deadline:
                raise


def main() -> None:
    """Take it, look into it, keep it, give it back."""
    print("ready", flush=True)
    connection = connected()
    print("held", flush=True)
    connection.execute("select count(*) from spans").fetchall()
    time.sleep(float(sys.argv[2]))
    connection.close()
    print("free", flush=True)


main()
