seed=12345
def rnd(n):
    global seed
    seed=(seed*1103515245+12345)%(2**31)
    return (seed>>8)%n
for rounds in range(60):
    s=set(); R=[12,60,300][rounds%3]; 
    for k in range(rnd(120)):
        op=rnd(12); v=rnd(R)
        if op<6: s.add(v)
        elif op<9: s.discard(v)
        elif op==9: s|={rnd(R) for _ in range(rnd(9))}
        elif op==10: s^={rnd(R) for _ in range(rnd(9))}
        elif op==11:
            q=rnd(4)
            if q==0: s-={rnd(R) for _ in range(rnd(9))}
            elif q==1: s=s&{rnd(R) for _ in range(R)}
            elif q==2 and s: s.pop()
            else: s=s.copy()|set()
    print(rounds, s)
