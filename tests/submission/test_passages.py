"""The student's prose is found wherever it stands, and nothing else is taken for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest
from submission_notebooks import (
    EVALUATE,
    EXAMPLE,
    HEADINGS,
    MARKERS,
    PREDICT,
    READY,
    SHOWS,
    answer,
    given_cells,
    h,
    md,
    net,
    prose,
    py,
    read,
)

WHY = "Cada número es la probabilidad de una de las diez clases."
MEMORY = "Es sobreajuste: se aprende de memoria las imágenes."
BOOT = "Corresponde a la clase 9, un botín."

KEYCAPS = {
    1: "model.fit(x, y, epochs=10, batch_size=64)",
    2: "model.evaluate(test_x, test_y)",
    3: "classifications = model.predict(test_x)",
    4: "wide(512)",
    5: "other = wide(512).predict(test_x)",
}


def printing(source: str, shown: str) -> dict[str, Any]:
    """A code cell with what it printed."""
    return {**py(source), "outputs": [{"output_type": "stream", "name": "stdout", "text": shown}]}


class Case(NamedTuple):
    name: str
    cells: list[Any]
    prose: dict[str, list[str]]


MARKDOWN = [
    Case("after the marker", [h("3.1"), answer("3.1", WHY)], {"3.1": [WHY]}),
    Case("after a bold marker", [h("3.1"), md(f"**Tu respuesta a la pregunta 3.1 aquí:** {WHY}")], {"3.1": [WHY]}),
    Case("below the marker", [h("3.1"), md("Tu respuesta a la pregunta 3.1 aquí:", "", WHY)], {"3.1": [WHY]}),
    Case("marker deleted, own cell", [h("3.1"), md(WHY)], {"3.1": [WHY]}),
    Case("below the question in its cell", [md(HEADINGS["3.1"], "", WHY)], {"3.1": [WHY]}),
    Case("on the question's last line", [md(f"{HEADINGS['3.1']} {WHY}")], {"3.1": [WHY]}),
    Case("over two cells", [h("3.1"), answer("3.1", WHY), md("Suman uno.")], {"3.1": [WHY, "Suman uno."]}),
    Case("before the code", [h("6"), md("Falla la forma."), py(net(flatten=False))], {"6": ["Falla la forma."]}),
    Case("after the code", [h("6"), py(net(flatten=False)), md("Falla la forma.")], {"6": ["Falla la forma."]}),
    Case("its own word for answer", [h("3.1"), md(f"**Respuesta:** {WHY}")], {"3.1": [WHY]}),
    Case("a short letter for answer", [h("3.1"), md(f"R: {WHY}")], {"3.1": [WHY]}),
    Case(
        "a sentence that begins with answer",
        [h("3.2"), md("La respuesta es la clase 9.")],
        {"3.2": ["La respuesta es la clase 9."]},
    ),
    Case(
        "a sentence that names its question",
        [h("3.2"), md("La respuesta a la pregunta 3.2 es 9")],
        {"3.2": ["La respuesta a la pregunta 3.2 es 9"]},
    ),
    Case("a number alone", [h("3.2"), answer("3.2", "9")], {"3.2": ["9"]}),
    Case(
        "an untouched answer place says nothing",
        [h("3.1"), answer("3.1"), h("3.2"), answer("3.2", "...")],
        {"3.1": [], "3.2": []},
    ),
    Case(
        "markup is taken out",
        [h("3.1"), md("> **Son** _probabilidades_ <br> con $p < 1$ de `on_epoch_end`")],
        {"3.1": ["Son probabilidades\ncon p < 1 de on_epoch_end"]},
    ),
    Case(
        "the question retyped before the answer",
        [h("7.1"), answer("7.1", "¿Por qué son diez las neuronas de la última capa? Por las clases.")],
        {"7.1": ["Por las clases."]},
    ),
    Case(
        "a copy of the question as an answer stays",
        [h("7.1"), answer("7.1", "¿Por qué son diez las neuronas de la última capa?")],
        {"7.1": ["¿Por qué son diez las neuronas de la última capa?"]},
    ),
    Case(
        "a prompt in other words is not an answer",
        [
            md("**Pregunta 7.1 (0.25 puntos)** ¿Sabrías decir por qué hay 10 neuronas a la salida?"),
            answer("7.1", "Por las clases."),
        ],
        {"7.1": ["Por las clases."]},
    ),
    Case(
        "nor where nothing was answered",
        [md("**Pregunta 7.1 (0.25 puntos)** ¿Sabrías decir por qué hay 10 neuronas a la salida?")],
        {"7.1": []},
    ),
    Case(
        "after a pasted picture",
        [h("3.1"), md("![image.png](data:image/png;base64," + "iVBOR" * 50_000 + ")", "", WHY)],
        {"3.1": [WHY]},
    ),
    Case(
        "a comment beside an answer in the question's cell",
        [md(HEADINGS["7.1"], "", "Por las clases."), py("# pruebo", "a = 1")],
        {"7.1": ["Por las clases.", "pruebo"]},
    ),
    Case(
        "a prompt that lost its heading is not the answer above it",
        [
            answer("7.1", WHY),
            md("¿Qué pasaría si fuera otra cantidad? Por ejemplo, prueba con 5."),
            answer("7.2", "Falla."),
        ],
        {"7.1": [WHY], "7.2": ["Falla."]},
    ),
    Case(
        "two prompts in one cell without headings share what follows",
        [md("¿Por qué son diez las neuronas de la última capa?", "¿Qué pasaría si fuera otra cantidad?"), md("Falla.")],
        {"7.1": ["Falla."], "7.2": ["Falla."]},
    ),
    Case("a raw cell", [h("3.1"), {"cell_type": "raw", "source": WHY, "metadata": {}}], {"3.1": [WHY]}),
]

SEVERAL = [
    Case(
        "two markers in one cell",
        [
            h("3.1"),
            h("3.2"),
            md(f"Tu respuesta a la pregunta 3.1 aquí: {WHY}", "", f"Tu respuesta a la pregunta 3.2 aquí: {BOOT}"),
        ],
        {"3.1": [WHY], "3.2": [BOOT]},
    ),
    Case(
        "two headings in one cell", [md(HEADINGS["3.1"], WHY, "", HEADINGS["3.2"], BOOT)], {"3.1": [WHY], "3.2": [BOOT]}
    ),
    Case("numbers", [md("## Pregunta 3"), md(f"3.1: {WHY}", f"3.2: {BOOT}")], {"3.1": [WHY], "3.2": [BOOT]}),
    Case(
        "bold numbers",
        [md("## Pregunta 3"), md(f"**3.1)** {WHY}", "", f"**3.2)** {BOOT}")],
        {"3.1": [WHY], "3.2": [BOOT]},
    ),
    Case("letters", [md("## Pregunta 3"), md(f"a) {WHY}", f"b) {BOOT}")], {"3.1": [WHY], "3.2": [BOOT]}),
    Case(
        "one paragraph for all",
        [md("## Pregunta 3"), md(f"{WHY} {BOOT}")],
        {"3.1": [f"{WHY} {BOOT}"], "3.2": [f"{WHY} {BOOT}"]},
    ),
    Case(
        "a label printed in one's own place, the answer in the place of all",
        [
            md(HEADINGS["5.1"], HEADINGS["7.1"]),
            py(MARKERS["5"], PREDICT, "print('suma', s)  # pruebo"),
            md("## Pregunta 5"),
            md("La 9, un botín."),
        ],
        {"5.1": ["suma", "pruebo", "La 9, un botín."]},
    ),
    Case(
        "one paragraph for who has none",
        [md("## Pregunta 3"), md(WHY), h("3.2"), answer("3.2", BOOT)],
        {"3.1": [WHY], "3.2": [BOOT]},
    ),
    Case(
        "a decimal number is no anchor",
        [h("5.1"), md("5.2 segundos tarda."), md("9")],
        {"5.1": ["5.2 segundos tarda.", "9"], "5.2": []},
    ),
    Case(
        "answers on one line of a table's cell, parted by a tag",
        [md("**Pregunta 5**"), md("5.1 — La 9 las dos veces.<br>5.2 — Es un botín clarísimo.")],
        {"5.1": ["La 9 las dos veces."], "5.2": ["Es un botín clarísimo."]},
    ),
    Case(
        "numbers before answers in small letters, where no heading is",
        [h("2"), py(EVALUATE), md("3.1 xq son probabilidades", "", "3.2 el 9 (la bota)"), md("4.3 mejora un pelin")],
        {"3.1": ["xq son probabilidades"], "3.2": ["el 9 (la bota)"], "4.3": ["mejora un pelin"]},
    ),
    Case(
        "an amount within an answer is no number of a question",
        [h("5.1"), md("La de 512 tarda", "3.1 veces más que la otra.")],
        {"5.1": ["La de 512 tarda\n3.1 veces más que la otra."], "3.1": []},
    ),
    Case(
        "headings that are nothing but a number",
        [md("#### 5"), md("5.1 → la 9", "", "5.2 → es fácil"), md("#### 6"), md("Falla la forma."), md("#### 7")],
        {"5.1": ["la 9"], "5.2": ["es fácil"], "6": ["Falla la forma."]},
    ),
    Case(
        "headings of a letter and a number",
        [md("### P5"), md("**5.1** La 9"), md("### P6"), md("Falla la forma."), md("### P8")],
        {"5.1": ["La 9"], "6": ["Falla la forma."]},
    ),
    Case(
        "a heading that says the word for each of its questions",
        [md("Ejercicio 3.1 y ejercicio 3.2"), py(PREDICT), md("3.1: Son probabilidades.", "", "3.2: El 9.")],
        {"3.1": ["Son probabilidades."], "3.2": ["El 9."]},
    ),
    Case(
        "headings of bare numbers with words of the student's own, as emoji",
        [
            *(cell for n, code in KEYCAPS.items() for cell in (md(f"## {n}\ufe0f\u20e3 Parte {n}"), py(code))),
            md("## 6\ufe0f\u20e3 Sin Flatten"),
            md("Truena por la forma."),
            *(md(f"## {n}\ufe0f\u20e3 Parte {n}") for n in (7, 8, 9)),
        ],
        {"6": ["Truena por la forma."]},
    ),
    Case("prose without any place is offered to all", [md(WHY)], {"3.1": [WHY], "7.1": [WHY]}),
    Case(
        "marker under another question's heading",
        [h("5.1"), answer("5.1", "9"), answer("5.2", "Es fácil.")],
        {"5.1": ["9"], "5.2": ["Es fácil."]},
    ),
    Case("after the second 5.1", [h("5.1"), md("9"), h("5.2"), md("Es fácil.")], {"5.1": ["9"], "5.2": ["Es fácil."]}),
]

CODE = [
    Case(
        "told by a function of the student's own",
        [h("3.1"), py(f'decir("{WHY}")', 'plt.title("El botín de la primera imagen")', 'decir("vale")')],
        {"3.1": [WHY]},
    ),
    Case(
        "said in the code that the next question asks for",
        [h("3.1"), py(PREDICT, f'decir("{WHY}")'), h("3.2"), md(BOOT)],
        {"3.1": [WHY], "3.2": [BOOT]},
    ),
    Case(
        "a printed answer with gaps, as it was printed",
        [
            h("3.1"),
            printing(
                'print(f"{len(p)} números, uno por cada una de las {len(p)} clases")',
                "10 números, uno por cada una de las 10 clases\n",
            ),
        ],
        {"3.1": ["10 números, uno por cada una de las 10 clases"]},
    ),
    Case(
        "a printed answer with gaps, its output not saved",
        [h("3.1"), py('print(f"{n} números, uno por cada una de las {n} clases")')],
        {"3.1": ["números, uno por cada una de las clases"]},
    ),
    Case(
        "a label printed beside a value, as it was printed",
        [h("3.2"), printing("print('La clase es', c.argmax())", "La clase es 9\n")],
        {"3.2": ["La clase es 9"]},
    ),
    Case(
        "labels printed beside several values",
        [h("3.1"), printing("print('Imágenes:', x.shape[0], 'de', x.shape[1:])", "a\nImágenes: 60000 de (28, 28)\n")],
        {"3.1": ["Imágenes: 60000 de (28, 28)"]},
    ),
    Case(
        "a label printed beside a value, its output not saved",
        [h("3.2"), py("print('La clase es', c.argmax())")],
        {"3.2": ["La clase es"]},
    ),
    Case(
        "values without a label say nothing",
        [h("3.2"), printing("print(c.argmax(), 9)", "9 9\n")],
        {"3.2": []},
    ),
    Case(
        "what the assignment's own code prints, filled in or not",
        [h("9"), printing(READY, "Epoch 3\n"), h("3.2"), printing(SHOWS, "El lote es 64\n")],
        {"9": [], "3.2": []},
    ),
    Case(
        "comments joined",
        [h("3.1"), py(PREDICT, "# Son las probabilidades", "# de cada clase")],
        {"3.1": ["Son las probabilidades\nde cada clase"]},
    ),
    Case("a comment behind code", [h("3.2"), py("print(c.argmax())  # el 9, un botín")], {"3.2": ["el 9, un botín"]}),
    Case(
        "a marker is no comment",
        [h("4.1"), py(MARKERS["4.1"], "", "# mejora un poco", net(512))],
        {"4.1": ["mejora un poco"]},
    ),
    Case(
        "code put out of use",
        [h("6"), py("# red.fit(x, y,", "#         epochs=5)", "# la forma no coincide", "# red = Dense(3)")],
        {"6": ["la forma no coincide"]},
    ),
    Case(
        "pieces of a call put out of use",
        [
            h("6"),
            py("red = 1", "# (optimizer='adam', loss='mse')"),
            py("# .fit(x, y, epochs=1)"),
            py("# optimizer='sgd', metrics=['accuracy'],"),
            py("# la forma no coincide"),
        ],
        {"6": ["la forma no coincide"]},
    ),
    Case(
        "an answer in brackets",
        [h("8.3"), py("# (overfitting)"), py("# (sobreajuste, se aprende el train = memoria)")],
        {"8.3": ["(overfitting)", "(sobreajuste, se aprende el train = memoria)"]},
    ),
    Case("one word", [h("8.3"), py("# overfitting")], {"8.3": ["overfitting"]}),
    Case("a hash within a string", [h("3.2"), py("c = '# nada'")], {"3.2": []}),
    Case("a triple-quoted string", [h("3.1"), py('"""', WHY, '"""')], {"3.1": [WHY]}),
    Case(
        "prints joined",
        [h("3.1"), py("print('Son probabilidades')", "print('de cada clase')")],
        {"3.1": ["Son probabilidades\nde cada clase"]},
    ),
    Case(
        "an f-string",
        [h("3.2"), py("print(f'La clase es {c.argmax()} y es un botín')")],
        {"3.2": ["La clase es y es un botín"]},
    ),
    Case(
        "glued strings",
        [h("3.2"), py("print('Es un ' + 'botín')", "print('clase %d' % 9, 'la {}'.format(1))")],
        {"3.2": ["Es un botín\nclase %d la {}"]},
    ),
    Case(
        "a variable that holds the answer", [h("3.1"), py(f"respuesta = '{WHY}'", "print(respuesta)")], {"3.1": [WHY]}
    ),
    Case(
        "a printed text that a function has laid out",
        [
            h("3.1"),
            py("print(dedent('''", f"    {WHY}'''))", "print(str(a), 'Suman uno.'.strip())", "print(get('mse'), f(2))"),
        ],
        {"3.1": [f"{WHY}\nSuman uno."]},
    ),
    Case(
        "a variable that holds what a function has laid out",
        [h("3.1"), py(f"texto = textwrap.dedent('{WHY}')", "red = Sequential(Dense(10, 'softmax'))")],
        {"3.1": [WHY]},
    ),
    Case(
        "typed into a code cell",
        [h("7.1"), py("Hay diez clases y una neurona para cada una")],
        {"7.1": ["Hay diez clases y una neurona para cada una"]},
    ),
    Case("a markdown magic", [h("7.1"), py("%%markdown", "Por las **clases**.")], {"7.1": ["Por las clases."]}),
    Case(
        "comments of several questions in one cell",
        [md(HEADINGS["3.1"], HEADINGS["3.2"]), py("# 3.1: probabilidades", "# 3.2: botín")],
        {"3.1": ["probabilidades"], "3.2": ["botín"]},
    ),
    Case(
        "a comment with its number, in code that the next question needs",
        [
            h("4.2"),
            py(net(1024), "otra = red.predict(x_test)", "# 4.3 Mejora poco y tarda más."),
            h("5.1"),
            py("otra[0]"),
        ],
        {"4.3": ["Mejora poco y tarda más."], "5.1": []},
    ),
    Case(
        "comments in a cell that does not parse",
        [h("6"), py("red = = 3", "# la forma no coincide")],
        {"6": ["la forma no coincide"]},
    ),
    Case(
        "shell lines beside",
        [h("6"), py("!pip install x", "%time 3", "# la forma no coincide", "print('hola a todos')")],
        {"6": ["la forma no coincide", "hola a todos"]},
    ),
    Case("the example's own words", [h("9"), py(EXAMPLE), py(READY)], {"9": []}),
]


OTHERS_NUMBERS = [
    Case(
        "an answer under its own number in another's place is not that one's",
        [h("3.1"), md(WHY), md(f"8.3: {MEMORY}"), h("8.1"), py(net(epochs=15))],
        {"3.1": [WHY], "8.3": [MEMORY]},
    ),
    Case(
        "an answer under another's number that stands alone in its place",
        [h("3.1"), printing(f"print('3.2: {WHY}')", f"3.2: {WHY}"), h("3.2"), md(BOOT)],
        {"3.1": [f"3.2: {WHY}"], "3.2": [BOOT]},
    ),
    Case(
        "answers under numbers are nobody else's, without any heading",
        [py(net()), md("Da error porque la forma no cuadra.", f"3.1: {WHY}", f"8.3: {MEMORY}")],
        {"3.1": [WHY], "8.3": [MEMORY], "6": ["Da error porque la forma no cuadra."]},
    ),
    Case(
        "an answer under its number beside a label in its own place",
        [h("4.3"), printing("print(n)", "====== 128 neuronas ======"), h("5.1"), md("4.3: mejora, pero tarda más.")],
        {"4.3": ["mejora, pero tarda más."]},
    ),
]

PRINTED = [
    "def main():",
    "    print('##### PREGUNTA 3')",
    f"    print('3.1: {WHY}')",
    "    print('3.2: clase', c.argmax(), '(botín)')",
    "    print('##### PREGUNTA 6')",
    "    print('6: la forma no coincide')",
    "    print('##### PREGUNTA 8')",
    "    print('8.3: sobreajuste, 8 veces más')",
]
NUMBERED = [
    Case(
        "prints with numbers, all in one cell",
        [py("# -*- coding: utf-8 -*-", *PRINTED)],
        {"3.1": [WHY], "3.2": ["clase (botín)"], "6": ["la forma no coincide"], "8.3": ["sobreajuste, 8 veces más"]},
    ),
    Case(
        "a table at the end",
        [
            md("# Prácticas de redes"),
            py(net()),
            md("| Pregunta | Respuesta |", "|:--|:--|", f"| 3.1 | {WHY} |", "| 3.2 | 9, botín |", "| 8.3 | Memoriza |"),
        ],
        {"3.1": [WHY], "3.2": ["9, botín"], "8.3": ["Memoriza"]},
    ),
    Case(
        "a list whose own numbers are others, under a heading of several questions",
        [
            py("# pregunta 3", PREDICT),
            md("### Respuestas 3, 4 y 5", "", f"1. **(3.1)** {WHY}", "2. **(3.2)** La 9.", "3. **(4.3)** Mejora poco."),
        ],
        {"3.1": [WHY], "3.2": ["La 9."], "4.3": ["Mejora poco."]},
    ),
    Case(
        "a number in what stands in another's place",
        [md("- **3.1** " + WHY, "- **3.2** la 9"), py(net()), md("8.3: Memoriza los datos.")],
        {"3.1": [WHY], "8.3": ["Memoriza los datos."]},
    ),
    Case(
        "given to the student's own function",
        [py("def responde(n, t): print(n, t)", f"responde('3.1', '{WHY}')", "responde('5.1', 'sigue siendo la 9')")],
        {"3.1": [WHY], "5.1": ["sigue siendo la 9"]},
    ),
    Case(
        "a dictionary of answers",
        [py(f"respuestas = {{'3.1': '{WHY}', '3.2': 'la 9'}}", "for n in respuestas: print(n, respuestas[n])")],
        {"3.1": [WHY], "3.2": ["la 9"]},
    ),
    Case(
        "answers under numbers, one at each question",
        [
            py("R = {}", PREDICT, f'R["3.1"] = f"""{WHY}"""'),
            py(net(512), "R['P5.1'] = 'otra vez ' + 'la 9'", "R[6] = 'las formas no coinciden'"),
            py("respuesta_8_3 = 'sobreajuste'", "acc_0_5 = 'alta'"),
        ],
        {"3.1": [WHY], "5.1": ["otra vez la 9"], "8.3": ["sobreajuste"]},
    ),
    Case(
        "names of classes are no answers",
        [h("7.1"), py("clases = {0: 'camiseta', 1: 'pantalón', 2: 'jersey o suéter'}", "acc_0_5 = 'alta'")],
        {"7.1": []},
    ),
    Case(
        "a table at the end, for questions that have code of their own",
        [
            py("# P3", PREDICT, "print('suma =', classifications[0].sum(), '| gana la', classifications[0].argmax())"),
            py("# P6", net(flatten=False)),
            py("# P9", "parar = 1"),
            md(
                "| n | |",
                "|--|--|",
                f"| 3.1 | {WHY} |",
                "| 5.2 | Es fácil. |",
                "| 6 | Las formas. |",
                "| 7.1 | Diez. |",
            ),
        ],
        {"3.1": ["suma = gana la", WHY], "5.2": ["Es fácil."], "6": ["Las formas."], "7.1": ["Diez."]},
    ),
    Case(
        "a bare number between others",
        [
            py(
                '"""',
                "5.2 es un botín claro",
                "6   las formas no cuadran",
                "7.1 hay diez clases",
                "3 de cada 4 bien",
                '"""',
            )
        ],
        {"5.2": ["es un botín claro"], "6": ["las formas no cuadran"], "7.1": ["hay diez clases\n3 de cada 4 bien"]},
    ),
    Case(
        "numbers between rules, in comments",
        [
            py("# ===== 3 =====", PREDICT, "# ===== 4.1 y 4.2 =====", net(512), net(1024)),
            py("# ----- 6 -----", net(flatten=False), "# las formas no coinciden", "# ----- 10 epocas -----"),
        ],
        {"6": ["las formas no coinciden\n----- 10 epocas -----"]},
    ),
    Case(
        "one of two cells with a number",
        [h("3.1"), md("3.1: " + WHY), md("Suman uno."), h("3.2"), md(BOOT)],
        {"3.1": [WHY, "Suman uno."], "3.2": [BOOT]},
    ),
    Case(
        "a list within a numbered answer",
        [py("print('8.3: Sobreajuste:')", "print('1) train baja')", "print('9) memoriza')", "print('5.2: es fácil')")],
        {"8.3": ["Sobreajuste:\n1) train baja\n9) memoriza"], "5.2": ["es fácil"]},
    ),
    Case(
        "two answers under one number in a list",
        [py(net()), md("3.2: la 9", f"5.1: {BOOT}", "5.1: Es fácil.", "7.1: Diez.")],
        {"5.1": [BOOT], "5.2": ["Es fácil."], "7.1": ["Diez."]},
    ),
    Case(
        "two answers under one number in prints",
        [py("print('3.2: la 9')", "print('5.1: la misma')", "print('5.1: es fácil')", "print('6: las formas')")],
        {"5.1": ["la misma"], "5.2": ["es fácil"], "6": ["las formas"]},
    ),
    Case(
        "two answers under one number in a list, the next question answered elsewhere",
        [py("print('3.1: hay 10')", "print('5.1: la 9')", "print('5.1: botín')"), h("5.2"), md("Es fácil.")],
        {"5.1": ["la 9\nbotín"], "5.2": ["Es fácil."]},
    ),
    Case(
        "numbers that are no questions'",
        [h("3.1"), md("1. Son probabilidades.", "2. Una por clase.", "0.29 es la mayor")],
        {"3.1": ["1. Son probabilidades.\n2. Una por clase.\n0.29 es la mayor"]},
    ),
]


