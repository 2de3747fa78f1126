"""Names that only a platform's own account of a submission tells."""

from __future__ import annotations

from pathlib import Path

import pytest
from folders import by_path, collected, make, students

from grader.records import Reason

STEM = "Practica_alu001_attempt_2026-02-0{day}-10-00-00"
NOTEBOOK, ACCOUNT = f"{STEM.format(day=3)}_practica.ipynb", f"{STEM.format(day=3)}.txt"
OTHER = "Practica_alu002_attempt_2026-02-01-10-00-00"
BODY = "\nAssignment: Practica\nDate Submitted: Tuesday\n\nComments:\nName: Otro Alumno (alu001)\n"


def handed_in(tmp_path: Path, account: bytes, *more: str) -> Path:
    folder = make(tmp_path / "class", NOTEBOOK, f"{OTHER}_p.ipynb", ACCOUNT, *more)
    (folder / ACCOUNT).write_bytes(account)
    return folder


@pytest.mark.parametrize(
    ("account", "name"),
    [
        pytest.param(f"Name: Alumna Uno (alu001){BODY}".encode(), "Alumna Uno", id="English"),
        pytest.param(f"Nombre: Alumna Ñúñez de Uno (ALU001)\r\n{BODY}".encode(), "Alumna Ñúñez de Uno", id="Spanish"),
        pytest.param(f"\ufeff\nNaam: Uno, Alumna  (alu001){BODY}".encode(), "Uno, Alumna", id="Dutch, with a mark"),
        pytest.param(f"Name: Alumna Dos (alu002){BODY}".encode(), "alu001", id="somebody else's"),
        pytest.param(f"Practica{BODY}".encode(), "alu001", id="a name further down, which the student wrote"),
        pytest.param(b"\xff\xfe\x00(\x00", "alu001", id="bytes"),
        pytest.param(b"", "alu001", id="empty"),
    ],
)
def test_the_name_is_read_where_the_account_tells_it(account: bytes, name: str, tmp_path: Path) -> None:
    found = collected(handed_in(tmp_path, account))
    assert students(found)[NOTEBOOK] == (name, set())
    one = next(one for one in found.submissions if one.file == NOTEBOOK)
    assert (one.submission, one.platform_id) == ("alu001", "alu001"), "the key stays"


def test_the_accounts_of_who_is_graded_are_a_programs_and_others_stay_listed(tmp_path: Path) -> None:
    alone = "Practica_alu003_attempt_2026-02-01-10-00-00.txt"
    own = f"{STEM.format(day=3)}_notas.txt"
    folder = handed_in(tmp_path, f"Name: Alumna Uno (alu001){BODY}".encode(), alone, own, f"{STEM.format(day=1)}.txt")
    (folder / alone).write_text("Name: Alumno Tres (alu003)\n", encoding="utf-8")
    entries = by_path(collected(folder))
    assert entries[ACCOUNT].reason is Reason.SYSTEM
    assert entries[f"{STEM.format(day=1)}.txt"].reason is Reason.SYSTEM
    assert (entries[alone].reason, entries[alone].name) == (Reason.DOCUMENT, "Alumno Tres")
    assert (entries[own].reason, entries[own].name) == (Reason.DOCUMENT, "Alumna Uno")
