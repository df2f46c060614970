"""The page `docs/sql.md` and the store that it asks: its queries are run, and their outputs written anew."""

from __future__ import annotations

import io
import re
from pathlib import Path
from tempfile import TemporaryDirectory

from storage.asked_store import write_desk
from storage.indexes import ingest_all
from treadle_storage.index import Index
from treadle_storage.user_sql import stream
from treadle_tui.cli.output import RowSet, write_rows

PAGE = Path(__file__).parents[2] / "docs" / "sql.md"
ASKED = re.compile(r"```sql\n(?P<query>.*?)```\n+```text\n(?P<output>.*?)```", re.DOTALL)


def answered(index: Index, query: str) -> str:
    """Return what `treadle sql` prints for a query."""
    out = io.StringIO()
    with index.cursor() as cursor:
        batches = [batch for batch, _ in stream(cursor, query)]
    rows = (row for batch in batches for row in batch.iter_rows())
    write_rows(RowSet(batches[0].names, batches[0].types, rows), "table", stream=out)
    return out.getvalue()


def main() -> None:
    """Write the page's outputs anew."""
    with TemporaryDirectory() as folder:
        write_desk(Path(folder))
        index = Index(Path(folder))
        ingest_all(index)
        text = PAGE.read_text()
        text = ASKED.sub(
            lambda found: f"```sql\n{found['query']}```\n\n```text\n{answered(index, found['query'])}```", text
        )
        index.close()
    PAGE.write_text(text)
