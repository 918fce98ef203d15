# Loop counters that pass 2**47 and 2**63 in a while loop, upwards and downwards.
def up(start, n):
    i = start
    end = start + n
    rounds = 0
    while i < end:
        i += 1
        rounds += 1
    return i, rounds


def down(start, n):
    i = start
    end = start - n
    rounds = 0
    while i > end:
        i -= 2
        rounds += 1
    return i, rounds


for start in [0, 2**47 - 2000, 2**63 - 2000, 2**64 - 2000, 2**31 - 2000]:
    print(up(start, 4000))
    print(down(-start, 4000))
