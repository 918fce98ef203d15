# A bare raise adds no entry to the traceback; raising the exception by name does.
def show(e):
    tb, lines = e.__traceback__, []
    while tb:
        lines.append(tb.tb_lineno)
        tb = tb.tb_next
    print(lines)


def bare():
    try:
        1 / 0
    except ZeroDivisionError:
        raise


def raise_it():
    raise


def in_another_frame():
    try:
        1 / 0
    except ZeroDivisionError:
        raise_it()


def by_name():
    try:
        try:
            1 / 0
        finally:
            pass
    except ZeroDivisionError as e:
        raise e


for f in (bare, in_another_frame, by_name):
    try:
        f()
    except ZeroDivisionError as e:
        show(e)
