"""The tables of docs/commands.md, made from the grammar: `python -m tests.text.listing` writes them."""

from __future__ import annotations

from pathlib import Path

from device.text.grammar import FILES, grammar_of

PAGE = Path(__file__).parents[2] / "docs" / "commands.md"

BEGIN, END = "<!-- made by tests/text/listing.py -->", "<!-- end -->"

LANGUAGES = {"en": "English", "de": "German", "fr": "French", "es": "Spanish"}

_DOES = {
    "new_line": "line break",
    "new_paragraph": "two line breaks",
    "cap": "the next word begins with a capital",
    "caps_on": "each word begins with a capital",
    "caps_off": "that ends",
    "all_caps": "the next word in capitals",
    "all_caps_on": "all in capitals",
    "all_caps_off": "that ends",
    "no_caps": "the next word in small letters",
    "no_caps_on": "all in small letters",
    "no_caps_off": "that ends",
    "no_space": "no space before the next word",
    "no_space_on": "no spaces",
    "no_space_off": "that ends",
    "numeral": "the number that follows, in digits",
    "spell": "the letters and signs that follow",
    "end_spell": "that ends",
    "scratch_that": "takes back what was said before",
    "type_again": "types it once more",
    "press_enter": "Enter key",
    "press_tab": "Tab key",
    "press_escape": "Escape key",
}


def tables() -> str:
    """Give the tables of all languages that have a grammar."""
    files = sorted((file.stem for file in FILES.glob("*.toml")), key=list(LANGUAGES).index)
    return "\n\n".join(map(_table, files))


def _table(language: str) -> str:
    grammar = grammar_of(language)
    said: dict[tuple[str, str], list[str]] = {}
    for rule in grammar.rules.values():
        does = f"`{rule.mark.text.strip()}`" if rule.mark else _DOES[rule.name]
        phrases = said.setdefault((rule.group, does.replace("|", "\\|")), [])
        phrases += [each for each in rule.guards.phrases if each not in phrases]
    rows = [f"| {group} | {', '.join(phrases)} | {does} |" for (group, does), phrases in said.items()]
    spelled: dict[str, list[str]] = {}
    for phrase, written in [*grammar.letters.items(), *grammar.signs.items()]:
        spelled.setdefault(written, []).append(" ".join(phrase))
    letters = "; ".join(f"`{written}` {', '.join(said)}" for written, said in spelled.items())
    capital = ", ".join(" ".join(each) for each in sorted(grammar.capitals))
    heading = f"## {LANGUAGES[language]}\n\n| setting | say | for |\n| --- | --- | --- |"
    return "\n".join([heading, *rows, "", f"To spell: {letters}. Before a letter, for a capital: {capital}."])


def with_tables(page: str) -> str:
    """Give the page with its tables as they are now."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{tables()}\n\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text("utf-8")), "utf-8")
