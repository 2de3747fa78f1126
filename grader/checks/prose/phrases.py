"""Turns of phrase by which people call something false, take it back, quote others, or speak to the grader.

Words are as `reading` makes them: small letters, no accents, short forms written out ("un" is "1", "don't" "do not").
"""

from __future__ import annotations

import re


def _one_of(*alternatives: str) -> str:
    return f"(?:{'|'.join(alternatives)})"


def _phrases(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(rf"\b{one}" for one in alternatives))


# --- false ------------------------------------------------------------------------------------------------------------

_FALSE = _one_of(
    "fals[oa]s?", "mentiras?", "bulo", "patrana", "mito", "leyenda", "falsedad", "trola", "cuento",
    "false", "untrue", "lies?", "myth", "hoax", "misconception", "nonsense",
)  # fmt: skip
_NOT_TRUE = _one_of(
    "no (?:es|era|son|sea) (?:nada |del todo |para nada )?(?:verdad|ciert[oa]s?)",
    "(?:is|are|was|were) not (?:really |at all )?true",
)
_IS = _one_of("es", "son", "era", "eran", "seria", "resulta", "parece", "is", "are", "was", "were")
_QUITE = "(?:(?:todo|toda|total|totalmente|completamente|pur[oa]|solo|just|all|only|simply|1|a|completely|totally) )*"
_SAY = _one_of("decir", "pensar", "creer", "afirmar", "suponer", "to say", "to think", "to believe", "to claim")
_CLAIM = _one_of("que", "that", _SAY)
_THAT = _one_of("eso", "esto", "todo", "lo", "that", "this", "it", "which")

BEGINS_UNTRUTH = _phrases(rf"{_NOT_TRUE} {_CLAIM}\b")
"""What follows in the clause is denied."""
BEGINS_FALSEHOOD = _phrases(
    rf"{_FALSE} (?:de )?{_CLAIM}\b",
    rf"{_IS} (?:1 |a |an )?(?:erroneo|incorrecto|equivocado|wrong|incorrect) {_CLAIM}\b",
    rf"(?:error|equivocacion|mistake) {_SAY}\b",
    r"(?:creencia|idea|concepcion|teoria) (?:popular |comun |muy )*(?:falsa|erronea|equivocada) (?:de )?que\b",
    rf"(?<![\w ])(?:(?:esto|eso|todo|lo siguiente|this|it|all) )*{_IS} {_QUITE}{_FALSE}\b",
    rf"(?:lo|todo lo) (?:siguiente|que sigue|de abajo)(?: \w+)? {_IS} {_QUITE}{_FALSE}\b",
)
"""What follows in the sentence is denied."""
ENDS_FALSEHOOD = _phrases(
    rf"{_IS} {_QUITE}{_FALSE}\b(?! (?:de )?(?:{_CLAIM}|positiv\w+|negativ\w+))", rf"{_NOT_TRUE}(?! {_CLAIM})"
)
"""What stands before it in the sentence is denied."""

# --- taken back -------------------------------------------------------------------------------------------------------

_ALL_OF_IT = "(?:(?:eso|esto|todo|ello|lo|nada|que|de|cual|cosa|that|this|it|all|everything|which|none|nothing|of) )*"
_TRUE = _one_of("verdad", "ciert[oa]", "correct[oa]", "true", "correct", "right")
_ABOVE = _one_of(
    "anterior(?:es|mente)?", "arriba", "antes", "precedente", "(?:he|hemos|habia) (?:dicho|escrito|puesto)",
    "dije", "escribi", "puse", "dicho", "escrito",
    "above", "previous(?:ly)?", "preceding", "i (?:have )?(?:said|wrote|written|put)",
)  # fmt: skip
_WRONG = _one_of(
    _FALSE,
    _NOT_TRUE,
    "(?:esta|estan|es|is|are) (?:todo |toda |all )?"
    + _one_of("mal", "incorrect[oa]s?", "errone[oa]s?", "wrong", "incorrect", "inventad[oa]", "invented", "made up"),
    "broma", "joke", "al reves", "lo contrario", "the opposite",
    r"ignor\w+", r"olvid\w+", "disregard", "forget", "no (?:vale|cuenta|lo creas|te lo creas)",
)  # fmt: skip

