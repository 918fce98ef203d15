# An uncaught exception raised while another one was handled, at module level.
table = {}
for i in range(3000):
    table[i] = i
print(len(table))
try:
    table[3000]
except KeyError:
    missing.append(3000)
