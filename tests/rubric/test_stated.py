"""What a text states: numbers in digits and words, near what they count, and names as whole words."""

from __future__ import annotations

from typing import Any

import pytest

from grader.rubric.stated import numbers, statement


@pytest.mark.parametrize(
    ("prompt", "key", "value", "words"),
    [
        pytest.param("una capa de 128 neuronas", "units", [128], "128 neuronas", id="a width"),
        pytest.param("128 y 64 neuronas", "units", [64, 128], "64 neuronas, 128", id="two widths"),
        pytest.param("una capa de 128 neuronas", "units", [128, 64], "", id="one width of two"),
        pytest.param("una capa de 128", "hidden", [128], "capa de 128", id="a layer of so many"),
        pytest.param("3 capas ocultas", "hidden", [3], "", id="so many layers"),
        pytest.param("1280 neuronas", "units", 128, "", id="part of a longer number"),
        pytest.param("100 épocas", "epochs", 10, "", id="the beginning of a number"),
        pytest.param("durante 0.10 épocas", "epochs", 10, "", id="decimals"),
        pytest.param("lotes de 64.", "batch_size", 64, "lotes de 64", id="before a full stop"),
        pytest.param("batch_size=64", "batch_size", 64, "batch_size=64", id="as an argument"),
        pytest.param("con float32 en cada lote", "batch_size", 32, "", id="a type"),
        pytest.param("lotes de 28x28", "batch_size", 28, "", id="a shape"),
        pytest.param("hay 10 clases y varias épocas", "epochs", 10, "", id="something else counted"),
        pytest.param("10 épocas con lotes", "batch_size", 10, "", id="another unit is nearer"),
        pytest.param("lotes de 64, 10 épocas", "epochs", 64, "", id="another unit before"),
        pytest.param("en la sala 64", "batch_size", 64, "", id="nothing counted"),
        pytest.param("entrena una red con neuronas", "units", 1, "", id="an article"),
        pytest.param("una neurona", "units", 1, "una neurona", id="one"),
        pytest.param("son diez las neuronas", "units", 10, "diez las neuronas", id="in Spanish words"),
        pytest.param("ten units", "units", 10, "ten units", id="in English words"),
        pytest.param("activación Sigmoide", "activation", "sigmoid", "Sigmoide", id="another language's ending"),
        pytest.param("con colores relucientes", "activation", "relu", "", id="part of a word"),
        pytest.param("con relu6", "activation", "relu", "", id="another name that begins so"),
        pytest.param("Leaky ReLU", "activation", "leaky_relu", "Leaky ReLU", id="in two words"),
        pytest.param("optimizador ADAM", "name", "Adam", "ADAM", id="capitals"),
        pytest.param("optimizador AdamW", "name", "Adam", "", id="another optimizer"),
        pytest.param("la pérdida llegue al 40 %", "loss", 0.4, "pérdida llegue al 40 %", id="a percentage"),
        pytest.param("una loss de 0,40", "loss", 0.4, "loss de 0,40", id="a decimal comma"),
        pytest.param("una loss de 0.45", "loss", 0.4, "", id="another share"),
        pytest.param("el 140 % de accuracy", "above", 0.4, "", id="another percentage"),
        pytest.param("ochenta por ciento de aciertos", "above", 0.8, "ochenta por ciento de aciertos", id="in words"),
        pytest.param("la imagen no es un vector", "mistake", "not_vectorised", "vector", id="what a mistake is"),
        pytest.param("sin Flatten", "vectorised", False, "", id="only how it is made"),
    ],
)  # fmt: skip
def test_what_a_prompt_states(prompt: str, key: str, value: Any, words: str) -> None:
    assert statement(prompt, key, value) == words


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("ciento veintiocho", [128]), ("cien", [100]), ("quinientas doce", [512]), ("treinta y una", [31]),
        ("veintiuna", [21]), ("mil veinticuatro", [1024]), ("cinco mil doscientos", [5200]), ("dos o tres", [2, 3]),
        ("dieciséis y treinta y dos", [16, 32]), ("one hundred and twenty-eight", [128]), ("five hundred twelve", [512]),
        ("two thousand and forty-eight", [2048]), ("a hundred", [100]), ("sixty four", [64]), ("setecientas", [700]),
        ("ningún número", []),
    ],
)  # fmt: skip
def test_numbers_in_words(text: str, values: list[float]) -> None:
    assert [list(number.values) for number in numbers(text)] == [[value] for value in values]
