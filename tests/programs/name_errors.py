# NameError and UnboundLocalError in hot loops; a name that appears and disappears.
def unbound(n):
    errors = 0
    for i in range(n):
        try:
            if i % 5 == 4:
                value = i
            errors += value * 0
            if i % 5 == 4:
                del value
        except UnboundLocalError as error:
            errors += 1
            message = str(error)
    return errors, message


def read_global(n):
    found = 0
    missing = 0
    for i in range(n):
        try:
            found += appearing
        except NameError as error:
            missing += 1
            message = str(error)
        if i == 2000:
            appear(1)
        if i == 4000:
            vanish()
    return found, missing, message


def appear(value):
    global appearing
    appearing = value


def vanish():
    global appearing
    del appearing


print(unbound(5000))
print(read_global(5000))
try:
    prnt("x")
except NameError as error:
    print(error)


def free():
    def inner():
        return later

    try:
        inner()
    except NameError as error:
        print(type(error).__name__, error)
    later = 5
    return inner()


print(free())
