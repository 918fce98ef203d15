# An uncaught exception after a hot loop, three frames deep: traceback and exit code 1.
def low(items, i):
    return items[i] // (i - 4000)


def middle(items, n):
    total = 0
    for i in range(n):
        total += low(items, i)
    return total


def main():
    items = list(range(5000))
    print(middle(items, 4000))
    print(middle(items, 5000))
    print("not reached")


main()
