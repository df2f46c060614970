"""Write the outputs in `docs/sql.md` anew, from the store that its test asks: `python docs/make_sql.py`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from storage.sql_page import main

if __name__ == "__main__":
    main()
