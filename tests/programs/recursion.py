# Recursive functions: fib, ackermann, mutual recursion, hanoi, permutations by hand.
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def ackermann(m, n):
    if m == 0:
        return n + 1
    if n == 0:
        return ackermann(m - 1, 1)
    return ackermann(m - 1, ackermann(m, n - 1))


def even(n):
    return True if n == 0 else odd(n - 1)


def odd(n):
    return False if n == 0 else even(n - 1)


def hanoi(n, a, b, c, moves):
    if n:
        hanoi(n - 1, a, c, b, moves)
        moves.append((a, c))
        hanoi(n - 1, b, a, c, moves)


def permute(items, k, out):
    if k == len(items):
        out.append(tuple(items))
        return
    for i in range(k, len(items)):
        items[k], items[i] = items[i], items[k]
        permute(items, k + 1, out)
        items[k], items[i] = items[i], items[k]


print(fib(20))
print(ackermann(2, 9))
print(even(500), odd(499), even(301))
moves = []
hanoi(10, "a", "b", "c", moves)
print(len(moves), moves[:3], moves[-1])
out = []
permute([1, 2, 3, 4, 5, 6], 0, out)
print(len(out), out[0], out[-1])
