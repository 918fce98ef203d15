# Nested loops with break, continue, else and changing bounds.
def primes(n):
    found = []
    for i in range(2, n):
        for p in found:
            if p * p > i:
                found.append(i)
                break
            if i % p == 0:
                break
        else:
            found.append(i)
    return found


def triangles(n):
    count = 0
    for a in range(1, n):
        for b in range(a, n):
            for c in range(b, a + b):
                if c >= n:
                    break
                if (a + b + c) % 3:
                    continue
                count += 1
    return count


def matrix(n):
    m = [[i * n + j for j in range(n)] for i in range(n)]
    trace = 0
    for i in range(n):
        for j in range(n):
            if i == j:
                trace += m[i][j]
            elif i > j:
                m[i][j], m[j][i] = m[j][i], m[i][j]
    return trace, m[1][0], m[0][1], sum([sum(row) for row in m])


found = primes(5000)
print(len(found), found[-1])
print(triangles(40))
print(matrix(60))
