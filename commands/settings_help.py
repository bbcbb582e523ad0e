"""The settings as text, for `python app.py settings` and `--help`."""

from __future__ import annotations

from settings import Settings


def settings_table() -> str:
    """The settings as a Markdown table, for the README."""
    lines = ["| setting | default | meaning |", "|---|---|---|"]
    for name, setting in Settings.model_fields.items():
        default = "" if setting.default is None else f"`{setting.default}`"
        lines.append(f"| `{name.upper()}` | {default} | {setting.description} |")
    return "\n".join(lines)


def settings_list() -> str:
    """The settings as a list, for `--help`; click does not rewrap text after \\b."""
    names = "\n".join(
        f"  {name.upper():<20} {_first_sentence(setting.description or '')}"
        for name, setting in Settings.model_fields.items()
    )
    return f"\b\nSettings, from the environment or .env:\n{names}"


def _first_sentence(description: str) -> str:
    return description.split(". ")[0].rstrip(".").replace("`", "")
