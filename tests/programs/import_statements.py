# import in all its forms, and what its failures say. The modules are in import_modules/.
import sys
sys.dont_write_bytecode = True
folder = __file__.rpartition('/')[0] + '/import_modules'
sys.path.insert(0, folder)
import pkg
print(pkg.__name__, pkg.__package__, pkg.__spec__.name, pkg.__path__ == [folder + '/pkg'])
import pkg.sub.leaf as leaf
print(leaf.up, leaf.__package__, pkg.sub.leaf is leaf)
from pkg.star import *
print(a, b, '_c' in globals())
for stmt in ['import pkg.missing', 'from pkg import nothing', 'import circ_a', 'from .x import y', 'import broken', 'import pkg.star.z', 'from pkg.sub import leaf, nope', 'import nosuch.thing', 'from pkg.badall import *', 'import raises', 'from pkg.deep import x', 'import syntax_bad', '__import__("")', '__import__("a", level=-1)', '__import__(3)', 'from pkg import dyn', 'from pkg import dyn2']:
    try:
        exec(stmt)
        print(stmt, 'OK')
    except BaseException as e:
        print(stmt, '->', type(e).__name__, str(e).replace(folder, ''), getattr(e, 'name', None), getattr(e, 'name_from', None), str(getattr(e, 'path', None)).replace(folder, ''))
        tb = e.__traceback__
        n = []
        while tb: n.append(tb.tb_lineno); tb = tb.tb_next
        print(n)
print('circ_a' in sys.modules, 'raises' in sys.modules)
print(__import__('pkg.sub.leaf').__name__, __import__('pkg.sub.leaf', fromlist=['up']).__name__, __import__('pkg.sub', fromlist=['leaf']).leaf.__name__)
print(__spec__, __loader__.__class__.__name__, __package__, __builtins__.__name__)
class Finder:
    def find_spec(self, name, path=None, target=None):
        print('find', name, path); return None
sys.meta_path.insert(0, Finder())
try: import zork
except ImportError as e: print(e)
