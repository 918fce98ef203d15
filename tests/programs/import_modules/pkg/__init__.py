def __getattr__(name):
    if name == 'dyn': return 42
    raise AttributeError(f'no {name} here')
