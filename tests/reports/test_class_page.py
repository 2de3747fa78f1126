"""The page that an instructor reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from report_pages import Element, parse
from report_samples import RUBRIC, SAMPLES, change, failed, faulty, full_findings, partial, perfect, score_of

from grader.records import Outcome, Result, Score, Status, say
from grader.reports.class_page import write_class_page
from grader.reports.student import write_student_report

Page = Callable[..., Element]


@pytest.fixture
def page(tmp_path: Path) -> Page:
    def write(*results: Result, language: str = "es") -> Element:
        path = tmp_path / "index.html"
        write_class_page(results, RUBRIC, language, path)
        return parse(path.read_text(encoding="utf-8"))

    return write


def words(element: Element) -> str:
    return " ".join(element.text.split())


def rows(page: Element) -> list[list[str]]:
    return [[words(cell) for cell in row.children if isinstance(cell, Element)] for row in page.find("table").all("tr")]


def test_one_row_a_submission_one_column_a_question(page: Page) -> None:
    found = rows(page(faulty("b"), perfect("a")))
    assert found[0] == ["Entrega", "Nota", *(question.id for question in RUBRIC.questions), "Estado", "Cuaderno"]
    assert found[1][:4] == ["a", "10", "3,5", "0,5"]
    assert found[2][:3] == ["b", "7,7?", "3"]
    assert found[1][-2] == "✓ Corregido"


@pytest.mark.parametrize(("missing", "shown"), [(0, False), (17, True)], ids=["none", "some"])
def test_how_many_have_no_result_yet(tmp_path: Path, missing: int, shown: bool) -> None:
    names = [f"alumna {number}" for number in range(missing)]
    write_class_page([perfect("a")], RUBRIC, "es", tmp_path / "index.html", missing=names)
    assert (f"{missing} aún sin resultado" in words(parse((tmp_path / "index.html").read_text("utf-8")))) is shown


@pytest.mark.parametrize(
    ("graded", "missing", "said"),
    [
        pytest.param(1, 0, "No hay nada pendiente: todas las notas son definitivas.", id="all"),
        pytest.param(1, 3, "con --only.) Ana, Luz, Sol", id="interrupted"),
        pytest.param(0, 3, "La corrección se interrumpió o todavía sigue: 3 sin resultado.", id="before the first"),
        pytest.param(0, 0, "Todavía no se corrigió nada.", id="nothing"),
    ],
)
def test_marks_are_called_final_only_where_all_are(tmp_path: Path, graded: int, missing: int, said: str) -> None:
    names = ("Ana", "Luz", "Sol")[:missing]
    write_class_page([perfect("a")][:graded], RUBRIC, "es", tmp_path / "index.html", missing=names)
    shown = words(parse((tmp_path / "index.html").read_text("utf-8")))
    assert said in shown
    assert ("definitivas" in shown) is (graded > missing)


def test_a_question_without_a_score_is_not_a_zero(page: Page) -> None:
    assert rows(page(failed()))[1][2:-2] == ["–"] * len(RUBRIC.questions)


def test_means_and_distribution_leave_out_what_could_not_be_graded(page: Page) -> None:
    shown = words(page(perfect(), failed()))
    assert "10,00 media sobre 10" in shown
    assert "Sin contar las que no se pudieron corregir: 1." in shown


@pytest.mark.parametrize(
    ("score", "place"),
    [
        pytest.param(0.0, 0, id="zero"),
        pytest.param(0.9999, 0, id="just-below-one"),
        pytest.param(1.0, 1, id="one-belongs-to-the-upper-range"),
        pytest.param(0.7 + 0.1 + 0.2, 1, id="one-with-float-noise"),
        pytest.param(10.0, 9, id="full-marks"),
        pytest.param(11.0, 9, id="more-than-full"),
    ],
)
def test_histogram(score: float, place: int, page: Page) -> None:
    shown = page(replace(perfect(), score=Score(score, 10, False, ())))
    table = next(table for table in shown.all("table") if table.attributes.get("class") == "histogram")
    counts = [int(words(cell)) for cell in table.all("td")]
    assert counts == [int(number == place) for number in range(10)]


def test_what_needs_a_person_links_into_the_reports(page: Page, tmp_path: Path) -> None:
    results = [faulty("bruno ñ#1"), SAMPLES["hostile"]()]
    links = [link.attributes["href"] for link in page(*results).find("waiting").all("a")]
    assert "bruno%20%C3%B1%231/report.html#q-4-3-cost" in links
    for result in results:
        report = tmp_path / "report.html"
        write_student_report(result, RUBRIC, "es", report)
        ids = {element.attributes.get("id") for element in parse(report.read_text(encoding="utf-8")).all()}
        assert {link.split("#")[-1] for link in links} <= ids


def test_waiting_cases_stand_by_question_in_the_rubrics_order(page: Page) -> None:
    groups = [words(group) for group in page(faulty("b"), faulty("a")).find("waiting").all("summary")]
    assert [group.split()[:2] for group in groups] == [["Pregunta", "4.3"], ["Pregunta", "6"]]
    assert [group.split()[-1] for group in groups] == ["2", "2"]


def test_what_waits_for_one_reason_is_one_case(page: Page) -> None:
    same = {"status": Status.NEEDS_REVIEW, "points": 0.0, "message": say("Cell 14 raises today.")}
    answer = same | {"evidence": {"answer": "Porque sí"}}
    changed = {("1", "epochs"): same, ("1", "batch_size"): same, ("4.3", "cost"): answer, ("4.3", "better"): answer}
    findings = change(full_findings(RUBRIC), changed)
    waiting = page(replace(perfect(), score=score_of(findings))).find("waiting")
    first, *answers = [words(item) for item in waiting.all("li")]
    assert first.startswith("ana ? 10 épocas · Lotes de 64 0 / 0,5 Cell 14 raises today.")
    assert all("Porque sí" in item for item in answers), "each idea of an answer is decided by itself"


def test_a_submission_that_the_grader_failed_on_waits_once(page: Page) -> None:
    reason = say("The grader itself failed.")
    findings = [replace(finding, status=Status.ERROR, points=0.0, message=reason) for finding in full_findings(RUBRIC)]
    result = replace(perfect(), status=Outcome.FAILED, reason=reason, score=score_of(findings))
    waiting = page(result, language="en").find("waiting")
    assert len(list(waiting.all("li"))) == 1
    assert "Whole submissions" in words(waiting)


def test_nothing_waiting_is_said(page: Page) -> None:
    assert "No hay nada pendiente" in words(page(perfect()).find("waiting"))


def test_lists_what_failed_or_was_cut_short_with_its_reason(page: Page) -> None:
    shown = words(page(perfect(), partial(), failed(), language="en"))
    assert "carla ◐ Graded in part Cell 14 ran for more than 900 seconds." in shown
    assert "diego ✗ Could not be graded The file is not a notebook: line 1: not JSON" in shown


def test_a_thousand_submissions(page: Page) -> None:
    shown = page(*(replace(faulty(), submission=f"s{number:04}") for number in range(1_000)))
    assert len(rows(shown)) == 1_001


def test_order_is_by_name(page: Page) -> None:
    found = rows(page(perfect("b"), perfect("A"), perfect("c")))
    assert [row[0] for row in found[1:]] == ["A", "b", "c"]


def test_folders_may_have_other_names_than_submissions(tmp_path: Path) -> None:
    path = tmp_path / "index.html"
    write_class_page([perfect("index.html")], RUBRIC, "es", path, folder_of=lambda name: f"{name}_")
    links = [link.attributes["href"] for link in parse(path.read_text(encoding="utf-8")).find("table").all("a")]
    assert links == ["index.html_/report.html"]


# --- files, criteria and faults ---


def test_the_marks_the_desk_and_each_executed_notebook_are_at_hand(tmp_path: Path) -> None:
    for name in ("ana ñ", "b"):
        (tmp_path / name).mkdir()
    (tmp_path / "ana ñ" / "executed.ipynb").touch()
    path = tmp_path / "index.html"
    write_class_page([perfect("ana ñ"), failed("b")], RUBRIC, "en", path, desk="grader review '/a b'")
    page = parse(path.read_text(encoding="utf-8"))
    links = [link.attributes["href"] for link in page.all("a")]
    assert "grades.csv" in links
    assert [link for link in links if "executed" in link] == ["ana%20%C3%B1/executed.ipynb"]
    assert "grader review '/a b' opens the review desk" in words(page)


def test_each_criterion_tells_how_many_met_it(page: Page) -> None:
    section = page(perfect("a"), perfect("b"), faulty("c"), failed("d"), language="en").find("criteria")
    rates = {words(row.children[0]): words(row) for row in section.all("tr") if isinstance(row.children[0], Element)}
    assert rates["Sigmoid activation"].endswith("67 %")
    assert rates["Adam optimizer"].endswith("100 %")


@pytest.mark.parametrize("status", [Status.NEEDS_REVIEW, Status.ERROR])
def test_what_a_person_has_to_decide_is_in_no_rate(page: Page, status: Status) -> None:
    findings = [replace(finding, status=status, points=0.0) for finding in full_findings(RUBRIC)]
    open_one = replace(perfect("b"), score=score_of(findings))
    section = page(perfect("a"), open_one, language="en").find("criteria")
    assert {words(row).split()[-2] for row in list(section.all("tr")) if "%" in words(row)} >= {"100"}
    assert "50" not in words(section)


def losing(name: str, found: str, check: str = "optimizer") -> Result:
    message = say("The network was compiled with {found}.", found=found)
    changed = {("1", check): {"status": Status.FAILED, "points": 0.0, "message": message}}
    return replace(perfect(name), score=score_of(change(full_findings(RUBRIC), changed)))


def test_the_most_frequent_faults_name_their_students(page: Page) -> None:
    results = [*(losing(name, "SGD") for name in "abc"), losing("d", "Nadam"), losing("e", "x", "epochs")]
    section = page(*results, language="en").find("faults")
    (fault,) = section.all("li")
    assert words(fault).startswith("1 Adam optimizer: The network was compiled with SGD. 4")
    assert [link.attributes["href"] for link in fault.all("a")] == [
        f"{name}/report.html#q-1-optimizer" for name in "abcd"
    ]


@pytest.mark.parametrize(
    "results",
    [
        pytest.param([perfect("a"), perfect("b")], id="nobody lost any"),
        pytest.param([losing("a", "SGD"), perfect("b")], id="one alone"),
        pytest.param([partial("a"), partial("b")], id="what did not run"),
        pytest.param([failed("a"), failed("b")], id="no notebooks"),
    ],
)
def test_no_fault_is_frequent(page: Page, results: list[Result]) -> None:
    assert "Most frequent faults" not in words(page(*results, language="en"))


def test_a_file_that_may_be_another_is_named(page: Page) -> None:
    doubt = say("Hardly anything of this assignment was found in this notebook. Is this the right file?")
    shown = words(page(replace(perfect("a"), file_doubt=doubt), perfect("b")))
    assert "quizá de otro archivo (1)" in shown
    assert "a ✓ Corregido En este cuaderno apenas se encontró nada de esta práctica." in shown
