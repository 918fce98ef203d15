def t(f):
    try:
        print(repr(f()))
    except Exception as e:
        print(type(e).__name__, e)


# Search and split.
t(lambda: "abc".find("", 4))
t(lambda: "aéaéa".rfind("é", 0, 3))
t(lambda: "abc".count("", 10))
t(lambda: "abc".replace("", "-", 2))
t(lambda: "  a  b  c ".split(None, 1))
t(lambda: "  a  b  c ".rsplit(None, 1))
t(lambda: "a,b,c".rsplit(",", 1))
t(lambda: "a\x0bb\x85c\r\nd\re\n".splitlines())
t(lambda: "a\r\nb\u2028".splitlines(True))
t(lambda: "x=é=y".partition("="))
t(lambda: "x=é=y".rpartition("="))
t(lambda: "a".partition(1))
t(lambda: "éa\ud800".strip("é\ud800"))
# Case.
for s in ["ǆ", "ß", "ΑΣ Σ", "ﬁx", "İ", "hello wORLD", "ŉ", "ᾳ", "\ud800a"]:
    t(lambda: (s.upper(), s.lower(), s.title(), s.capitalize(), s.swapcase(), s.casefold()))
for c in "a1²½٠ⅣⅷǅAé_ \x1f\u3000中〇":
    t(lambda: (c.isalpha(), c.isdigit(), c.isdecimal(), c.isnumeric(), c.isupper(), c.islower(), c.istitle(),
               c.isspace(), c.isidentifier(), c.isprintable(), c.isalnum()))
# Others.
t(lambda: "abc".translate({97: None, 98: "xy", 99: 0x1F600}))
t(lambda: str.maketrans("ab", "cd", "e"))
t(lambda: str.maketrans({1.5: 1}))
t(lambda: "é".center(4, "ß"))
t(lambda: "+5".zfill(5))
t(lambda: "{x.real:>5}{x!r}".format_map({"x": 3}))
t(lambda: "a".ljust(10**20))
# Codecs.
t(lambda: "é€😀\udc80".encode("utf-8", "surrogateescape"))
t(lambda: "é€😀".encode("utf-16"))
t(lambda: "aé€".encode("latin-1"))
t(lambda: "aé€€b".encode("ascii"))
t(lambda: "aé€".encode("ascii", "backslashreplace"))
t(lambda: "aé€".encode("ascii", "xmlcharrefreplace"))
t(lambda: "aé€".encode("ascii", "namereplace"))
t(lambda: "\ud800".encode())
t(lambda: "\ud800".encode("utf-16-le", "surrogatepass"))
t(lambda: str(b"a\xff\xfeb\xe2\x82", "utf-8", "replace"))
t(lambda: str(b"a\xff", "utf-8"))
t(lambda: str(b"\xe2\x28\xa1", "utf-8"))
t(lambda: str(b"a\xff", "ascii", "surrogateescape"))
t(lambda: str(b"\xff\xfea\x00\x00", "utf-16"))
t(lambda: str("a", "utf-8"))
try:
    str(b"ab\xffc", "ascii")
except UnicodeDecodeError as e:
    print(e.encoding, e.object, e.start, e.end, e.reason, e.args)
