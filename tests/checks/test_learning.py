"""What is learned from marked answers, and that it is kept as it was learned."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union
from test_prose import RUBRIC

from grader.checks.prose.learning import Examples, learn, letter_groups
from grader.checks.prose.meanings import NamedWords, meaning_groups
from grader.checks.prose.reading import plain

EXAMPLES: Examples = RUBRIC.examples("8.3", "names_overfitting") or next(
    found
    for question in RUBRIC.questions
    for criterion in question.criteria
    if len(found := RUBRIC.examples(question.id, criterion.id)) > 20
)
WORDS: NamedWords = (("RISES", ("sube", "aumenta")),)
TEXTS = ["", "a", "Sobreajuste.", "  El modelo\n\tMEMORIZA los  datos; á é ñ ü  x ", "1 2 3 no—sí"]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    learn.cache_clear()
    return tmp_path


@pytest.mark.parametrize("text", [*TEXTS, EXAMPLES[0][0]])
def test_letters_are_those_that_scikit_learn_finds(text: str) -> None:
    letters = TfidfVectorizer(preprocessor=plain, analyzer="char_wb", ngram_range=(2, 5)).build_analyzer()
    assert list(letter_groups(text)) == letters(text)


def test_the_opinion_is_that_of_scikit_learns_model_with_half_marks_counted_by_halves() -> None:
    letters = TfidfVectorizer(preprocessor=plain, analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
    meanings = TfidfVectorizer(analyzer=partial(meaning_groups, words=WORDS), sublinear_tf=True)
    terms = make_union(letters, meanings)
    model = make_pipeline(terms, LogisticRegression(C=20.0, class_weight="balanced"))
    answers = [answer for answer, _ in EXAMPLES]
    terms.fit(answers)
    earned = [(answer, True, share) for answer, share in EXAMPLES if share > 0]
    lost = [(answer, False, 1 - share) for answer, share in EXAMPLES if share < 1]
    texts, given, weights = zip(*earned, *lost, strict=True)
    model[-1].fit(terms.transform(texts), given, sample_weight=weights)
    asked = [*answers, *TEXTS]
    expected = [max(-4.0, min(4.0, float(odds))) for odds in model.decision_function(asked)]
    opinion = learn(EXAMPLES, WORDS)
    assert opinion is not None
    assert opinion.log_odds(asked) == pytest.approx(expected, abs=1e-9)


def test_what_was_learned_is_recalled_to_the_last_bit() -> None:
    learned = learn(EXAMPLES)
    learn.cache_clear()
    assert learn(EXAMPLES) == learned
    assert learned is not None


def test_what_was_learned_once_needs_no_scikit_learn(cache: Path) -> None:
    learn(EXAMPLES)
    code = (
        "import sys; from grader.checks.prose.learning import learn; from test_learning_examples import EXAMPLES; "
        "assert learn(EXAMPLES) is not None; "
        "sys.exit(bool({'sklearn', 'scipy', 'matplotlib', 'tensorflow'} & sys.modules.keys()))"
    )
    (cache / "test_learning_examples.py").write_text(f"EXAMPLES = {EXAMPLES!r}")
    code = f"import sys; sys.path.insert(0, {str(cache)!r}); {code}"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    learn.cache_clear()


def test_too_few_answers_teach_nothing() -> None:
    assert learn((("sí", 1.0),) * 7 + (("no", 0.0),) * 20) is None