_STRIKE_OUT = _one_of(
    "borr(?:a|ad|e|en|o|ar|adlo|arlo)", "tach(?:a|ad|e|en|o|ar)", "olvid(?:a|ad|e|en|emos|o|ar)",
    "elimin(?:a|ad|e|en|o)", "corri(?:jo|ge|ja|jan)", "rectifico", "retiro", "delete",
    "erase", "forget", "cross out", "strike(?: out)?",
)  # fmt: skip
_WHAT_STANDS = (
    "(?:por favor |please )?" + _one_of(
        "(?:todo |toda |todos )?(?:eso|esto|ello)",
        "(?:todo )?lo (?:anterior|de (?:arriba|antes)|(?:que )?(?:he )?(?:dicho|escrito|puesto))",
        "(?:la|mi) (?:respuesta|frase) (?:anterior|de antes|de arriba)", "(?:all (?:of )?)?(?:that|this|the above)",
        "what (?:i|is) (?:said|wrote|above)",
    )
)  # fmt: skip

TAKES_BACK_ALL = re.compile(
    rf"^(?:(?:y|pero|bueno|pues|but|and|or|o|not|no) )*{_ALL_OF_IT}(?:(?:{_IS}|im|i am|estoy) )?{_QUITE}"
    rf"(?:{_FALSE}|bromas?|bromeando|jokes?|joking|kidding)$"
    rf"|^{_ALL_OF_IT}{_NOT_TRUE}$"
    rf"|^(?:nada de (?:esto|eso|lo \w+(?: \w+)?)|(?:none|nothing) of (?:this|that|it)) {_IS} {_TRUE}\b"
    rf"|\b(?:todo|toda|todos|nada|lo|all|everything|none|nothing|what)(?: \w+){{0,3}}? {_ABOVE}"
    rf"(?: \w+){{0,5}}? {_WRONG}\b"
    rf"|\b{_WRONG}(?: \w+){{0,4}}? (?:todo|lo|all|everything|what|the)(?: \w+){{0,3}}? {_ABOVE}\b"
    rf"|\b(?:nada|none|nothing)(?: \w+){{0,3}}? {_ABOVE}(?: \w+){{0,3}}? {_IS} {_TRUE}\b"
)
"""A sentence that denies all sentences before it, and itself."""
TAKES_BACK_HERE = _phrases(
    rf"{_THAT} {_IS} {_QUITE}{_FALSE}\b(?! (?:de )?{_CLAIM}\b)",
    rf"{_THAT} {_NOT_TRUE}(?! {_CLAIM}\b)",
    r"no (?:lo (?:es|son|era)|es (?:asi|el caso))\b(?! (?:mas|solo|only))",
    r"(?:that|this|it|they) (?:is|are) not(?: so| it| the case)?(?=$| (?:because|since))",
    r"(?:olvidalo|olvidadlo|forget (?:it|that)|me retracto|lo retiro|retiro lo dicho)\b",
    r"(?:i take (?:it|that) back|scratch that)\b",
    rf"{_STRIKE_OUT} {_WHAT_STANDS}\b",
)
"""What stands right before it is denied."""
ONCE_THOUGHT = _phrases(
    r"(?:al principio|primero|antes|de entrada|inicialmente|at first|initially|first) (?:\w+ ){0,2}?"
    r"(?:pense|pensaba|crei|creia|supuse|parecia|thought|believed|assumed)\b",
    r"(?:iba a|going to) (?:poner|decir|contestar|responder|write|say|answer)\b",
)
"""What somebody once thought: another thing follows."""

