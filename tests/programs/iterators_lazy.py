# itertools: answers, errors, and what happens at the end and on re-entry.
import itertools as it


def show(f, *args, **kw):
    try:
        r = f(*args, **kw)
        print(list(it.islice(r, 12)) if hasattr(r, "__next__") else r)
    except Exception as e:
        print(type(e).__name__, e)


show(it.chain, [1, 2], (3,), "ab")
show(it.chain.from_iterable, [[1], [2, 3]])
show(it.chain, [1], 2)
show(it.count, 5, 3)
show(it.count, 2.5, 0.5)
show(it.count, 2**62, 2**62)
show(it.count, "a")
print(it.count(), it.count(3), it.count(1, 2), it.count(2.5), it.repeat("a"), it.repeat(1, 2), it.repeat(1, -5))
show(it.cycle, "abc")
show(it.cycle, "")
show(it.repeat, 7, 3)
for n in range(4):
    show(it.combinations, "abc", n)
    show(it.combinations_with_replacement, "abc", n)
    show(it.permutations, "abc", n)
show(it.permutations, "abc")
show(it.permutations, "abc", -1)
show(it.combinations, "abc", -1)
show(it.combinations, "abc", 1.5)
show(it.product, "ab", range(3))
show(it.product, "ab", repeat=2)
show(it.product)
show(it.product, "ab", [])
show(it.product, "ab", repeat=-1)
show(it.product, "ab", times=2)
print([(k, list(g)) for k, g in it.groupby("aAbBc", str.upper)])
groups = list(it.groupby([1, 1, 2]))
print([(k, list(g)) for k, g in groups])
a, b, c = it.tee(iter(range(200)), 3)
print(sum(a), next(b), sum(it.islice(b, 100)), sum(c), sum(b))
show(it.tee, [1], -1)
show(it.tee, [1], 0)
show(it.zip_longest, [1, 2, 3], "a", fillvalue=0)
show(it.zip_longest)
show(it.pairwise, [1, 2, 3])
show(it.pairwise, [1])
show(it.batched, range(7), 3)
show(it.batched, range(7), 3, strict=True)
show(it.batched, range(7), 0)
show(it.accumulate, [1, 2, 3, 4])
show(it.accumulate, [1, 2, 3], initial=10)
show(it.accumulate, [3, 1, 2, 5], max)
show(it.accumulate, [], initial=None)
show(it.takewhile, lambda x: x < 3, [1, 2, 3, 1])
show(it.dropwhile, lambda x: x < 3, [1, 2, 3, 1])
show(it.filterfalse, None, [0, 1, 2, ""])
show(it.filterfalse, lambda x: x % 2, range(6))
show(it.starmap, pow, [(2, 3), [3, 2]])
show(it.starmap, pow, [5])
show(it.compress, "abcd", [1, 0, 1])
show(it.islice, range(10), 3)
show(it.islice, range(10), 2, 5)
show(it.islice, range(10), 2, None, 3)
show(it.islice, range(10), -1)
show(it.islice, range(10), 1, 5, 0)
show(it.islice, range(10), "a", 5)


def broken():
    yield 1
    raise KeyError("middle")


show(it.batched, broken(), 2)
show(it.zip_longest, broken(), [1, 2, 3])
show(it.accumulate, broken())


class Again:
    def __iter__(self):
        return self

    def __next__(self):
        return next(t)


t, u = it.tee(Again())
show(next, t)


class Chain(it.chain):
    pass


ch = Chain([1], [2])
ch.name = "n"
print(ch.name, list(ch), type(ch).__mro__)
