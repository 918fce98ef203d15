# print with many types, sep-free; nested containers; % formatting with widths.
print()
print(1, 2.0, "three", None, True, [1, "a", None], (1,), {"k": [1.5]}, -0.0)
print([[], [[]], ((),), {1: {2: 3}}])
print("%s %r %d %5d|%-5d|%05d %x %.2f %8.3f %%" % ("s", "s", 3, 4, 5, 6, 255, 1.005, 3.14159))
print("%s" % (1,), "%s %s" % (None, [1]))
print(f"{1 + 1} {'a'!r} {3.14159:.3f} {42:d} {{}} {[1, 2]}")
for value in [1, "x", 2.5]:
    print(f"{value} is {type(value).__name__}")
lst = [1]
lst.append(lst)
print(lst)