COMPARES = _phrases(
    r"(?:es|era|seria|sea|pasa|ocurre|sucede|igual|funciona|imagina\w*|lo mismo|algo asi|hace) como\b",
    r"como (?:quien|si|cuando|al que|el que|la que|los que|el juego|aquel)\b",
    r"como (?:1|el|la|los|las) \w+ (?:que|de|del|con|sin|donde)\b",
    r"(?<![\w ])como (?:1|el|la|en|meter|pasar|estudiar|aprender)\b",
    r"(?:lo que al|lo mismo que (?:a|al|cuando))\b",
    r"(?:imagin(?:a|ad|e|en|emos|ate|ense)|piens(?:a|e|en) en|pensad en|supon(?:gamos)?|imagine|suppose|think of)\b",
    r"(?:is|are|its|works|happens|just) like (?:a|an|the|when|if|some|\w+ing)\b",
    r"as if\b",
)
"""Whoever explains by a comparison says it in words that no rubric foresees."""

# --- said by others ---------------------------------------------------------------------------------------------------

_SOMEBODY = _one_of(
    "companer[oa]s?", "amig[oa]s?", "colegas?", "vecin[oa]s?", "prim[oa]s?", "herman[oa]s?", "novi[oa]s?", "gente",
    "alguien", "internet", "google", "chatgpt", "gpt", "copilot", "gemini", "otr[oa]s", "algun[oa]s", "much[oa]s",
    "classmates?", "friends?", "mates?", "partner", "brother", "sister", "roommate", "people", "someone", "somebody",
    "others", "some", "many",
)  # fmt: skip
_SMALL = _one_of(
    "de", "del", "mi", "mio", "mia", "of", "mine", "my", "clase", "class", "me", "te", "nos", "le", "lo", "ha", "han",
    "has", "have", "que", "who", "siempre", "always", "the",
)  # fmt: skip
_SAYS = _one_of(
    "dice", "dicen", "dijo", "dijeron", "dicho", "decia", "decian", "diria", "dirian", "cree", "creen", "piensa",
    "piensan", "opina", "opinan", "afirma", "afirman", "asegura", "aseguran", "comenta", "comento", "responde",
    "respondio", "contesta", "contesto", "pone", "puso", "puesto", "says?", "said", "thinks?", "believes?",
    "would say", "claims?", "claimed", "told", "wrote", "answers?", "answered",
)  # fmt: skip

_NO_PERSON = _one_of(
    "keras", "tensorflow", "python", "colab", "numpy", "predict", "softmax", "evaluate", "fit", "adam", "flatten",
    "dense", "argmax", "summary", r"model\w*", "red", "error", "mensaje", "traza", "log", "salida", "output",
    "vector", "numero", "teoria", "enunciado", "esto", "eso", "este", "ese", "esta", "that", "this", "it", "me",
    "nos", "te", "le", "yo", "aqui", "nadie", "which", "there", "que",
)  # fmt: skip

