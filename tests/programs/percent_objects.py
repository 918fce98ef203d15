"""% formatting of objects that convert, and its errors, for str and bytes."""


def attempt(f, *args):
    try:
        print(f(*args))
    except Exception as e:
        print(type(e).__name__, e)


class Plain:
    pass


class Real:
    def __repr__(self):
        return "Real()"

    def __float__(self):
        return 3.5


class Index:
    def __repr__(self):
        return "Index()"

    def __index__(self):
        return 109

    def __int__(self):
        return 108


for code in ("%d", "%x", "%c", "%g", "%s", "%b", "%*d", "%.*d"):
    for v in (Real(), Index(), 1.5, "a", "ab", b"a", None, -1, 2**70, (), (1, 2), {}, [], 0x110000):
        attempt(lambda: code % v)
        attempt(lambda: code.encode() % v)
for template, v in [
    ("% %s", 1),
    ("%5%", 1),
    ("%-5%|", ()),
    ("no format", "1"),
    ("%(a)s %s", {"a": 1}),
    ("%s %(a)s", {"a": 1}),
    ("%(a)*d", {"a": 1}),
    ("%()s", {"": 1}),
    ("%(a", {}),
    ("%z", 1),
]:
    attempt(lambda: template % v)
attempt(lambda: b"no format" % b"1")
attempt("{[99999999999999999999]}".format, [0])
attempt("{}".format_map, {})
