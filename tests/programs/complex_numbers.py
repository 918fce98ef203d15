z=1+2j
w=-2
print(z**w, z**-3, z**2.0, z**0, 0j**0)
inf=float('inf'); nan=float('nan')
vals=[0.0,-0.0,1.0,-2.5,inf,-inf,nan]
cs=[complex(a,b) for a in vals for b in vals]
for x in cs[::11]:
    for y in cs[::9]:
        for f in ("add","sub","mul","truediv","pow"):
            try: r=getattr(x,f"__{f}__")(y)
            except Exception as e: r=e
            print(f,x,y,r)
    for v in vals+[3,10**20,True]:
        for f in ("add","sub","mul","truediv","pow","radd","rsub","rmul","rtruediv","rpow"):
            try: r=getattr(x,f"__{f}__")(v)
            except Exception as e: r=e
            print(f,x,v,r)
    print(-x, +x, x==x, hash(x) if x==x else '', repr(x), str(x), bool(x))
for s in ["1","1j","+1j","-j","1+j","1-2.5e-3j","1e5+1e+6j","(1)","( 1+1j )"," 1","1 ","1+ 1j","--1j","1+-1j","1++1j","j1","1jj","inf+nanj","-inf-infj","infinityj","1_0j","1e","1e+j","(1","1)","","()","+","1.5.2j"]:
    try: print(repr(s), complex(s))
    except ValueError as e: print(repr(s), e)
print({1j:1, 1+0j:2, 1.0:3})
print(sum([1j,2,3.5,1+1j]), sum([0.1]*10))
