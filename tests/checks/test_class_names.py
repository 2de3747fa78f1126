"""Which class a prose answer names."""

from __future__ import annotations

import pytest
from shipped import RUBRIC

from grader.checks.class_names import judge_class_answer, says_same

CLASSES = RUBRIC.classes

NAMED = {
    "an encoding beside": ("coding: utf-8. Es la 9", {9}),
    "a figure": ("9", {9}),
    "a figure with a full stop": ("9.", {9}),
    "class and figure": ("la clase 9", {9}),
    "index": ("índice 9", {9}),
    "number word": ("nueve", {9}),
    "number word in a sentence": ("Corresponde a la clase nueve.", {9}),
    "English number word": ("class nine", {9}),
    "English label": ("Ankle boot", {9}),
    "label in small letters": ("es un ankle boot", {9}),
    "label in one word": ("AnkleBoot", {9}),
    "label with underscore": ("ankle_boot", {9}),
    "plural": ("Ankle boots", {9}),
    "no accent": ("botin", {9}),
    "accent": ("Un botín.", {9}),
    "bota de tobillo": ("bota de tobillo", {9}),
    "typo": ("Ankel boot", {9}),
    "typo in Spanish": ("Es un vestdo", {3}),
    "figure and label": ("9 (Ankle boot)", {9}),
    "label and figure": ("Ankle boot, 9", {9}),
    "counted from one, the last": ("clase 10, la última", {9}),
    "counted from one": ("posición 10 (contando desde 1)", {9}),
    "tenth with a label": ("Es la clase 10, Ankle boot", {9}),
    "counted from zero": ("la posición 9 (empezando desde 0)", {9}),
    "the last class": ("Corresponde a la última clase", {9}),
    "image size": ("La imagen de 28x28 es de la clase 9", {9}),
    "probability": ("La clase 9 con una probabilidad de 0.98", {9}),
    "percentage": ("9, con un 98 % de probabilidad", {9}),
    "small exponents": ("Los demás valores son 1e-9, así que es la 9", {9}),
    "count of classes": ("De las 10 clases, es la 7", {7}),
    "question's number": ("pregunta 3.2: 9", {9}),
    "units": ("Con 512 neuronas predice 9 y con 1024 también 9", {9}),
    "first image": ("La primera imagen es un bolso", {8}),
    "index in code": ("classifications[0] corresponde a Ankle boot", {9}),
    "name looked up": ("class_names[9] → 'Ankle boot'", {9}),
    "argmax": ("np.argmax(classifications[0]) = 9", {9}),
    "dictionary": ("{9: 'Ankle boot'}", {9}),
    "denied": ("Es la 9, no es un sneaker (7)", {9}),
    "denied first": ("No es un sneaker (7) sino un Ankle boot", {9}),
    "denied figure": ("no es la 7 sino la 9", {9}),
    "figure against another": ("La clase más probable es la 9 con 0.92, frente al 0.05 de la 7", {9}),
    "second best": ("Ankle boot; la segunda más probable es Sneaker", {9}),
    "t-shirt is not a shirt": ("T-shirt", {0}),
    "t-shirt/top": ("T-shirt/top", {0}),
    "shirt": ("Shirt", {6}),
    "camiseta is not camisa": ("una camiseta", {0}),
    "camisa": ("camisa", {6}),
    "zapatilla deportiva": ("zapatilla deportiva", {7}),
    "pantalones": ("unos pantalones", {1}),
    "class zero": ("clase 0", {0}),
    "English sentence": ("It belongs to class 9 (ankle boot), since the highest value is the last one.", {9}),
    "range of classes": ("Las clases van de 0 a 9 y el máximo está en la 9", {9}),
    "two models": ("Modelo 1: 9\nModelo 2: 9", {9}),
    "list marks": ("1. con 512: clase 9\n2. con 1024: clase 9", {9}),
    "vector printed": ("[1.2e-07 3.1e-09 0.02 0.97] -> 9", {9}),
    "key of all classes, then the answer": (
        "0 camiseta, 1 pantalón, 2 jersey, 3 vestido, 4 abrigo, 5 sandalia, 6 camisa, 7 zapatilla, 8 bolso, 9 botín.\n"
        "La respuesta es botín.",
        {9},
    ),
    "two answers": ("Es la clase 9 o la clase 7", {7, 9}),
    "label against number": ("Es la 9. Es un vestido.", {3, 9}),
    "counted from one, with its share": ("Corresponde a la clase 10, con un 98.2 % de probabilidad", {9}),
    "counted from one, in English": ("It is class 10 with 98,2 percent", {9}),
    "counted from one, a place in the vector": ("La posición 10 del vector es la mayor", {9}),
    "counted from one, and nothing else": ("10", {9}),
    "counted from one, of how many": ("Es la clase número 10 de las 10", {9}),
    "counted from one, another label beside": ("Es la clase 10: Sneaker", {7, 9}),
    "counted from one, another class beside": ("La 10 tiene un 90 %, la 7 un 1 %", {7, 9}),
    "counted from zero, so that there is none": ("La clase 10 (contando desde 0)", set()),
    "denied with what it would be": ("Es la clase 10, no la 9", set()),
    "a count alone": ("De 10 clases, ninguna", set()),
    "a count of outputs": ("La red tiene 10 salidas", set()),
    "a count of epochs": ("He entrenado 10 épocas", set()),
    "from the first class to the last": ("Las posiciones van de la clase 1 a la clase 10", set()),
    "a number of ten thousand digits": ("La clase " + "7" * 10_000, set()),
    "a power": ("10² valores", set()),
    "nothing": ("", set()),
    "no class": ("Es un vector de 10 valores", set()),
    "only the image": ("la primera imagen de test", set()),
    "last layer": ("la última capa tiene 10 neuronas", set()),
    "sum": ("los valores suman 1", set()),
    "two networks": ("las dos redes dicen lo mismo", set()),
}


@pytest.mark.parametrize(("answer", "expected"), NAMED.values(), ids=NAMED.keys())
def test_class_named_in_prose(answer: str, expected: set[int]) -> None:
    assert judge_class_answer(answer, CLASSES) == expected


@pytest.mark.parametrize("line", ["10", "clase 10", "la 10"])
def test_a_program_counts_from_zero(line: str) -> None:
    assert judge_class_answer(line, CLASSES, printed=True) == set()


SAME = {
    "the same": "sigue siendo la misma",
    "not changed": "No ha cambiado",
    "does not vary": "la clase no varía",
    "no changes": "No hay cambios respecto al primer modelo",
    "identical": "El resultado es idéntico al de la pregunta 3.2",
    "agrees": "Coincide con la predicción anterior",
    "English": "It is still the same class",
    "English, unchanged": "no change",
}


@pytest.mark.parametrize("answer", SAME.values(), ids=SAME.keys())
def test_says_that_the_class_is_the_same(answer: str) -> None:
    assert says_same(answer)


NOT_SAME = {
    "denied": "Ya no es la misma",
    "does not agree": "No coincide con la anterior",
    "changes": "La clase cambia",
    "another": "Ahora es otra",
    "nothing said": "ver la celda de arriba",
}


@pytest.mark.parametrize("answer", NOT_SAME.values(), ids=NOT_SAME.keys())
def test_does_not_say_that_the_class_is_the_same(answer: str) -> None:
    assert not says_same(answer)
