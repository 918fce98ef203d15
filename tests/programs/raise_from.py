# raise, bare raise and raise from through inlined frames; causes, contexts and arguments.
def low(i):
    if i % 3 == 0:
        raise KeyError("low", i)
    return i


def high(i):
    try:
        return low(i)
    except KeyError as error:
        if i % 2:
            raise RuntimeError("high") from error
        raise


def run(n):
    runtime = 0
    key = 0
    total = 0
    for i in range(n):
        try:
            total += high(i)
        except RuntimeError as error:
            runtime += 1
            cause = type(error.__cause__).__name__ + " %r" % (error.__cause__.args,)
        except KeyError as error:
            key += 1
            args = error.args
    return total, runtime, key, cause, args


print(run(5000))
try:
    raise ValueError
except ValueError as error:
    print(repr(error), error.args, str(error) == "")
try:
    try:
        1 // 0
    except ZeroDivisionError:
        [][1]
except IndexError as error:
    print(error, "|", error.__context__)
print(repr(ValueError("a", 1)), repr(KeyError("k")), str(KeyError("k")), str(ValueError("a", 1)))
try:
    raise 5
except TypeError as error:
    print(error)
