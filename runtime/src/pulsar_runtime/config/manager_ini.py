"""Read the ini file of managers that the reference server may be given (protocol section 8.1)."""

from __future__ import annotations

from configparser import (
    DuplicateOptionError,
    DuplicateSectionError,
    MissingSectionHeaderError,
    ParsingError,
    RawConfigParser,
)
from pathlib import Path

_SECTION = "manager:"


class _Parser(RawConfigParser):
    """Leaves names as they are: those of environment variables have a case."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def read_manager_ini(path: Path) -> dict[str, dict[str, str]]:
    """Return the options of each ``[manager:NAME]``, or raise `ValueError` saying what is wrong and where."""
    parser = _Parser()
    try:
        parser.read_string(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not UTF-8 text") from None
    except DuplicateOptionError as error:
        what = f"{error.option} is written twice in [{error.section}]; keep one"
        raise ValueError(f"{path}, line {error.lineno}: {what}") from None
    except DuplicateSectionError as error:
        raise ValueError(
            f"{path}, line {error.lineno}: [{error.section}] is written twice; keep one"
        ) from None
    # The library's own messages show the line, which may hold a secret.
    except MissingSectionHeaderError as error:
        raise ValueError(f"{path}, line {error.lineno}: must come after a line [manager:NAME]") from None
    except ParsingError as error:
        raise ValueError(f"{path}, line {error.errors[0][0]}: must be key = value") from None
    strays = [section for section in parser.sections() if not section.startswith(_SECTION)]
    if strays or not parser.sections():
        found = f"has [{strays[0]}]" if strays else "has no section"
        raise ValueError(f"{path} {found}; each section must be a [manager:NAME]")
    return {section.removeprefix(_SECTION): dict(parser[section]) for section in parser.sections()}
