"""Imports from the library inside the binary, for importlib.

The path entry ROOT stands for the packed Lib folder, and ROOT/package for the folder of a package. Nothing
here touches files. Also the path hook for zip files, which loads zipimport only when there is one.
"""
import sys
import _imp
import _frozen_importlib as _bootstrap
import _frozen_importlib_external as _external

ROOT = _imp._library_root


class Loader:
    """Loads one module of the library; `path` is relative to ROOT."""

    def __init__(self, fullname, path, package):
        self.name = fullname
        self.path = f'{ROOT}/{path}'
        self._path = path
        self._package = package

    def __eq__(self, other):
        return self.__class__ == other.__class__ and self.__dict__ == other.__dict__

    def __hash__(self):
        return hash(self.name) ^ hash(self.path)

    def __repr__(self):
        return f'<embedded module loader {self.path!r}>'

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        code = self.get_code(module.__name__)
        _bootstrap._call_with_frames_removed(exec, code, module.__dict__)

    def load_module(self, fullname):
        return _bootstrap._load_module_shim(self, fullname)

    def is_package(self, fullname):
        return self._package

    def get_code(self, fullname):
        code = _imp._library_code(self._path)
        if code is None:
            code = compile(self.get_data(self.path), self.path, 'exec', dont_inherit=True)
        return code

    def get_source(self, fullname):
        return _external.decode_source(self.get_data(self.path))

    def get_filename(self, fullname=None):
        return self.path

    def get_data(self, path):
        data = None
        if path.startswith(ROOT + '/'):
            data = _imp._library_data(path[len(ROOT) + 1:])
        if data is None:
            raise FileNotFoundError(2, 'No such file or directory', path)
        return data

    def get_resource_reader(self, fullname):
        if not self._package:
            return None
        return _resource_reader(self)


def _resource_reader(loader):
    from importlib.resources.abc import TraversableResources
    from importlib.resources.abc import Traversable
    import io

    class Path(Traversable):
        def __init__(self, path):
            self._path = path

        @property
        def name(self):
            return self._path.rpartition('/')[2]

        def _children(self):
            return _imp._library_list(self._path)

        def iterdir(self):
            for name in self._children():
                yield Path(f'{self._path}/{name}' if self._path else name)

        def is_dir(self):
            return bool(self._children())

        def is_file(self):
            return _imp._library_data(self._path) is not None

        def joinpath(self, *names):
            path = self._path
            for name in names:
                for part in str(name).split('/'):
                    if part and part != '.':
                        path = f'{path}/{part}' if path else part
            return Path(path)

        __truediv__ = joinpath

        def read_bytes(self):
            data = _imp._library_data(self._path)
            if data is None:
                raise FileNotFoundError(2, 'No such file or directory', str(self))
            return data

        def read_text(self, encoding=None, errors=None):
            with self.open('r', encoding=encoding, errors=errors) as f:
                return f.read()

        def open(self, mode='r', *args, **kwargs):
            stream = io.BytesIO(self.read_bytes())
            return stream if 'b' in mode else io.TextIOWrapper(stream, *args, **kwargs)

        def __str__(self):
            return f'{ROOT}/{self._path}'

        def __repr__(self):
            return f'Path({str(self)!r})'

    class Reader(TraversableResources):
        def files(self):
            return Path(loader._path.rpartition('/')[0])

    return Reader()


class Finder:
    """Finds the modules of one folder of the library."""

    def __init__(self, path):
        if path != ROOT and not path.startswith(ROOT + '/'):
            raise ImportError('only the embedded library is supported', path=path)
        self.path = path
        self._prefix = path[len(ROOT) + 1:] + '/' if path != ROOT else ''

    def __repr__(self):
        return f'EmbeddedFinder({self.path!r})'

    def find_spec(self, fullname, target=None):
        stem = self._prefix + fullname.rpartition('.')[2]
        for path, package in (f'{stem}/__init__.py', True), (f'{stem}.py', False):
            if _imp._library_has(path):
                break
        else:
            return None
        loader = Loader(fullname, path, package)
        spec = _bootstrap.ModuleSpec(fullname, loader, origin=loader.path, is_package=package)
        spec._set_fileattr = True
        if package:
            spec.submodule_search_locations.append(f'{ROOT}/{stem}')
        return spec

    def invalidate_caches(self):
        pass

    def iter_modules(self, prefix=''):
        for name in _imp._library_list(self._prefix.rstrip('/')):
            if name.endswith('.py') and name != '__init__.py':
                yield prefix + name[:-3], False
            elif _imp._library_has(f'{self._prefix}{name}/__init__.py'):
                yield prefix + name, True


def _zip_hook(path):
    if not path or not _external._path_isfile(path):
        raise ImportError('not a zip file', path=path)
    import zipimport
    return zipimport.zipimporter(path)


def _get_source(cls, fullname):
    path = _imp._frozen_path(fullname)
    data = path and _imp._library_data(path)
    return data and _external.decode_source(data)


def _install():
    sys.path_hooks[:0] = [Finder, _zip_hook]
    _bootstrap.FrozenImporter.get_source = classmethod(_get_source)
