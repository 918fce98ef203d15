# Integer arithmetic in a hot loop: every operator, small values.
def mix(n):
    a = 1
    b = 2
    c = 0
    for i in range(1, n):
        a = (a * 5 + i) % 1009
        b = (b ^ a) & 0x3FF
        c += (a << 2) - (b >> 1) + a // i - b % i
        c |= 1
        c = -c if i % 7 == 0 else c + (~a)
    return a, b, c


print(mix(5000))
print(mix(20000))
