# Warnings about source that compiles, and the errors that a filter makes of them.
import warnings

TEXTS = [
    "'\\d'", "b'\\d'", "r'\\d'", "f'\\d{x}'", "f'{x}\\d'", "fr'\\d{x}'", "'\\400'", "b'\\777'", "'\\377'",
    "'''\n\n\\d\n\\e'''", "'\\\n\\q'", "b'\\u1234'", "'a' '\\w' 'b' '\\s'", "f'\\{x}'", "'\\é'", "x = 1\ny = '\\.'\n",
    "1if x else y", "0x1for x in y", "[0xfor x in y]", "1or 2", "0b1and x", "1jin x", "1.else_", "1not in x",
    "x is 1", "x is not 'a'", "x is ()", "x is None", "1 is x", "x is -1", "assert (x, 'y')", "assert ()",
    "'a'()", "1()", "[1](2)", "[](1)", "{1}(2)", "(lambda: 1)[0]", "'a'['b']", "[1]['a']", "[1][1, 2]", "(1, 2)[1.0]",
    "1[0]", "{}[1]", "{1}[1]", "f'a'()", "(1, 2)(3)", "[(1, 2) (3, 4)]", "None()", "...()", "None[1]",
    "def f():\n try: pass\n finally: return 1\n", "while 1:\n try: pass\n finally:\n  break\n",
    "while 1:\n try: pass\n finally:\n  continue\n", "while 1:\n try: pass\n finally:\n  while 1: break\n",
    "def f():\n try: pass\n finally:\n  def g(): return 1\n", "'\\d' is x", "'\\d' $", "'\\d' + (",
]
for text in TEXTS:
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        try:
            compile(text, "<text>", "exec")
            result = "ok"
        except SyntaxError as e:
            result = e.msg
    print(repr(text), result)
    for w in found:
        print("   ", w.category.__name__, w.message, w.filename, w.lineno)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            compile(text, "<text>", "exec")
        except SyntaxError as e:
            place = (e.offset, e.end_lineno, e.end_offset) if text[0] not in "bf" else ()
            print("   ", type(e).__name__, e.msg, e.lineno, *place)

import ast
with warnings.catch_warnings(record=True) as found:
    warnings.simplefilter("always")
    ast.parse("'\\d'\nx is 1\n1if x else y")
    exec("'\\y'")
    eval("'\\z'")
print([(str(w.message)[:30], w.filename, w.lineno) for w in found])