QUOTES = _phrases(
    rf"(?<![\w ])(?!{_NO_PERSON}\b)[^\W\d]{{3,}} (?:me )?"
    r"(?:dice|dijo|decia|cree|piensa|opina|asegura|afirma|says|said|thinks) (?:que|that)\b",
    r"(?:quien|quienes|el que|los que|alguno|algunos|alguien) (?:dig\w+|diran?|dirian?|piens\w+|cre[ea]n?) que\b",
    rf"{_SOMEBODY} (?:{_SMALL} ){{0,4}}{_SAYS}\b",
    rf"(?:segun|according to) (?:(?:mi|1|el|la|los|lo que|me|dice|dicen|my|a|the|what) ){{0,4}}{_SOMEBODY}\b",
    r"(?<![\w ])(?:(?:pues|bueno|a mi|me|y|pero) )*dicen que\b",
    r"(?:he (?:oido|escuchado|copiado)|copie|me (?:han dicho|dijeron|ha dicho|dijo))\b",
    r"(?:i (?:have )?(?:heard|copied)|i was told|they (?:say|said|told me))\b",
)
"""What follows is somebody else's opinion."""
SHARES = re.compile(
    r"(?<!no )\b(?:estoy de acuerdo|(?:tienen?|llevan?|con) razon|coincido|yo tambien|es (?:verdad|cierto)|"
    r"(?:pienso|creo) lo mismo|i agree|(?:he|she|they) (?:is|are) right|me too)\b(?! que no)"
)
"""The student thinks so as well."""
NO_IDEA = _phrases(
    r"ni (?:(?:pajolera|la|mas|minima|1|remota|repajolera) )*idea\b",
    r"(?:no|not) (?:\w+ )?idea\b",
    r"no (?:lo se|entiendo)\b",
    r"no se(?=$| (?:la verdad|muy bien|bien|nada|por que)\b)",
    r"i do not (?:know|understand)\b",
)
"""The student knows nothing of it."""
DISAGREES = _phrases(
    r"no (?:(?:me )?lo creo|estoy de acuerdo|lo comparto|me (?:fio|convence))\b",
    r"(?:se equivocan?|disagree|(?:he|she|they) (?:is|are) wrong)\b",
    r"i do not (?:agree|believe)\b",
)
"""The student does not stand for what others say."""
CANNOT_ANSWER = _phrases(
    r"no (?:lo )?sabria (?:decir|explicar|contestar|responder)",
    r"no (?:lo )?se (?:explicar|justificar|interpretar|contestar|responder|decir)",
    r"no (?:puedo|he podido|pude|consigo) (?:contestar|responder|explicar|justificar|decir)",
    r"no (?:me acuerdo|(?:lo )?recuerdo|(?:me )?ha dado tiempo|me dio tiempo|tuve tiempo)\b",
    r"no lo he (?:probado|mirado|hecho)\b",
    r"(?:do|can|could|did) not (?:remember|answer|explain|have time|try)\b",
)

# --- said to the grader -----------------------------------------------------------------------------------------------

_GIVE_ME = _one_of(
    "pon(?:me|game|edme|gale)", "da(?:me|dme)", "de(?:me|nme)", "otorg(?:a|ad|ame|ue|uen|ueme)", "conce(?:da|dame|dan)",
    "asign(?:a|ame|e|eme)", "calific(?:ame|ue)", "punt(?:uame|ue)", "give", "award", "assign", "grade", "mark",
)  # fmt: skip
_GOOD_MARKS = _one_of(
    "(?:la|1|mi|maxima|mejor|buena) (?:maxima |mejor |buena )?nota", "nota (?:maxima|completa)",
    r"(?:(?:todos )?los|\d+(?:\.\d+)?) puntos?", "todo correcto", "toda la puntuacion",
    "puntuacion (?:completa|total)", "1 (?:10|100|aprobado|sobresaliente)", "me (?:1 |a )?(?:10|100)",
    r"(?:me|full|all|maximum|max|top|the|\d+(?:\.\d+)?) (?:the |full |maximum |of the )*"
    "(?:points?|marks?|credits?|score|grade)",
)  # fmt: skip
_TREAT = _one_of(
    "consider(?:a|e|ad)", "acept(?:a|e|ad)", "ignor(?:a|e|ad)", "marc(?:a|ad)", "marque", "aprueb(?:a|e)",
    "evalu(?:a|e)", "accept", "consider", "ignore", "disregard", "mark", "grade", "give",
)  # fmt: skip
_THIS_ANSWER = _one_of(
    "(?:esta|mi|this|my) (?:respuesta|pregunta|answer|question|ejercicio|exercise)",
    "(?:(?:las|the|tus|your|all|todas|previous) )*(?:instrucciones|instructions|rubrica|rubric)",
)

