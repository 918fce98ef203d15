# KeyError inside a hot loop, key shown by str and args.
def run(n):
    table = {"a": 1, 2: 2}
    keys = ["a", 2, "b", None, 2.0, (1,)]
    missing = []
    total = 0
    for i in range(n):
        try:
            total += table[keys[i % 6]]
        except KeyError as error:
            if i < 12:
                missing.append((str(error), error.args))
            total -= 1
    return total, missing


print(run(6000))
