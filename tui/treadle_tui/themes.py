"""Treadle's own two themes, and the names that every stylesheet may use.

One accent (the position), one alarm (errors), a muted hue for each kind; all other text in three strengths. The
variables have defaults, so Textual's other themes work too.
"""

from typing import Final

from textual.theme import Theme

DARK: Final = Theme(
    name="treadle-dark",
    primary="#e9b562",
    secondary="#7f9cbf",
    accent="#e9b562",
    warning="#d9a35b",
    error="#ef6f66",
    success="#8fb58a",
    foreground="#d5d9df",
    background="#13161b",
    surface="#191d24",
    panel="#1d222a",
    boost="#232933",
    dark=True,
    variables={
        "strong": "#f2f4f7",
        "dim": "#88909c",
        "faint": "#4d5561",
        "hairline": "#2b313b",
        "position": "#2c2a24",
        "position-blur": "#20242b",
        "match": "#4a3f22",
        "kind-chain": "#8fa0b8",
        "kind-agent": "#b09ac4",
        "kind-llm": "#6fb3ab",
        "kind-tool": "#a3b37d",
        "kind-retriever": "#7fa6d1",
        "kind-embedding": "#a597d1",
        "kind-reranker": "#c79a86",
        "kind-guardrail": "#c4ae78",
        "kind-evaluator": "#8dbb95",
        "kind-prompt": "#c28fae",
        "kind-span": "#7d8691",
        "syntax-key": "#8db0d6",
        "syntax-string": "#b3bf93",
        "syntax-number": "#d6ab84",
        "syntax-word": "#b89fcf",
        "syntax-name": "#9cc4c0",
        "syntax-comment": "#69727e",
        "block-cursor-background": "#e9b562",
        "block-cursor-foreground": "#13161b",
        "block-cursor-text-style": "none",
        "input-selection-background": "#e9b562 30%",
        "input-cursor-background": "#e9b562",
        "scrollbar": "#2f3641",
        "scrollbar-hover": "#454e5b",
        "scrollbar-active": "#5b6675",
        "scrollbar-background": "#13161b",
        "scrollbar-background-hover": "#13161b",
        "scrollbar-background-active": "#13161b",
        "scrollbar-corner-color": "#13161b",
        "border": "#2b313b",
        "border-blurred": "#2b313b",
    },
)

LIGHT: Final = Theme(
    name="treadle-light",
    primary="#a85b0c",
    secondary="#3f6590",
    accent="#a85b0c",
    warning="#9a6a10",
    error="#bf3127",
    success="#3d7a44",
    foreground="#2a2d33",
    background="#fbfaf7",
    surface="#f4f2ed",
    panel="#efece5",
    boost="#e9e5dc",
    dark=False,
    variables={
        "strong": "#0f1114",
        "dim": "#6a6f78",
        "faint": "#aeb0b3",
        "hairline": "#dcd8cf",
        "position": "#f6e8d0",
        "position-blur": "#efece5",
        "match": "#f3dc9f",
        "kind-chain": "#52677f",
        "kind-agent": "#7a5598",
        "kind-llm": "#217a71",
        "kind-tool": "#5c7026",
        "kind-retriever": "#2f68a3",
        "kind-embedding": "#63519e",
        "kind-reranker": "#9a5a3d",
        "kind-guardrail": "#856a1d",
        "kind-evaluator": "#357046",
        "kind-prompt": "#9b4a7c",
        "kind-span": "#737980",
        "syntax-key": "#2c5c91",
        "syntax-string": "#55691f",
        "syntax-number": "#9c5520",
        "syntax-word": "#74479a",
        "syntax-name": "#1d6d69",
        "syntax-comment": "#8b8f95",
        "block-cursor-background": "#a85b0c",
        "block-cursor-foreground": "#fbfaf7",
        "block-cursor-text-style": "none",
        "input-selection-background": "#a85b0c 25%",
        "input-cursor-background": "#a85b0c",
        "scrollbar": "#d8d4ca",
        "scrollbar-hover": "#c2bdb0",
        "scrollbar-active": "#a8a294",
        "scrollbar-background": "#fbfaf7",
        "scrollbar-background-hover": "#fbfaf7",
        "scrollbar-background-active": "#fbfaf7",
        "scrollbar-corner-color": "#fbfaf7",
        "border": "#dcd8cf",
        "border-blurred": "#dcd8cf",
    },
)

THEMES: Final = (DARK, LIGHT)


def variable_defaults(*, dark: bool) -> dict[str, str]:
    """Return the variables of our own theme, for those themes that do not have them."""
    own = ("strong", "dim", "faint", "hairline", "position", "match", "kind-", "syntax-", "input-selection")
    theme = DARK if dark else LIGHT
    return {name: value for name, value in theme.variables.items() if name.startswith(own)}
