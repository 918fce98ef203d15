# ValueErrors: unpacking, int() and float() of text, in hot loops.
def parse(items, rounds):
    good = 0
    bad = 0
    last = ""
    for r in range(rounds):
        for item in items:
            try:
                good += int(item)
            except ValueError as error:
                bad += 1
                last = str(error)
    return good, bad, last


print(parse(["1", "-20", " 3 ", "x1", "", "4.5", "1_000"], 800))


def unpack(rows):
    total = 0
    errors = []
    for row in rows:
        try:
            a, b = row
            total += a * b
        except ValueError as error:
            if str(error) not in errors:
                errors.append(str(error))
    return total, errors


print(unpack([(1, 2), [3, 4], (5,), (6, 7, 8), "ab"[:0]] * 500))
for text in ["1.5", "1e3", "-inf", "nan", "x", ""]:
    try:
        print(float(text))
    except ValueError as error:
        print(error)
