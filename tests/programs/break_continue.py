# break and continue out of try/finally inside hot loops.
def run(n):
    finals = 0
    seen = 0
    i = 0
    while True:
        i += 1
        try:
            if i % 3 == 0:
                continue
            if i > n:
                break
            seen += i
        finally:
            finals += 1
    return i, seen, finals


def inner_break(n):
    total = 0
    for i in range(n):
        for j in range(10):
            try:
                if j == i % 10:
                    break
            finally:
                total += 1
    return total


def early_return(n):
    for i in range(n):
        try:
            if i * i > n:
                return i
        finally:
            n -= 1
    return None


print(run(5000))
print(inner_break(1000))
print(early_return(100000), early_return(0))