@pytest.mark.parametrize("case", MARKDOWN + SEVERAL + CODE + NUMBERED + OTHERS_NUMBERS, ids=lambda case: case.name)
def test_prose_of(case: Case, tmp_path: Path) -> None:
    submission = read(tmp_path, *case.cells)

    assert {name: prose(submission, name) for name in case.prose} == case.prose


def test_an_untouched_assignment_has_no_prose(tmp_path: Path) -> None:
    submission = read(tmp_path, *given_cells())

    assert {name: prose(submission, name) for name in submission.places if prose(submission, name)} == {}


@pytest.mark.parametrize(
    ("source", "cell"),
    [("markdown", md(WHY)), ("comment", py(f"# {WHY}")), ("print", py(f"print('{WHY}')"))],
    ids=["markdown", "comment", "print"],
)
def test_a_passage_says_where_it_was_found(source: str, cell: dict[str, Any], tmp_path: Path) -> None:
    (passage,) = read(tmp_path, h("2"), py(EVALUATE), h("3.1"), cell).place("3.1").passages

    assert (passage.cell, passage.source) == (3, source)


VECTOR = "PREGUNTA 3 [4.0e-06 8.0e-07 9.6e-07 1.5e-05 7.0e-06\n 1.7e-02 2.1e-05 3.2e-02 2.7e-04 9.4e-01]\n"
PRINTED_VALUES = {
    "numbers": (
        "print('PREGUNTA 3', classifications[0])\n# 3.1: son diez numeros que suman uno\n"
        "print('PREGUNTA 3.2 la clase es la', np.argmax(classifications[0]), '(9 = botin)')",
        VECTOR + "PREGUNTA 3.2 la clase es la 9 (9 = botin)\n",
        "3.2", "la clase es la 9 (9 = botin)",
    ),
    "a list in brackets": (
        "print('PREGUNTA 5.1', [9, 9], 'vamos, la 9 con las dos')\nprint('PREGUNTA 5.2 la foto es facil y las tres la saben')",
        "PREGUNTA 5.1 [9, 9] vamos, la 9 con las dos\nPREGUNTA 5.2 la foto es facil y las tres la saben\n",
        "5.1", "[9, 9] vamos, la 9 con las dos",
    ),
    "a tuple": (
        "print('Pregunta 5.1', tuple(found), 'las dos dan 9')\nprint('Pregunta 5.2 la foto es facil y las tres la saben')",
        "Pregunta 5.1 (9, 9) las dos dan 9\nPregunta 5.2 la foto es facil y las tres la saben\n",
        "5.1", "(9, 9) las dos dan 9",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("source", "shown", "question", "said"), PRINTED_VALUES.values(), ids=PRINTED_VALUES)
def test_values_beside_a_number_are_no_answer_and_hide_none(
    source: str, shown: str, question: str, said: str, tmp_path: Path
) -> None:
    one_cell = "\n".join(["# ---- 1 ----", net(), "# ---- 2 ----", EVALUATE, "# ---- 3 ----", PREDICT, source])
    submission = read(tmp_path, printing(one_cell, shown))
    assert said in prose(submission, question)
