"""Colours for code and JSON, by Pygments, for the lines that are looked at.

tree-sitter (`textual[syntax]`) crashes the process on JSON; Pygments takes a millisecond for a screen of lines.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, TypeAlias

from pygments.lexer import Lexer  # type: ignore[import-untyped]
from pygments.lexers import get_lexer_by_name  # type: ignore[import-untyped]
from pygments.token import Token, _TokenType  # type: ignore[import-untyped]

Span: TypeAlias = tuple[int, int, str]
"""From a column to a column, and the tone."""
LONGEST_LINE: Final = 20_000
"""Longer lines stay plain: lexing one takes longer than a frame."""

_TONES: Final = (
    (Token.Name.Tag, "syntax-key"),
    (Token.Literal.String.Doc, "syntax-comment"),
    (Token.Literal.String, "syntax-string"),
    (Token.Literal.Number, "syntax-number"),
    (Token.Keyword, "syntax-word"),
    (Token.Operator.Word, "syntax-word"),
    (Token.Name.Decorator, "syntax-name"),
    (Token.Name.Function, "syntax-name"),
    (Token.Name.Class, "syntax-name"),
    (Token.Name.Builtin, "syntax-name"),
    (Token.Comment, "syntax-comment"),
    (Token.Punctuation, "dim"),
    (Token.Operator, "dim"),
)


def spans(line: str, language: str) -> list[Span]:
    """Return the coloured parts of one line."""
    if len(line) > LONGEST_LINE:
        return []
    return [
        (at, at + len(value), tone)
        for at, kind, value in _lexer(language).get_tokens_unprocessed(line)
        if (tone := _tone(kind)) is not None
    ]


@lru_cache(maxsize=8)
def spans_by_line(text: str, language: str) -> Sequence[Sequence[Span]]:
    """Return the coloured parts of each line of a text whose tokens may be longer than a line.

    The last few are kept: the steps of a trace stand in few files, and lexing one takes longer than a frame.
    """
    found: list[list[Span]] = [[]]
    line_start = 0
    for at, kind, value in _lexer(language).get_tokens_unprocessed(text):
        tone = _tone(kind)
        for number, part in enumerate(value.split("\n")):
            if number:
                found.append([])
                line_start = at + value.index("\n", line_start - at if line_start >= at else 0) + 1
            column = max(at, line_start) - line_start
            if tone is not None and part:
                found[-1].append((column, column + len(part), tone))
    return found


@lru_cache(maxsize=8)
def _lexer(language: str) -> Lexer:
    return get_lexer_by_name(language)


@lru_cache(maxsize=256)
def _tone(kind: _TokenType) -> str | None:
    return next((tone for token, tone in _TONES if kind in token), None)
