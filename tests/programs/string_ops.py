# String indexing, slicing, comparison, startswith, in, repetition and iteration in hot loops.
def vowels(text, rounds):
    count = 0
    for r in range(rounds):
        for ch in text:
            if ch in "aeiou":
                count += 1
    return count


def reverse(text):
    out = ""
    i = len(text) - 1
    while i >= 0:
        out += text[i]
        i -= 1
    return out


def palindromes(n):
    count = 0
    for i in range(n):
        s = str(i)
        if s == s[::-1]:
            count += 1
    return count


print(vowels("the quick brown fox jumps over the lazy dog", 200))
print(reverse("stressed") * 2, palindromes(5000))
words = "one two three four five six seven".split()
starts = 0
for i in range(3000):
    if words[i % 7].startswith("t"):
        starts += 1
print(starts, sorted(words), max(words), min(words))
print("abc" < "abd", "Z" < "a", "" < "a", "a" * 0 == "", "abc"[-1], "abc"[1:], "é" + "ü", len("日本"))
print(repr("quote's"), repr('dou"ble'), repr("tab\tnew\n\\"), repr("é"), repr("\x00\x7f"))
try:
    "abc"[3]
except IndexError as error:
    print(error)
