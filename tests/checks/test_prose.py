"""What counts as saying an idea: answers with their fair marks, and the rules behind them.

The rubric's ways were made with the answers of `split: build`; those of `split: measure` were written first and only
measured: never change a way for the sake of one of them.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from labelled_answers import Marked, concept_of, judge_labelled
from shipped import RUBRIC, RUBRIC_FILE

from grader.checks.prose import Examples, Judgement, check_concept, judge_concept
from grader.checks.prose.learning import learn
from grader.errors import RubricError
from grader.records import Passage, Place, Status, Submission
from grader.rubric.criteria import Concept
from grader.rubric.loading import load_rubric
from grader.rubric.rubric import Question

ROOT = Path(__file__).parents[2]
CONCEPTS = [
    (question.id, one.id) for question in RUBRIC.questions for one in question.criteria if one.check == "concept"
]

pytestmark = pytest.mark.timeout(900)  # the first one waits until every labelled answer is judged


@pytest.fixture(scope="module")
def labelled() -> list[Marked]:
    """Every labelled answer, judged."""
    return judge_labelled(RUBRIC)


def judge(question_id: str, name: str, answer: str, others: tuple[str, ...] = ()) -> Judgement:
    question = RUBRIC.question(question_id)
    return judge_concept(
        answer,
        concept_of(question, name),
        question_prompt=question.prompt,
        other_texts=others,
        examples=RUBRIC.examples(question_id, name),
    )


def disagreements(marked: list[Marked]) -> str:
    lines = [
        f"{one.question} {one.concept} [{one.name}]: fair {one.mark}, given {one.judgement.share}: {one.answer}"
        for one in marked
        if not one.agrees
    ]
    return "\n".join(lines)


@pytest.mark.parametrize(("split", "least"), [("build", 0.87), ("measure", 0.87)])
def test_marks_agree_with_the_fair_ones(split: str, least: float, labelled: list[Marked]) -> None:
    marked = [one for one in labelled if one.split == split]
    assert sum(one.agrees for one in marked) >= least * len(marked), disagreements(marked)


@pytest.mark.parametrize(("split", "least"), [("build", 0.965), ("measure", 0.94)])
def test_marks_that_no_person_is_asked_about_are_nearly_always_right(
    split: str, least: float, labelled: list[Marked]
) -> None:
    sure = [one for one in labelled if one.split == split and one.judgement.confidence >= RUBRIC.review_below]
    assert sum(one.agrees for one in sure) >= least * len(sure), disagreements(sure)


def test_the_surest_marks_are_right_as_often_as_their_confidence_says(labelled: list[Marked]) -> None:
    sure = [one for one in labelled if one.judgement.confidence >= 0.9]
    mean = sum(one.judgement.confidence for one in sure) / len(sure)
    assert sum(one.agrees for one in sure) >= mean * len(sure), disagreements(sure)


def test_few_answers_need_a_person(labelled: list[Marked]) -> None:
    marked = [one for one in labelled if one.split == "measure"]
    assert sum(one.judgement.confidence < RUBRIC.review_below for one in marked) <= 0.16 * len(marked)


@pytest.mark.parametrize(("question", "concept"), CONCEPTS, ids=[" ".join(pair) for pair in CONCEPTS])
@pytest.mark.parametrize("split", ["build", "measure"])
def test_every_concept_has_enough_labelled_answers(
    split: str, question: str, concept: str, labelled: list[Marked]
) -> None:
    wanted = (split, question, concept)
    assert sum((one.split, one.question, one.concept) == wanted for one in labelled) >= 30


COUNTS = {
    "plain": "Es sobreajuste.",
    "one word": "Overfitting",
    "no accents, capitals": "ES SOBREAJUSTE",
    "hyphen": "sobre-ajuste",
    "two words": "over fitting",
    "typo": "sobreajsute",
    "spelt by ear": "sobreahuste, la red sobreajusta",
    "inflected": "La red se está sobreajustando",
    "two names": "overfitting / sobreajuste",
    "in brackets": "Sobreajuste (overfitting)",
    "contrast": "No hay underfitting sino overfitting",
    "contrast, comma": "No es underfitting, es overfitting",
    "not only": "No solo hay overfitting",
    "no doubt": "Sin duda es overfitting",
    "nothing but": "No es más que sobreajuste",
    "another negation before": "La red no generaliza, hay sobreajuste",
    "negation of another verb": "La pérdida no baja porque hay sobreajuste",
    "belief": "Creo que es overfitting",
    "decomposed accents": "Se llama sobreentrenamiento, ocurrió después",
    "markdown": "**Sobreajuste**",
    "wrapped line after a negation": "La pérdida no se reduce con tantas épocas de entreno\nporque hay sobreajuste",
    "question echoed first": "La pérdida deja de disminuir, o incluso aumenta, porque hay sobreajuste",
}


@pytest.mark.parametrize("answer", COUNTS.values(), ids=COUNTS.keys())
def test_says_the_name(answer: str) -> None:
    judgement = judge("8.3", "overfitting", answer)
    assert (judgement.share, judgement.confidence >= RUBRIC.review_below) == (1, True)


COUNTS_FOR_NOTHING = {
    "negated": "No es sobreajuste",
    "negated further on": "No creo que se trate de un caso de overfitting",
    "negated in the line before": "Lo que ocurre en esta red con tantas épocas no es un caso\nde sobreajuste",
    "neither nor": "No es subajuste ni sobreajuste",
    "without": "La red aprende sin sobreajuste",
    "English negation": "It isn't overfitting",
    "denied as the reason": "No es porque haya sobreajuste, es el learning rate",
    "negation some words before": "No se trata de un problema de sobreajuste sino del learning rate",
    "instead of": "Es subajuste en vez de sobreajuste",
    "list of terms": "sobreajuste, memoria, pérdida, test",
    "list in lines": "sobreajuste\nmemoria\npérdida\ntest",
    "list with bullets": "- sobreajuste\n- memoria\n- pérdida\n- test",
    "list after a phrase": "Mi respuesta es: sobreajuste, subajuste, memoria, test",
    "list with articles": "el sobreajuste, la memoria, la pérdida, el test",
    "list without commas": "sobreajuste memoria pérdida test épocas",
    "another term": "Es el desvanecimiento del gradiente",
    "white space": " \n ",
    "punctuation": "...",
}


@pytest.mark.parametrize("answer", COUNTS_FOR_NOTHING.values(), ids=COUNTS_FOR_NOTHING.keys())
def test_does_not_say_the_name(answer: str) -> None:
    assert judge("8.3", "overfitting", answer).share == 0


UNSURE = {
    "all of them": "Puede ser sobreajuste o subajuste o ninguna",
    "a thing and its contrary": "Es sobreajuste. Es subajuste.",
    "a question": "¿Es sobreajuste?",
}


@pytest.mark.parametrize("answer", UNSURE.values(), ids=UNSURE.keys())
def test_a_person_decides(answer: str) -> None:
    assert judge("8.3", "overfitting", answer).confidence < RUBRIC.review_below


@pytest.mark.parametrize(
    "question", [one for one in RUBRIC.questions if any(c.check == "concept" for c in one.criteria)]
)
def test_the_question_itself_earns_nothing(question: Question) -> None:
    concepts = [one for one in question.criteria if isinstance(one, Concept)]
    given = [judge(question.id, one.id, question.prompt).share for one in concepts]
    assert given == [0] * len(concepts)


CONFIDENT_ZEROS = {
    "inverted cost": ("4.3", "cost", "Es menos costoso y reduce el sobreajuste"),
    "no improvement": ("4.3", "better", "No hay mejora"),
    "fewer errors": ("7.2", "mismatch", "El error sería menor"),
    "denied reason": ("7.1", "one_per_class", "no es porque haya diez clases"),
    "an article is no verb": ("4.3", "better", "los botines"),
    "something else": ("7.1", "one_per_class", "Porque hay 10 épocas"),
    "all told apart": ("7.2", "mismatch", "Sería capaz de clasificar todas las prendas"),
    "all learned": ("7.2", "mismatch", "Con más épocas aprendería las diez clases"),
}


@pytest.mark.parametrize(("question", "concept", "answer"), CONFIDENT_ZEROS.values(), ids=CONFIDENT_ZEROS.keys())
def test_plainly_wrong_answers_get_nothing_without_a_person(question: str, concept: str, answer: str) -> None:
    judgement = judge(question, concept, answer)
    assert (judgement.share, judgement.confidence >= RUBRIC.review_below) == (0, True)


@pytest.mark.parametrize(
    ("answer", "share"),
    [
        ("Habría más clases que neuronas", 1),
        ("Habría menos neuronas que clases", 1),
        ("There would be fewer outputs than classes", 1),
        ("Habría más neuronas que clases", 0),
        ("Habría menos etiquetas que neuronas", 0),
        ("There would be more neurons than labels", 0),
    ],
)
def test_which_is_more_decides(answer: str, share: float) -> None:
    assert judge("7.2", "mismatch", answer).share == share


@pytest.mark.parametrize("answer", ["Solo ayuda en las imágenes difíciles", "Con 128 neuronas ya había buena accuracy"])
def test_an_easy_image_needs_no_more_units(answer: str) -> None:
    judgement = judge("5.2", "same_class", answer)
    assert (judgement.share, judgement.confidence >= RUBRIC.review_below) == (1, True)


NEVER_A_SILENT_ZERO = {
    "half a contrary": ("7.2", "mismatch", "con menos neuronas da error"),
    "words of the matter": ("8.3", "memorises", "sobreajuste, se obsesiona con los datos de train"),
    "terms that end a sentence": ("7.1", "one_per_class", "Hay que elegir entre camiseta, pantalon, bolso, botin"),
    "a sign for a word": ("3.1", "probabilities", "cada posicion es el % de q sea esa prenda"),
    "a comparison": ("8.3", "memorises", "Es como un perro que solo se sienta en tu salón"),
    "terms that count": ("7.1", "one_per_class", "Obvio. Diez clases, diez neuronas. Siguiente pregunta."),
    "modest": ("7.1", "one_per_class", "No lo sé muy bien, algo con las categorías de la ropa"),
    "long and unknown": ("8.3", "memorises", "Bueno, yo diría que " + "la cosa se tuerce poco a poco " * 7),
}


@pytest.mark.parametrize(
    ("question", "concept", "answer"), NEVER_A_SILENT_ZERO.values(), ids=NEVER_A_SILENT_ZERO.keys()
)
def test_what_may_be_right_is_never_a_silent_zero(question: str, concept: str, answer: str) -> None:
    judgement = judge(question, concept, answer)
    assert judgement.share == 1 or judgement.confidence < RUBRIC.review_below


@pytest.mark.parametrize(
    ("question", "concept", "answer"),
    [
        pytest.param("3.1", "one_per_class", "En vez de climas hay diez prendas.", id="set aside in another clause"),
        pytest.param("5.2", "same_class", "La imagen es facilísima y clarita.", id="superlative and diminutive"),
        pytest.param("7.1", "one_per_class", "Porque son dez, una pa kda tipo de ropa", id="short forms"),
        pytest.param("7.1", "one_per_class", "Son por las épocas. Borren eso: hay diez clases.", id="put right"),
    ],
)
def test_what_stands_in_new_words_counts(question: str, concept: str, answer: str) -> None:
    judgement = judge(question, concept, answer)
    assert (judgement.share, judgement.confidence >= RUBRIC.review_below) == (1, True)


def test_the_assignments_notes_earn_nothing() -> None:
    note = "La función softmax convierte los valores de salida en probabilidades que suman uno."
    assert judge("3.1", "probabilities", note).share == 1
    assert judge("3.1", "probabilities", note, (f"Recordemos. {note} Fin.",)).share == 0


def test_expected_answers_of_the_rubric_are_right() -> None:
    wrong = [
        (question.id, one.id, language)
        for question in RUBRIC.questions
        for one in question.criteria
        if isinstance(one, Concept)
        for language, text in one.expected.items()
        if judge(question.id, one.id, text).share < 1
    ]
    assert wrong == []


def test_the_words_that_earned_it_are_the_answers_own() -> None:
    judgement = judge("8.3", "overfitting", "Pues  es un SOBREAJUSTE claro")
    assert judgement.spans == ("SOBREAJUSTE",)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param("la red aprende y el test va distinto", "aprende y el test va distinto", id="one sentence"),
        pytest.param(
            "La red conoce otros datos distintos. Luego hay una capa.", "conoce otros datos distintos", id="the first"
        ),
        pytest.param(
            "Hay test. El error en los   datos nuevos es otro.", "error en los datos nuevos es otro", id="the second"
        ),
    ],
)
def test_terms_are_quoted_as_the_student_wrote_them(answer: str, words: str) -> None:
    judgement = judge_concept(
        answer,
        concept_of(RUBRIC.question("8.3"), "memorises"),
        question_prompt=RUBRIC.question("8.3").prompt,
    )
    assert f"“{words}”" in str(judgement.reason)


def test_a_very_long_answer_is_judged_quickly_and_in_full() -> None:
    padding = "La red neuronal se entrena durante varias épocas con las imágenes de ropa. " * 100
    assert judge("8.3", "overfitting", padding + "Se llama sobreajuste.").share == 1


# --- what marked answers add ------------------------------------------------------------------------------------------

EXAMPLES: Examples = (
    *(
        (f"la red se ha {word} los datos", 1.0)
        for word in ["comido", "tragado", "bebido", "zampado", "empollado", "engullido", "devorado", "mascado"]
    ),
    *(
        (f"el optimizador {word} mal", 0.0)
        for word in ["va", "anda", "salta", "oscila", "rebota", "diverge", "vibra", "empieza"]
    ),
)


def learned(answer: str, examples: Examples) -> Judgement:
    question = RUBRIC.question("8.3")
    return judge_concept(answer, concept_of(question, "memorises"), question_prompt=question.prompt, examples=examples)


def test_a_phrase_no_way_has_counts_once_answers_like_it_were_marked() -> None:
    answer = "pues que la red se ha comido los datos"
    assert learned(answer, ()).share == 0
    judgement = learned(answer, EXAMPLES)
    assert (judgement.share > 0, judgement.confidence < RUBRIC.review_below) == (True, True)


def test_an_unlike_answer_stays_wrong() -> None:
    judgement = learned("el optimizador va mal", EXAMPLES)
    assert (judgement.share, judgement.confidence >= 0.9) == (0, True)


def test_likeness_does_not_make_a_denied_idea_right() -> None:
    assert learned("la red no memoriza nada de los datos", EXAMPLES).share == 0


def test_likeness_does_not_make_a_list_of_terms_right() -> None:
    assert learned("red, datos, comido, empollado", EXAMPLES).share == 0


@pytest.mark.parametrize(
    ("answer", "confident"),
    [
        pytest.param("A rede decora os dados de treino e nao generaliza.", False, id="Portuguese"),
        pytest.param("La xarxa es queda amb els exemples i no aprèn res de nou.", False, id="Catalan"),
        pytest.param("La red tarda mucho con tantas épocas y hay que esperar.", True, id="Spanish"),
    ],
)
def test_an_answer_in_a_third_language_waits_for_a_person(answer: str, confident: bool) -> None:
    judgement = judge("8.3", "memorises", answer)
    assert (judgement.expressed, judgement.confidence >= 0.7) == (False, confident)


def test_few_marked_answers_teach_nothing() -> None:
    assert learn(EXAMPLES[:10]) is None


# --- the finding ------------------------------------------------------------------------------------------------------


def submission_with(*passages: Passage) -> Submission:
    cells = tuple(sorted({passage.cell for passage in passages}))
    return Submission("s", "s.ipynb", "", (), {"8.3": Place("8.3", cells, passages, "marker")}, {})


def name_of_the_effect(*passages: Passage) -> tuple[Status, float, tuple[int, ...]]:
    question = RUBRIC.question("8.3")
    finding = check_concept(
        concept_of(question, "overfitting"),
        question,
        submission_with(*passages),
        review_below=RUBRIC.review_below,
        examples=RUBRIC.examples("8.3", "overfitting"),
    )
    return finding.status, finding.points, finding.cells


def test_found_in_markdown() -> None:
    assert name_of_the_effect(Passage(4, "Es sobreajuste.", "markdown")) == (Status.PASSED, 0.3, (4,))


def test_found_in_a_comment_of_another_cell() -> None:
    passages = Passage(4, "Miro la gráfica.", "markdown"), Passage(6, "es overfitting", "comment")
    assert name_of_the_effect(*passages) == (Status.PASSED, 0.3, (4, 6))


def test_wrong_answer_fails() -> None:
    assert name_of_the_effect(Passage(4, "Por el optimizador.", "print")) == (Status.FAILED, 0, (4,))


def test_contradiction_goes_to_a_person_with_half_of_its_points() -> None:
    passages = Passage(4, "Es sobreajuste. Es subajuste.", "markdown")
    assert name_of_the_effect(passages) == (Status.NEEDS_REVIEW, 0.15, (4,))


def test_no_answer() -> None:
    question = RUBRIC.question("8.3")
    finding = check_concept(concept_of(question, "overfitting"), question, submission_with())
    assert (finding.status, finding.points, finding.message.text) == (Status.FAILED, 0, "No answer was found.")


# --- the rubric's ways ------------------------------------------------------------------------------------------------

REFUSED = {
    "a bar without a word": ('["sobreajuste|"]', "a way must have a word on both sides"),
    "an unknown name": ('["OVERFIT"]', "a name in capitals must stand in 'words', OVERFIT does not"),
    "a regular expression": ('["sobre.*"]', "a way must be made of words"),
    "no ways at all": ("[]", "'ways'"),
}


@pytest.mark.parametrize(("ways", "rule"), REFUSED.values(), ids=REFUSED.keys())
def test_a_way_that_cannot_be_read_is_refused_with_its_line(tmp_path: Path, ways: str, rule: str) -> None:
    lines = RUBRIC_FILE.read_text(encoding="utf-8").splitlines()
    start = lines.index("        id: overfitting")
    at = next(number for number in range(start, len(lines)) if lines[number].strip() == "ways:")
    end = next(number for number in range(at + 1, len(lines)) if not lines[number].startswith("          "))
    file = tmp_path / "rubric.yaml"
    file.write_text("\n".join([*lines[:at], f"        ways: {ways}", *lines[end:]]), encoding="utf-8")
    with pytest.raises(RubricError, match=f"rubric.yaml:{at + 1}: .*{rule}"):
        load_rubric(file)
