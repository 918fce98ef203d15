# RecursionError caught at the top, and the program goes on; repeated, so that the functions are hot.
def forever(n):
    return forever(n + 1) + 1


def ping(n):
    return pong(n)


def pong(n):
    return ping(n)


def guarded():
    try:
        forever(0)
    except RecursionError as error:
        return str(error)


print(guarded())
for i in range(20):
    message = guarded()
print(message)
try:
    ping(0)
except RecursionError as error:
    print(type(error).__name__, error)


def deep(n):
    return 0 if n == 0 else 1 + deep(n - 1)


print(deep(800))