_MARKER = _one_of(
    "corrector(?:es|a)?", "evaluador(?:es|a)?", "calificador(?:a)?", "revisor(?:es|a)?", "profesor(?:a)?",
    "sistema de (?:evaluacion|correccion|calificacion)", "graders?", "evaluators?", "reviewers?", "markers?", "teacher",
)  # fmt: skip
_MACHINE = _one_of(
    "modelo de lenguaje", "inteligencia artificial", "ia", "llm", "ai", "language model", "assistant", "asistente"
)
_WHO_MARKS = _one_of(_MARKER, _MACHINE)
_ACCEPTED = _one_of(
    r"correct\w*", r"valid\w*", "right", "passed", r"aprobad\w*", r"superad\w*", r"cumplid\w*", "accepted", "met",
)  # fmt: skip
_AS_A_MARKER = _one_of(
    r"(?:el alumno|la alumna|el estudiante|la estudiante|the student(?: s answer)?)(?: \w+){0,1} "
    r"(?:correct\w+|explica\w*|menciona\w*|identifica\w*|demuestra\w*|identif\w+|mentions?|explains?|shows?)",
    rf"(?:criterios?|criteria|criterion|finding|verdict|veredicto|status|estado) (?:\w+ ){{0,1}}{_ACCEPTED}",
    r"(?:score|grade|puntuacion|nota|calificacion) \d+(?:\.\d+)?(?= |$)(?! epoc| neuron| unid)",
    "(?:full|maximum) (?:credit|marks?|points?|score)",
)  # fmt: skip

ORDERS = _phrases(
    rf"(?:al|dear|estimad[oa]s?|querid[oa]s?|hola|hello|hi) (?:el |la |the )?{_WHO_MARKS}\b",
    rf"(?:si|if) (?:eres|usted es|you are) (?:(?:1|el|la|the|an?) )?{_WHO_MARKS}\b",
    rf"(?:como|as) (?:(?:1|el|la|the|an?) )?{_MARKER}\b",
    rf"{_MARKER} (?:debe|tiene que|ha de|debera|must|should|has to)\b",
    rf"(?:respuesta|answer|this|esto) (?:debe|tiene que|ha de|must|should|is to) (?:\w+ ){{0,2}}?{_ACCEPTED}",
    rf"(?:marc|puntu|calific|consider|acept)\w+l[ao]s? como {_ACCEPTED}",
    rf"(?:mark|accept|treat|count|score|consider) (?:this|it|my answer) as {_ACCEPTED}",
    rf"(?:responde|contesta|di|answer|reply|say) (?:que|that) (?:la |the )?(?:respuesta|answer) (?:es|is) {_ACCEPTED}",
    r"para (?:obtener|conseguir|tener) (?:todos )?(?:los puntos|la maxima nota)",
    _AS_A_MARKER,
    rf"{_GIVE_ME}(?: \w+){{0,3}}? {_GOOD_MARKS}\b",
    rf"{_TREAT} {_THIS_ANSWER}\b",
    r"otorg(?:a|ad|ue|uen|ame|ueme) \d",
    r"d(?:a|ad|e|en|ar|en) (?:la |esta |mi |por )*(?:respuesta )?por (?:buen|valid|correct)[oa]s?\b",
    r"(?:criterio|criterion|rubrica|rubric)(?: \w+){0,4}? (?:se cumple|cumplid[oa]|is met)\b",
    r"(?<![\w ])(?:senor |sr |estimad[oa] |querid[oa] |dear )?"
    r"(?:corrector|corrector[ao]|evaluador|calificador|grader|marker)(?: automatico)?\b",
    r"aprueba(?:me|dme)\b",
    r"(?:instruccion(?:es)?|mensaje|nota|orden|instructions?|message|note) (?:para|to|for) (?:el |la |the )?"
    r"(?:corrector|evaluador|calificador|profesor|grader|evaluator|marker|teacher)\b",
)
"""A sentence that tells the grader what to give."""
