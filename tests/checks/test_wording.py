"""What checks say, read aloud in both languages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from shipped import RUBRIC
from submission_notebooks import given_cells, read

from grader.checks import networks, training
from grader.checks.attribution import Attribution
from grader.checks.context import Context
from grader.checks.predictions import _measured
from grader.checks.prose import judge_concept
from grader.checks.wording import ended_by
from grader.records import Callback, Evidence, Layer, Network, Training, Transcript
from grader.reports.translation import Translator
from grader.rubric.criteria import Concept

ES, EN = Translator("es"), Translator("en")


def network(*widths: int, activation: str = "sigmoid", outputs: int = 10) -> Network:
    hidden = tuple(Layer("Dense", width, activation) for width in widths)
    return Network((*hidden, Layer("Dense", outputs, "softmax")), chain=True)


def trained(epochs: int = 10, asked: int = 0, *callbacks: Callback, **changes: Any) -> Training:
    return Training(
        1,
        4,
        "m",
        changes.pop("network", network(128)),
        optimizer=("Adam",),
        epochs=epochs,
        epochs_asked=asked or epochs,
        callbacks=callbacks,
        **changes,
    )


def told(
    check: Any, name: str, found: Training, tmp_path: Path, question: str = "1", **settings: Any
) -> tuple[str, str]:
    """What a check, with other settings, says of a training, in Spanish and in English."""
    asked = RUBRIC.question(question)
    criterion = next(item for item in asked.criteria if getattr(item, "check") == name)  # noqa: B009
    criterion = criterion.model_copy(update=settings)
    submission = read(tmp_path, *given_cells())
    answers = {name: Attribution(found, True, 1.0) for name in ("1", question)}
    context = Context(submission, Evidence({}, trainings=(found,)), RUBRIC, None, answers, asked)  # type: ignore[arg-type]
    message = check(criterion, context).message
    return ES.text(message), EN.text(message)


def test_an_activation_is_used_and_called_by_its_name(tmp_path: Path) -> None:
    assert told(networks.check_hidden_activation, "hidden_activation", trained(), tmp_path) == (
        "La capa oculta usa la activación sigmoide.",
        "The hidden layer uses the sigmoid activation.",
    )
    assert told(
        networks.check_hidden_activation,
        "hidden_activation",
        trained(network=network(128, activation="linear")),
        tmp_path,
    ) == (
        "La capa oculta usa la activación lineal en lugar de sigmoide.",
        "The hidden layer uses the linear activation instead of sigmoid.",
    )


@pytest.mark.parametrize(
    ("widths", "spanish", "english"),
    [
        pytest.param((128,), "La capa densa oculta tiene 128 neuronas.", "The hidden dense layer has 128 units.", id="one"),
        pytest.param((64, 32), "Las capas densas ocultas tienen 64, 32 neuronas en lugar de 128.", "The hidden dense layers have 64, 32 units instead of 128.", id="two"),
    ],
)  # fmt: skip
def test_one_layer_is_singular(widths: tuple[int, ...], spanish: str, english: str, tmp_path: Path) -> None:
    assert told(networks.check_hidden_layers, "hidden_layers", trained(network=network(*widths)), tmp_path) == (
        spanish,
        english,
    )


@pytest.mark.parametrize(
    ("widths", "asked", "english"),
    [
        pytest.param((), [], "The network has no hidden dense layer.", id="none, as asked"),
        pytest.param((), [128], "The network has no hidden dense layer.", id="none"),
        pytest.param((64,), [], "The network has a hidden dense layer of 64 units; none was asked for.", id="one too many"),
    ],
)  # fmt: skip
def test_no_hidden_layer_is_said_in_words(
    widths: tuple[int, ...], asked: list[int], english: str, tmp_path: Path
) -> None:
    found = trained(network=network(*widths))
    assert told(networks.check_hidden_layers, "hidden_layers", found, tmp_path, units=asked)[1] == english


@pytest.mark.parametrize(
    ("asked", "english"),
    [
        pytest.param(None, "A network without a hidden layer was trained for 10 epochs.", id="as the other question's"),
        pytest.param([512], "The network has no hidden dense layer.", id="a width was asked for"),
    ],
)
def test_a_trained_network_without_hidden_layers_is_said_in_words(
    asked: list[int] | None, english: str, tmp_path: Path
) -> None:
    found = trained(network=network())
    said = told(training.check_network_trained, "network_trained", found, tmp_path, "4.1", units=asked)
    assert said[1] == english


def test_one_output_unit_is_singular(tmp_path: Path) -> None:
    spanish, english = told(
        networks.check_output_layer, "output_layer", trained(network=network(128, outputs=1)), tmp_path
    )
    assert spanish == "La capa de salida tiene 1 neurona con activación softmax; se pedían 10 con softmax."
    assert english == "The output layer has 1 unit with the softmax activation; 10 with softmax were asked for."


STOP = Callback("k1", "EarlyStopping", ("EarlyStopping", "Callback"))
OWN = Callback("k2", "Parar", ("Parar", "Callback"), own=True, transcripts=(Transcript("falling", (0.5,), 1),))
OTHER = Callback("k3", "ModelCheckpoint", ("ModelCheckpoint", "Callback"))


@pytest.mark.parametrize(
    ("found", "spanish"),
    [
        pytest.param(trained(1), "El entrenamiento duró 1 época en lugar de 10.", id="one-epoch"),
        pytest.param(trained(4), "El entrenamiento duró 4 épocas en lugar de 10.", id="several"),
        pytest.param(trained(4, 10, STOP), "El entrenamiento duró 4 épocas en lugar de 10. EarlyStopping lo detuvo antes de las 10 épocas que se indican en fit.", id="early-stopping"),
    ],
)  # fmt: skip
def test_epochs_and_what_ended_them(found: Training, spanish: str, tmp_path: Path) -> None:
    assert told(training.check_epochs, "epochs", found, tmp_path)[0] == spanish


@pytest.mark.parametrize(
    ("stopper", "name"), [(STOP, "EarlyStopping"), (OWN, "Parar")], ids=["Keras's own", "the student's"]
)
def test_what_ended_a_training_early_is_told_at_a_question_of_epochs(
    stopper: Callback, name: str, tmp_path: Path
) -> None:
    found = told(training.check_network_trained, "network_trained", trained(3, 15, stopper), tmp_path, "8.1")
    assert found == (
        f"El entrenamiento duró 3 épocas en lugar de 15. {name} lo detuvo antes de las 15 épocas que se indican en fit.",
        f"Training ran for 3 epochs instead of 15. {name} ended it before the 15 epochs that fit was given.",
    )


@pytest.mark.parametrize(
    ("found", "name"),
    [
        pytest.param(trained(3, 10, OTHER, STOP), "EarlyStopping", id="kerass"),
        pytest.param(trained(3, 10, OTHER, OWN), "Parar", id="the-students"),
        pytest.param(trained(3, 10, OTHER), "", id="one-that-never-stops"),
        pytest.param(trained(10, 10, STOP), "", id="all-epochs-ran"),
        pytest.param(trained(0, 10, STOP), "", id="none-ran"),
    ],
)
def test_what_ended_a_training(found: Training, name: str) -> None:
    assert ended_by(found) == name


@pytest.mark.parametrize(
    ("result", "spanish"),
    [
        pytest.param((0.33728, 0.8775), ": pérdida 0,3373; accuracy 87,8\N{NO-BREAK SPACE}%.", id="loss-and-accuracy"),
        pytest.param((0.87749998, 0.33728), ": pérdida 0,3373; accuracy 87,8\N{NO-BREAK SPACE}%.", id="a-dictionary"),
        pytest.param((0.33728,), ": pérdida 0,3373.", id="loss-alone"),
        pytest.param((0.5, 0.5), ": pérdida 0,5000; accuracy 50,0\N{NO-BREAK SPACE}%.", id="both-could-be-shares"),
        pytest.param((), ".", id="nothing-came-back"),
        pytest.param((float("nan"), 0.1), ": pérdida NaN; accuracy 10,0\N{NO-BREAK SPACE}%.", id="loss-is-nan"),
        pytest.param((float("nan"), float("nan")), ": pérdida NaN.", id="nothing-but-nan"),
    ],
)
def test_an_evaluation_names_its_numbers(result: tuple[float, ...], spanish: str) -> None:
    assert ES.text(_measured(result, 10_000)) == f"El modelo se evaluó con los datos de test reales{spanish}"


def concept(question: str, name: str) -> Concept:
    return next(item for item in RUBRIC.question(question).criteria if isinstance(item, Concept) and item.id == name)


def reason(question: str, name: str, answer: str) -> tuple[str, str]:
    found = judge_concept(answer, concept(question, name), question_prompt=RUBRIC.question(question).prompt).reason
    return ES.text(found), EN.text(found)


def test_an_answer_that_comes_near_is_told_what_it_lacks_with_its_own_words() -> None:
    spanish, english = reason("6", "shape", "Sale un error en rojo al hacer el fit y no se puede entrenar la red.")
    assert spanish == "Describes que hay un error, pero no por qué. Tus palabras: «Sale un error en rojo al hacer»."
    assert english.startswith("You describe that there is an error, but not why. Your words: “Sale un error")


@pytest.mark.parametrize("question", [question.id for question in RUBRIC.questions])
def test_every_idea_says_what_an_answer_lacks_in_both_languages(question: str) -> None:
    for criterion in RUBRIC.question(question).criteria:
        if isinstance(criterion, Concept) and criterion.related:
            assert set(criterion.near) == {"es", "en"}, criterion.id
