# _json, _random, _csv, zlib, hashes, heaps and bisection.
import _json
import _random
import _csv
import zlib
import _md5, _sha1, _sha2, _sha3, _blake2
import _heapq
import _bisect


def show(f, *args, **kw):
    try:
        print(f(*args, **kw))
    except Exception as e:
        print(type(e).__name__, e)


for s in ("plain", 'q"\\', "\b\f\n\r\t\x00\x1f\x7f", "é€😀", "\ud800", "</>"):
    print(ascii(_json.encode_basestring(s)), _json.encode_basestring_ascii(s))
show(_json.encode_basestring, 1)
show(_json.scanstring, '"a\\u00e9\\ud83d\\ude00\\n" rest', 1)
print(ascii(_json.scanstring('"\\ud83d x"', 1)))


class Context:
    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = {"NaN": "nan!", "Infinity": "inf!", "-Infinity": "-inf!"}.__getitem__
    memo = {}


scan = _json.make_scanner(Context())
for text in ('{"a": [1, 2.5, -3e2, true, false, null], "b": {"a": "x"}}', "[]", "{}", "NaN", "-Infinity", "12345678901234567890", "01", "é", "-", ' 1', '["a" ,\n "b"]'):
    show(scan, text, 0)
Context.object_pairs_hook = lambda self, pairs: pairs
show(_json.make_scanner(Context()), '{"a": 1, "b": {"a": 2}}', 0)


def default(o):
    if isinstance(o, complex):
        return [o.real, o.imag]
    raise TypeError(f"not {type(o).__name__}")


def encoder(**kw):
    opts = dict(markers={}, default=default, encoder=_json.encode_basestring_ascii, indent=None, key_separator=": ", item_separator=", ", sort_keys=False, skipkeys=False, allow_nan=True)
    opts.update(kw)
    enc = _json.make_encoder(*opts.values())
    return lambda o: "".join(enc(o, 0))


data = {"b": [1, 2.5, None, True, (False, "é")], "a": {}, 1: [], 2.5: "x", None: 1e22, False: -0.0, "big": 10**30}
show(encoder(), data)
show(encoder(skipkeys=True), {(1,): 2, "a": 1})
show(encoder(sort_keys=True), {"b": 1, "a": 2})
show(encoder(), {(1,): 2})
show(encoder(), 1j)
show(encoder(), [float("nan"), float("inf")])
show(encoder(allow_nan=False), [float("nan")])
show(encoder(), [object])
loop = []
loop.append(loop)
show(encoder(), loop)
show(encoder(indent="  ", item_separator=","), {"a": [1, {"b": []}], "c": {}})

r = _random.Random(42)
print([r.random() for _ in range(3)], r.getrandbits(8), r.getrandbits(100), r.getrandbits(0))
state = r.getstate()
a = r.random()
r.setstate(state)
print(a == r.random(), len(state), state[-1])
r.seed(2**100 + 7)
print(r.random())
r.seed(-5)
print(r.getrandbits(32))
show(r.getrandbits, -1)
show(r.setstate, (1, 2))
show(r.setstate, [1])

data = b"the quick brown fox " * 50
for level in (-1, 0, 1, 9):
    print(zlib.decompress(zlib.compress(data, level)) == data)
for wbits in (15, -15, 31, 9, 25):
    print(zlib.decompress(zlib.compress(data, wbits=wbits), wbits=wbits) == data)
print(zlib.crc32(data), zlib.adler32(data), zlib.crc32(data, 7), zlib.crc32(b""))
show(zlib.decompress, b"")
show(zlib.decompress, b"abc")
show(zlib.compress, "a")
show(zlib.compress, b"", 99)
co = zlib.compressobj(zdict=b"quick brown")
out = co.compress(data) + co.flush()
do = zlib.decompressobj(zdict=b"quick brown")
print(do.decompress(out + b"tail") == data, do.eof, do.unused_data, do.unconsumed_tail)
do = zlib.decompressobj()
part = do.decompress(zlib.compress(data), 10)
print(part, do.eof, do.decompress(do.unconsumed_tail) == data[10:], do.eof)

for f in (_md5.md5, _sha1.sha1, _sha2.sha224, _sha2.sha256, _sha2.sha384, _sha2.sha512, _sha3.sha3_256, _blake2.blake2b, _blake2.blake2s):
    x = f(b"abc")
    y = x.copy()
    x.update(b"def")
    print(x.name, x.block_size, x.digest_size, x.hexdigest() == f(b"abcdef").hexdigest(), y.hexdigest())
print(_sha3.shake_128(b"x").hexdigest(10), _blake2.blake2b(b"x", digest_size=5, key=b"k", salt=b"s", person=b"p").hexdigest())
show(_md5.md5, "text")
show(_blake2.blake2b, digest_size=65)

rows = list(_csv.reader(['a,"b ""q"" c",d', "1,,3", '"two', 'lines",x', "", "z"]))
print(rows)
print(list(_csv.reader(["a b  c"], delimiter=" ", skipinitialspace=True)), list(_csv.reader(["1,'x',2.5"], quotechar="'", quoting=2)))
show(list, _csv.reader(['"a"b'], strict=True))
show(list, _csv.reader(["a\rb"]))
show(_csv.reader, [], delimiter="ab")
show(_csv.reader, [], quotechar=None, quoting=1)
show(_csv.get_dialect, "none")


class Out:
    def write(self, s):
        print(repr(s))


w = _csv.writer(Out())
w.writerow(["a", 1, 2.5, None, 'q"', "x,y", "two\nlines", ""])
w.writerow([""])
w.writerow([])
show(w.writerow, 5)
for quoting in range(6):
    show(_csv.writer(Out(), quoting=quoting, escapechar="\\").writerow, ["a", 1, None, 'q"', ""])
show(_csv.writer(Out(), quoting=3).writerow, ["a,b"])
_csv.register_dialect("semi", delimiter=";")
print(_csv.list_dialects(), _csv.get_dialect("semi").delimiter, list(_csv.reader(["a;b"], "semi")))

h = [5, 3, 8, 1, 9, 2]
_heapq.heapify(h)
print(h, _heapq.heappop(h), _heapq.heapreplace(h, 0), _heapq.heappushpop(h, 4), h)
_heapq.heappush(h, 1)
print(h)
_heapq.heapify_max(h)
print(h, _heapq.heappop_max(h), h)
_heapq.heappush_max(h, 7)
print(h, _heapq.heapreplace_max(h, 6), _heapq.heappushpop_max(h, 1), h)
show(_heapq.heappop, [])
show(_heapq.heappush, 1, 2)
s = [1, 2, 2, 3]
print(_bisect.bisect_left(s, 2), _bisect.bisect_right(s, 2), _bisect.bisect_left(s, 2, 2), _bisect.bisect_right(s, -2, key=lambda x: -x), _bisect.bisect_left(s, 9, hi=2))
_bisect.insort_left(s, 2.0)
_bisect.insort_right(s, 0)
print(s)
show(_bisect.bisect_left, s, 1, -1)
