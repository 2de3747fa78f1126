"""The small words of Spanish and English that hold a sentence together, without accents, in small letters.

They say nothing about any question; what a question's answer needs stands in the rubric.
"""

from __future__ import annotations


def words_of(text: str) -> frozenset[str]:
    """The words of a text, each once."""
    return frozenset(text.split())


NEGATORS = words_of(
    "no ni nunca jamas tampoco sin ningun ninguno ninguna dudo falso imposible not never neither nor without cannot "
    "none false"
)
"""Words that deny what follows them in their clause."""

DIRECTIONS = (
    words_of("sube suben subir subido aumenta aumentan aumentar aumentado incrementa crece crecen crecer asciende "
             "increase increases increasing rise rises rising grow grows"),
    words_of("baja bajan bajar bajado disminuye disminuyen disminuir disminuido reduce reducen desciende decrece "
             "decrease decreases decreasing drop drops fall falls falling"),
    words_of("mas mayor mayores more higher greater bigger larger"),
    words_of("menos menor menores less lower fewer smaller"),
    words_of("mejor mejores mejora mejoran mejorar better improve improves"),
    words_of("peor peores empeora empeoran empeorar worse worsen worsens"),
    words_of("rapido rapida rapidos rapidas deprisa fast faster quick quicker"),
    words_of("lento lenta lentos lentas despacio slow slower"),
    words_of("igual iguales mismo misma mismos mismas same equal"),
    words_of("distinto distinta distintos distintas diferente diferentes different"),
)  # fmt: skip
"""Words that point one way or its contrary: where two answers differ in them, they may differ in meaning."""

SHORT_NEGATORS = words_of("sin without")
"""Negators that reach only the next word or two ("sin error la red aprende")."""

CONTRARIES = (
    ("en", "vez", "de"),
    ("en", "lugar", "de"),
    ("lo", "contrario"),
    ("contrario", "a"),
    ("contrario", "al"),
    ("diferencia", "de"),
    ("diferencia", "del"),
    ("para", "evitar"),
    ("evita", "el"),
    ("evita",),
    ("instead", "of"),
    ("rather", "than"),
    ("opposite", "of"),
    ("unlike",),
    ("avoid",),
    ("deja", "de"),
    ("dejan", "de"),
    ("dejaria", "de"),
    ("dejar", "de"),
    ("fails", "to"),
    ("fail", "to"),
)
"""Phrases that set aside what follows them."""

NOT_NEGATIONS = (
    r"no (solo|solamente|unicamente|obstante|importa|hay duda|cabe duda|tengo duda|es de extranar|queda duda)\b",
    r"no (hay dudas|hay lugar a|queda lugar a)\b",
    r"no (\w+ )?(\w+ )?(mas|otra cosa|otra) que\b",
    r"no (\w+ )?(apenas|casi)\b",
    r"no dejan? de ser\b",
    r"sin (duda|embargo|lugar a dudas)\b",
    r"(not|nothing) (only|but|just)\b",
    r"not (that|so|too|very|as) (much|many)\b",
    r"(no|without) (doubt|wonder|matter)\b",
    r"ni siquiera\b",
)
"""What begins with a negator and denies nothing."""

CLITICS = words_of("me te se le lo la nos os les los las does do did is are was will would can could be")
"""Words that stand between a negation and its verb."""

FINITE = words_of(
    "es son era eran sera seria fue hay habra habria habia da dan dara daria sale salen saldra saldria salta "
    "saltaria tiene tienen tendra tendria sigue siguen aparece aparecen genera produce llama llaman llamado queda "
    "quedan ocurre memoriza memorizan aprende aprenden mejora mejoran empeora empeoran sube suben baja bajan "
    "aumenta aumentan disminuye disminuyen crece tarda tardan cuesta requiere necesita espera esperan recibe "
    "reciben predice predicen clasifica clasifican representa representan indica indican corresponde corresponden "
    "convierte transforma generaliza sobreajusta falla fallan pertenece sabe coincide coinciden estanca peta pierde "
    "reconoce reconocen acierta aciertan ve ven provoca causa devuelve is are was were has have gets get goes takes "
    "throws raises crashes gives called memorizes memorises learns overfits improves increases decreases rises drops "
    "falls needs expects means represents generalizes matches fails"
)
"""Verbs as they stand in a clause of their own; one of them ends the reach of a negation before it."""

VERB_ENDINGS = r"(dr|br|[^tl]ir)ia(n|mos)?$"
"""Of conditionals ("convendría"), by which verbs are known that no list has."""

VERBAL_NOUNS = words_of("mejora causa")
"""Verbs of the above that are as often nouns."""

