s = '\ud800x\udc00'
print(repr(s), len(s), s == '\ud800x\udc00', ascii(s))
for c in s: print(repr(c))
b = b'abc\x00\xff'
print(b, b[0], b[1:3], b[::-1], b + b'x', b * 2, len(b), 97 in b, b'bc' in b, list(b), b == b'abc', b < b'b')
print(b','.join([b'a', b'b']), hash(b'ab') == hash(b'a' + b'b'))
t = ''
for i in range(20000):
    t += 'x%d' % i
print(len(t), t[-10:])
u = 'é€😀' * 1000
n = 0
for i in range(len(u)):
    if u[i] == '€': n += 1
print(n, u[2500], u[-1])
x = 'ab' * 200
y = x + 'c'
z = x + 'd'
y += 'e'; z += 'f'
w = y + y
print(y[-3:], z[-3:], w[-3:], len(w), x[-1])
p = y
p += '1'; y += '2'
print(p[-3:], y[-3:])
print({b'a': 1}[b'a'], iter('a').__class__ if 0 else type(iter('a')), type(iter('é')), type(iter(b'')))
print([*reversed(b'abc')])
