# Building strings by +=, join, %, f-strings, in hot loops; int to str of all sizes.
def plus(n):
    s = ""
    for i in range(n):
        s += str(i % 10)
        if len(s) > 200:
            s = s[100:]
    return s


def joined(n):
    parts = []
    for i in range(n):
        parts.append("%d:%s" % (i, i * i))
    return ",".join(parts)


def formatted(n):
    length = 0
    for i in range(n):
        text = f"{i:d} {i / 7:.3f} {i!r} {'x'}"
        length += len(text)
    return length, text


print(plus(5000))
text = joined(1000)
print(len(text), text[:40], text[-20:])
print(formatted(3000))
for x in [0, -1, 2**47, -(2**47), 2**63, -(2**63) - 1, 10**30]:
    print(str(x), repr(x), "%d" % x, f"{x}")
pieces = text.split(",")
print(len(pieces), pieces[17], pieces[999].split(":"))