MEASURES = words_of("1 gran mucha poca alguna tanta")
"""What may stand between a verb and its noun."""

GLUE = words_of(
    "que porque por para con como cuando si mas menos mejor mejores peor peores mayor menor muy le les lo su sus "
    "cada un una se al es son hay esta estan era seria no ni nunca sin ya aunque pero sino mientras demasiado mucho "
    "muchos muchas poco algo apenas entre hasta desde todas todos solo tambien debido gracias segun sobre todo casi "
    "cual donde esto eso este esta ese esa ello is are was be because for per each every there has have does not it "
    "its they this that more less than to with when while but so since better worse too very only all by at if as "
    "between we you can could would higher lower longer slower faster fewer greater bigger smaller larger"
)
"""Words that make a sentence of what would else be a list of terms."""

FOREIGN = words_of(
    "nao uma com em os dados rede mais sao treino amb els xarxa dades unha une avec donnees reseau della dei che rete "
    "dati der und nicht"
)
"""Frequent words of neighbouring languages (Portuguese, Catalan, Galician, French, Italian, German), in neither Spanish
nor English ones, without accents."""

ARTICLES = words_of("el la los las de del en y e o u a the an of in on and or etc")
"""Words that do not make a sentence."""

CLAUSE_OPENERS = words_of(
    "y e and pero but sino mientras while whereas aunque although though however porque because pues since cuando "
    "when si if donde where entonces"
)
"""Words with which a new clause begins."""

REASONS = words_of("porque because")
"""Clause openers that belong to a negation right before them: "no es porque ..."."""

DENIALS = words_of("no not tampoco ni")
COPULAS = words_of("es sea fue era is was")

HEDGES = (
    r"\b(no lo se|no sé|no se (si|que|cual|bien)|ni idea|quizas?)\b",
    r"\b(tal vez|a lo mejor|puede (que|ser)|podria ser|no estoy segur[oa])\b",
    r"\b(supongo|maybe|perhaps|i (do not|am not) (know|sure)|not sure|might be|could be|ninguna de las)\b",
)
"""How people say that they are not sure."""

SPELLINGS = {
    "xq": "porque", "pq": "porque", "xk": "porque", "porq": "porque", "porke": "porque", "pk": "porque",
    "prq": "porque", "xke": "porque", "q": "que", "k": "que", "ke": "que", "qe": "que", "xo": "pero", "xro": "pero",
    "%": "porcentaje",
    "x": "por", "d": "de", "+": "mas", "tb": "tambien", "tmb": "tambien", "bn": "bien", "acc": "accuracy",
    "prob": "probabilidad", "probs": "probabilidad", "val": "validacion", "nº": "numero", "nro": "numero",
    "num": "numero", "nums": "numero", "etiq": "etiqueta", "ep": "epoca", "img": "imagen", "imgs": "imagen",
    "↑": "sube", "↓": "baja", "→": "es", "⇒": "es", "=": "es",
    "≠": "distinto", "diez": "10", "ten": "10", "cinco": "5", "five": "5",
    "uno": "1", "one": "1", "una": "1", "un": "1", "dos": "2", "two": "2", "tres": "3", "three": "3",
    "bidimensional": "2d", "bidimensionales": "2d", "unidimensional": "1d", "unidimensionales": "1d",
    "unidimencional": "1d",
    "kda": "cada", "muxo": "mucho", "muxa": "mucha", "pa": "para", "ai": "hay", "mu": "muy", "sta": "esta", "cn": "con",
    "ls": "las", "dez": "10", "deu": "10", "dieci": "10", "cinc": "5", "cinque": "5", "veintiocho": "28",
}  # fmt: skip
"""Short forms and figures, each with the one form under which it is compared."""

CONTRACTIONS = {
    "dont": "do not", "doesnt": "does not", "didnt": "did not", "isnt": "is not", "arent": "are not",
    "wont": "will not", "cant": "can not", "cannot": "can not", "couldnt": "could not", "wouldnt": "would not",
    "its": "it is", "wasnt": "was not",
}  # fmt: skip
"""English contractions, the apostrophe taken out."""

KNOWN_WORDS = words_of(
    "aprender menor mejor mayor clave case base norma firma corte puesto gusto resto texto cada nada salida "
    "entrada entrena entreno mejoria memoria posible variacion prevision capa copa pasa pesa pesos pasos tarde "
    "parte cuesta puesta medida media subajuste underfitting ajuste validez valida mover menos mas tasa masa "
    "trata trato caso cosa fase frase cierto ciertos facil dificil faciles dificiles sale salen otras otros"
)
"""Real words that differ by a letter or two from words that rubrics use: never taken for typos of them."""
