"""Recorded text on a terminal: control characters as pictures, so that nothing recorded moves the cursor or colours."""

import unicodedata

_VISIBLE = {"\n": "⏎", "\r": "␍", "\t": " "}


def visible(text: str, *, lines: bool = True) -> str:
    """Return text that cannot move the cursor or colour the terminal: control characters as pictures."""
    kept = {"\n", "\t"} if lines else set()
    if text.isprintable():
        return text
    return "".join(character if character in kept else _picture(character) for character in text)


def _picture(character: str) -> str:
    if character in _VISIBLE:
        return _VISIBLE[character]
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if unicodedata.category(character) in {"Cc", "Cf", "Cs"} and character not in "\u200d\u200c":
        return "�" if code != 0x7F else "␡"
    return character
