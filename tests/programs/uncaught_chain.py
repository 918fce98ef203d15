# An uncaught exception with a cause, raised in a handler in a hot loop.
def parse(text):
    try:
        return int(text)
    except ValueError as error:
        raise RuntimeError("cannot parse " + text) from error


def run(items):
    total = 0
    for item in items:
        total += parse(item)
    return total


print(run(["12"] * 3000))
print(run(["12"] * 3000 + ["twelve"]))
